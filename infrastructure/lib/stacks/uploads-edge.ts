import {
  ArnFormat,
  CfnOutput,
  Duration,
  ReferenceStrength,
  RemovalPolicy,
  SecretValue,
  Stack,
} from 'aws-cdk-lib';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import * as origins from 'aws-cdk-lib/aws-cloudfront-origins';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as route53 from 'aws-cdk-lib/aws-route53';
import * as targets from 'aws-cdk-lib/aws-route53-targets';
import * as wafv2 from 'aws-cdk-lib/aws-wafv2';
import type { Construct } from 'constructs';
import { privateBucket } from '../constructs/buckets.js';
import { HoistStack, named, type HoistStackProps } from '../hoist-stack.js';
import * as s3 from 'aws-cdk-lib/aws-s3';

export interface UploadsEdgeProps extends HoistStackProps {
  readonly zone: route53.IHostedZone;
}

/** CloudFront and its web ACL, in the region where CloudFront wants them. */
export class UploadsEdgeStack extends HoistStack {
  constructor(scope: Construct, id: string, props: UploadsEdgeProps) {
    super(scope, id, { ...props, region: props.config.edgeRegion });
    const name = `uploads.${this.config.domain}`;
    const zone = route53.PublicHostedZone.fromHostedZoneAttributes(this, 'Zone', {
      zoneName: this.config.domain,
      hostedZoneId: Stack.consumeReference(props.zone.hostedZoneId, ReferenceStrength.WEAK),
    });
    const acl = this.webAcl();
    this.logBlocked(acl);
    const distribution = new cloudfront.Distribution(this, 'Edge', {
      comment: `Hoist upload API, ${this.config.environment}`,
      domainNames: [name],
      certificate: new acm.Certificate(this, 'Certificate', {
        domainName: name,
        validation: acm.CertificateValidation.fromDns(zone),
      }),
      minimumProtocolVersion: cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021,
      httpVersion: cloudfront.HttpVersion.HTTP2_AND_3,
      webAclId: acl.attrArn,
      enableLogging: true,
      logBucket: this.logs(),
      defaultBehavior: {
        origin: this.origin(),
        allowedMethods: cloudfront.AllowedMethods.ALLOW_ALL,
        cachePolicy: cloudfront.CachePolicy.CACHING_DISABLED,
        originRequestPolicy: cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
        responseHeadersPolicy: cloudfront.ResponseHeadersPolicy.SECURITY_HEADERS,
        viewerProtocolPolicy: cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
      },
    });
    new route53.ARecord(this, 'Name', {
      zone,
      recordName: name,
      target: route53.RecordTarget.fromAlias(new targets.CloudFrontTarget(distribution)),
    });
    new CfnOutput(this, 'Url', { value: `https://${name}` });
  }

  private origin(): cloudfront.IOrigin {
    const secret = SecretValue.secretsManager(named(this.config, 'uploads-edge'));
    return new origins.HttpOrigin(`origin.uploads.${this.config.domain}`, {
      protocolPolicy: cloudfront.OriginProtocolPolicy.HTTPS_ONLY,
      originSslProtocols: [cloudfront.OriginSslPolicy.TLS_V1_2],
      readTimeout: Duration.seconds(60),
      customHeaders: { 'x-hoist-edge': secret.unsafeUnwrap() },
    });
  }

  private logs(): s3.Bucket {
    return privateBucket(this, 'Logs', this.config, {
      // CloudFront still writes its logs by access list.
      objectOwnership: s3.ObjectOwnership.OBJECT_WRITER,
      lifecycleRules: [{ id: 'old-logs', expiration: Duration.days(90) }],
    });
  }

  // The firewall's log has to have a name that begins so.
  private logBlocked(acl: wafv2.CfnWebACL): void {
    const log = new logs.LogGroup(this, 'WebAclLog', {
      logGroupName: `aws-waf-logs-${named(this.config, 'uploads')}`,
      retention: this.config.logRetentionDays as logs.RetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    new wafv2.CfnLoggingConfiguration(this, 'WebAclLogging', {
      resourceArn: acl.attrArn,
      logDestinationConfigs: [
        this.formatArn({
          service: 'logs',
          resource: 'log-group',
          resourceName: log.logGroupName,
          arnFormat: ArnFormat.COLON_RESOURCE_NAME,
        }),
      ],
      loggingFilter: {
        DefaultBehavior: 'DROP',
        Filters: [
          {
            Behavior: 'KEEP',
            Requirement: 'MEETS_ANY',
            Conditions: [{ ActionCondition: { Action: 'BLOCK' } }],
          },
        ],
      },
    });
  }

  // 1,000 requests a minute from an address; what AWS knows to be bad; nothing else is judged here.
  private webAcl(): wafv2.CfnWebACL {
    const visible = (metricName: string): wafv2.CfnWebACL.VisibilityConfigProperty => ({
      cloudWatchMetricsEnabled: true,
      sampledRequestsEnabled: true,
      metricName,
    });
    const managed = (name: string, priority: number): wafv2.CfnWebACL.RuleProperty => ({
      name,
      priority,
      statement: { managedRuleGroupStatement: { vendorName: 'AWS', name } },
      overrideAction: { none: {} },
      visibilityConfig: visible(name),
    });
    return new wafv2.CfnWebACL(this, 'WebAcl', {
      scope: 'CLOUDFRONT',
      defaultAction: { allow: {} },
      visibilityConfig: visible('hoist-uploads'),
      rules: [
        {
          name: 'RequestsPerAddress',
          priority: 0,
          action: { block: { customResponse: { responseCode: 429 } } },
          statement: {
            rateBasedStatement: { limit: 1000, evaluationWindowSec: 60, aggregateKeyType: 'IP' },
          },
          visibilityConfig: visible('RequestsPerAddress'),
        },
        managed('AWSManagedRulesAmazonIpReputationList', 1),
        managed('AWSManagedRulesKnownBadInputsRuleSet', 2),
        managed('AWSManagedRulesCommonRuleSet', 3),
      ],
    });
  }
}
