import { Duration } from 'aws-cdk-lib';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as elb from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type * as route53 from 'aws-cdk-lib/aws-route53';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { Config } from '../../config/schema.js';

export interface LoadBalancerProps {
  readonly config: Config;
  readonly vpc: ec2.IVpc;
  readonly subnets: ec2.SubnetSelection;
  readonly group: ec2.ISecurityGroup;
  readonly zone: route53.IHostedZone;
  readonly names: readonly [string, ...string[]];
  readonly logs: s3.IBucket;
  /** Port 80 is open too, and does nothing but send clients to 443. */
  readonly redirectFromHttp: boolean;
}

/** A public load balancer that answers 403 to whatever no rule of its user matches. */
export class LoadBalancer extends Construct {
  readonly balancer: elb.ApplicationLoadBalancer;
  readonly listener: elb.ApplicationListener;

  constructor(scope: Construct, id: string, props: LoadBalancerProps) {
    super(scope, id);
    this.balancer = new elb.ApplicationLoadBalancer(this, 'Balancer', {
      vpc: props.vpc,
      vpcSubnets: props.subnets,
      internetFacing: true,
      securityGroup: props.group,
      deletionProtection: props.config.protectData,
      dropInvalidHeaderFields: true,
      desyncMitigationMode: elb.DesyncMitigationMode.STRICTEST,
      // Clients come back to the name every three minutes, and so leave a node that is ill.
      clientKeepAlive: Duration.seconds(180),
      idleTimeout: Duration.seconds(60),
    });
    this.balancer.logAccessLogs(props.logs, 'balancer');
    const [first, ...others] = props.names;
    const certificate = new acm.Certificate(this, 'Certificate', {
      domainName: first,
      subjectAlternativeNames: others,
      validation: acm.CertificateValidation.fromDns(props.zone),
    });
    this.listener = this.balancer.addListener('Https', {
      port: 443,
      open: false,
      certificates: [certificate],
      sslPolicy: elb.SslPolicy.RECOMMENDED_TLS,
      defaultAction: elb.ListenerAction.fixedResponse(403, {
        contentType: 'application/json',
        messageBody: '{"title":"Forbidden","status":403,"code":"forbidden"}',
      }),
    });
    if (props.redirectFromHttp)
      this.balancer.addListener('Http', {
        port: 80,
        open: false,
        defaultAction: elb.ListenerAction.redirect({
          protocol: 'HTTPS',
          port: '443',
          permanent: true,
        }),
      });
  }
}

/** Targets that share the load even when most of them look ill, instead of drowning the last. */
export function targetGroup(
  scope: Construct,
  id: string,
  vpc: ec2.IVpc,
  port: number,
  path: string,
): elb.ApplicationTargetGroup {
  return new elb.ApplicationTargetGroup(scope, id, {
    vpc,
    port,
    protocol: elb.ApplicationProtocol.HTTP,
    targetType: elb.TargetType.IP,
    deregistrationDelay: Duration.seconds(60),
    healthCheck: {
      path,
      interval: Duration.seconds(10),
      timeout: Duration.seconds(5),
      healthyThresholdCount: 2,
      unhealthyThresholdCount: 3,
    },
    targetGroupHealth: {
      routingMinimumHealthyTargetPercentage: 50,
      dnsMinimumHealthyTargetPercentage: 50,
    },
  });
}
