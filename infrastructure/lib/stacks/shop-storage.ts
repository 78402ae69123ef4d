import { Aws } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { Site } from '../../config/schema.js';
import { privateBucket } from '../constructs/buckets.js';
import { BackupPlan } from '../constructs/backup.js';
import { allow, emptyRole } from '../constructs/roles.js';
import { HoistStack, named, regionOf, type HoistStackProps } from '../hoist-stack.js';

/**
 * Metadata of payments and of shipments, each in a bucket of its own that is replicated both ways,
 * and the two tables that outlive a region: the outbox, from which the metadata can be written
 * again, and the epoch, which says whose turn it is.
 */
export class ShopStorageStack extends HoistStack {
  readonly payments: s3.Bucket;
  readonly shipments: s3.Bucket;
  readonly outbox: dynamodb.ITableV2;
  readonly epoch: dynamodb.ITableV2;

  constructor(scope: Construct, id: string, props: HoistStackProps) {
    super(scope, id, { ...props, stateful: true });
    this.payments = this.metadata('payments');
    this.shipments = this.metadata('shipments');
    this.outbox = this.globalTable('Outbox', 'shop-outbox', 'order_id');
    this.epoch = this.globalTable('Epoch', 'region-epoch', 'scope');
    if (this.site === 'a')
      new BackupPlan(this, 'Backups', this.config, 'shop-storage', [
        this.outbox.tableArn,
        this.epoch.tableArn,
      ]);
  }

  /** Known to the other region without asking it. */
  private bucketName(what: string, site: Site): string {
    return `${named(this.config, what)}-${Aws.ACCOUNT_ID}-${site}`;
  }

  private metadata(what: string): s3.Bucket {
    const bucket = privateBucket(this, what, this.config, {
      bucketName: this.bucketName(what, this.site),
    });
    if (this.config.shop.replicateBuckets) this.replicate(bucket, what);
    return bucket;
  }

  // Fifteen minutes are what S3 promises, and more than the ten that may be lost: the outbox, not
  // this rule, is what keeps that promise. The rule keeps both buckets readable.
  private replicate(bucket: s3.Bucket, what: string): void {
    const other: Site = this.site === 'a' ? 'b' : 'a';
    const target = `arn:${Aws.PARTITION}:s3:::${this.bucketName(what, other)}`;
    const role = emptyRole(
      this,
      `${what}Replicator`,
      `shop-${what}-replicator`,
      's3.amazonaws.com',
    );
    allow(role, ['s3:GetReplicationConfiguration', 's3:ListBucket'], [bucket.bucketArn]);
    allow(
      role,
      ['s3:GetObjectVersionAcl', 's3:GetObjectVersionForReplication', 's3:GetObjectVersionTagging'],
      [bucket.arnForObjects('*')],
    );
    allow(role, ['s3:ReplicateDelete', 's3:ReplicateObject', 's3:ReplicateTags'], [`${target}/*`]);
    const quarterHour = { status: 'Enabled', time: { minutes: 15 } };
    (bucket.node.defaultChild as s3.CfnBucket).replicationConfiguration = {
      role: role.roleArn,
      rules: [
        {
          id: 'to-the-other-region',
          status: 'Enabled',
          priority: 1,
          filter: { prefix: '' },
          deleteMarkerReplication: { status: 'Enabled' },
          destination: {
            bucket: target,
            replicationTime: quarterHour,
            metrics: { status: 'Enabled', eventThreshold: { minutes: 15 } },
          },
        },
      ],
    };
  }

  private globalTable(id: string, what: string, key: string): dynamodb.ITableV2 {
    const tableName = named(this.config, what);
    if (this.site === 'b') return dynamodb.TableV2.fromTableName(this, id, tableName);
    return new dynamodb.TableV2(this, id, {
      tableName,
      partitionKey: { name: key, type: dynamodb.AttributeType.STRING },
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: this.config.protectData,
      replicas: [
        {
          region: regionOf(this.config, 'b').name,
          deletionProtection: this.config.protectData,
        },
      ],
    });
  }
}
