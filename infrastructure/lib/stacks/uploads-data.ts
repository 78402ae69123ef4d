import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as elasticache from 'aws-cdk-lib/aws-elasticache';
import type { Construct } from 'constructs';
import { AuroraPostgres } from '../constructs/aurora-postgres.js';
import { BackupPlan } from '../constructs/backup.js';
import type { SegmentedVpc } from '../constructs/segmented-vpc.js';
import { HoistStack, named, type HoistStackProps } from '../hoist-stack.js';
import { redisPort } from './uploads-network.js';

export interface UploadsDataProps extends HoistStackProps {
  readonly network: SegmentedVpc;
}

/** PostgreSQL, which decides, and Redis, which may be lost at any time. */
export class UploadsDataStack extends HoistStack {
  readonly database: AuroraPostgres;
  readonly cache: elasticache.CfnReplicationGroup;
  readonly cacheGroup: ec2.SecurityGroup;

  constructor(scope: Construct, id: string, props: UploadsDataProps) {
    super(scope, id, { ...props, stateful: true });
    const { vpc } = props.network;
    this.database = new AuroraPostgres(this, 'Database', {
      config: this.config,
      vpc,
      subnets: props.network.selection('data'),
      zones: this.availabilityZones,
      databaseName: 'hoist',
      clusterName: named(this.config, 'uploads'),
      instanceClass: this.config.uploads.databaseClass,
      readers: this.config.uploads.databaseReaders,
      rolePrefix: 'uploads',
    });
    this.cacheGroup = new ec2.SecurityGroup(this, 'CacheGroup', {
      vpc,
      allowAllOutbound: false,
      description: 'Redis: limits and wake-ups',
    });
    this.cache = this.redis(props.network);
    new BackupPlan(this, 'Backups', this.config, 'uploads', [
      this.database.cluster.attrDbClusterArn,
    ]);
  }

  private redis(network: SegmentedVpc): elasticache.CfnReplicationGroup {
    const subnets = new elasticache.CfnSubnetGroup(this, 'CacheSubnets', {
      description: 'Redis',
      subnetIds: network.tier('data').map((subnet) => subnet.subnetId),
    });
    const nodes = this.config.uploads.cacheNodes;
    return new elasticache.CfnReplicationGroup(this, 'Cache', {
      replicationGroupDescription: 'Hoist: limits and wake-ups',
      engine: 'redis',
      engineVersion: '7.1',
      cacheNodeType: this.config.uploads.cacheNode,
      numCacheClusters: nodes,
      automaticFailoverEnabled: nodes > 1,
      multiAzEnabled: nodes > 1,
      atRestEncryptionEnabled: true,
      transitEncryptionEnabled: true,
      transitEncryptionMode: 'required',
      port: redisPort,
      cacheSubnetGroupName: subnets.ref,
      securityGroupIds: [this.cacheGroup.securityGroupId],
      snapshotRetentionLimit: 7,
      snapshotWindow: '04:00-05:00',
      preferredMaintenanceWindow: 'sun:07:00-sun:08:00',
      autoMinorVersionUpgrade: true,
    });
  }
}
