import { Duration } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as guardduty from 'aws-cdk-lib/aws-guardduty';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { privateBucket } from '../constructs/buckets.js';
import { allow, emptyRole } from '../constructs/roles.js';
import { HoistStack, type HoistStackProps } from '../hoist-stack.js';

const scanTag = 'GuardDutyMalwareScanStatus';

/** Where files arrive, and how their arrival reaches the workers. */
export class UploadsStorageStack extends HoistStack {
  readonly files: s3.Bucket;
  readonly quarantine: s3.Bucket;
  readonly arrivals: sqs.Queue;
  readonly deadLetters: sqs.Queue;

  constructor(scope: Construct, id: string, props: HoistStackProps) {
    super(scope, id, { ...props, stateful: true });
    const logs = privateBucket(this, 'AccessLogs', this.config, {
      lifecycleRules: [{ id: 'old-logs', expiration: Duration.days(90) }],
    });
    this.files = this.fileBucket(logs);
    this.quarantine = privateBucket(this, 'Quarantine', this.config, {
      serverAccessLogsBucket: logs,
      serverAccessLogsPrefix: 'quarantine/',
      lifecycleRules: [{ id: 'infected-files', expiration: Duration.days(90) }],
    });
    this.guardSignatures();
    this.deadLetters = this.queue('DeadLetters', {});
    this.arrivals = this.queue('Arrivals', {
      visibilityTimeout: Duration.minutes(15),
      receiveMessageWaitTime: Duration.seconds(20),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: 3 },
    });
    this.routeArrivals();
    if (this.config.uploads.guardDuty) this.scanFiles();
  }

  private fileBucket(logs: s3.IBucket): s3.Bucket {
    const files = privateBucket(this, 'Files', this.config, {
      transferAcceleration: true,
      serverAccessLogsBucket: logs,
      serverAccessLogsPrefix: 'files/',
      cors: [
        {
          allowedOrigins: this.config.uploads.corsOrigins,
          allowedMethods: [s3.HttpMethods.GET, s3.HttpMethods.PUT],
          allowedHeaders: ['content-type', 'if-none-match', 'x-amz-*'],
          exposedHeaders: ['ETag'],
          maxAge: 3600,
        },
      ],
      lifecycleRules: [
        {
          id: 'rarely-read-after-a-quarter',
          transitions: [
            {
              storageClass: s3.StorageClass.INTELLIGENT_TIERING,
              transitionAfter: Duration.days(90),
            },
          ],
        },
      ],
    });
    // Set on the resource: the library's own switch adds a helper function and its role.
    const resource = files.node.defaultChild as s3.CfnBucket;
    resource.addPropertyOverride(
      'NotificationConfiguration.EventBridgeConfiguration.EventBridgeEnabled',
      true,
    );
    return files;
  }

  // What storage itself refuses, whoever signed it.
  private guardSignatures(): void {
    this.deny('UrlOlderThan15Minutes', ['s3:*'], {
      NumericGreaterThan: { 's3:signatureAge': '900000' },
    });
    this.deny('OldSignature', ['s3:*'], {
      StringNotEquals: { 's3:signatureversion': 'AWS4-HMAC-SHA256' },
    });
    this.deny('ReplaceAFile', ['s3:PutObject'], {
      Null: { 's3:if-none-match': 'true' },
      Bool: { 's3:ObjectCreationOperation': 'true' },
    });
  }

  private queue(id: string, props: sqs.QueueProps): sqs.Queue {
    return new sqs.Queue(this, id, {
      encryption: sqs.QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
      ...props,
    });
  }

  private routeArrivals(): void {
    new events.Rule(this, 'Arrived', {
      description: 'a file arrived: tell the workers',
      eventPattern: {
        source: ['aws.s3'],
        detailType: ['Object Created'],
        detail: {
          bucket: { name: [this.files.bucketName] },
          object: { key: [{ wildcard: '*/uploads/*' }] },
        },
      },
      targets: [
        new targets.SqsQueue(this.arrivals, {
          deadLetterQueue: this.deadLetters,
          maxEventAge: Duration.hours(24),
          retryAttempts: 185,
        }),
      ],
    });
  }

  // Scans every new file and tags it; only a file with the clean tag can be read, and only the
  // scanner can write the tag. A file is readable before its scan otherwise.
  private scanFiles(): void {
    const role = emptyRole(
      this,
      'ScannerRole',
      'uploads-malware-scanner',
      'malware-protection-plan.guardduty.amazonaws.com',
    );
    allow(role, scannerObjectActions, [this.files.arnForObjects('*')]);
    allow(role, scannerBucketActions, [this.files.bucketArn]);
    allow(role, scannerRuleActions, [
      this.formatArn({
        service: 'events',
        resource: 'rule',
        resourceName: 'DO-NOT-DELETE-AmazonGuardDutyMalwareProtectionS3*',
      }),
    ]);
    new guardduty.CfnMalwareProtectionPlan(this, 'Scanner', {
      role: role.roleArn,
      protectedResource: { s3Bucket: { bucketName: this.files.bucketName } },
      actions: { tagging: { status: 'ENABLED' } },
    });
    const except = { ArnNotEquals: { 'aws:PrincipalArn': role.roleArn } };
    this.deny('ForgeACleanScan', ['s3:PutObjectTagging'], {
      ...except,
      'ForAnyValue:StringEquals': { 's3:RequestObjectTagKeys': scanTag },
    });
    this.deny('ReadBeforeCleanScan', ['s3:GetObject', 's3:GetObjectVersion'], {
      ...except,
      StringNotEquals: { [`s3:ExistingObjectTag/${scanTag}`]: 'NO_THREATS_FOUND' },
    });
  }

  private deny(sid: string, actions: string[], conditions: Record<string, unknown>): void {
    this.files.addToResourcePolicy(
      new iam.PolicyStatement({
        sid,
        effect: iam.Effect.DENY,
        principals: [new iam.AnyPrincipal()],
        actions,
        resources: [this.files.arnForObjects('*')],
        conditions,
      }),
    );
  }
}

const scannerObjectActions = [
  's3:GetObject',
  's3:GetObjectTagging',
  's3:GetObjectVersion',
  's3:GetObjectVersionTagging',
  's3:PutObject',
  's3:PutObjectTagging',
  's3:PutObjectVersionTagging',
];
const scannerBucketActions = [
  's3:GetBucketNotification',
  's3:ListBucket',
  's3:PutBucketNotification',
];
const scannerRuleActions = [
  'events:DeleteRule',
  'events:DescribeRule',
  'events:ListTargetsByRule',
  'events:PutRule',
  'events:PutTargets',
  'events:RemoveTargets',
];
