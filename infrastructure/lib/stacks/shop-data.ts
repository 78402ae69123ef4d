import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as rds from 'aws-cdk-lib/aws-rds';
import type { Construct } from 'constructs';
import { AlarmTopic, addAlarm } from '../constructs/alarms.js';
import { AuroraPostgres } from '../constructs/aurora-postgres.js';
import { BackupPlan } from '../constructs/backup.js';
import type { SegmentedVpc } from '../constructs/segmented-vpc.js';
import { HoistStack, named, type HoistStackProps } from '../hoist-stack.js';

export interface ShopDataProps extends HoistStackProps {
  readonly network: SegmentedVpc;
}

/** The one PostgreSQL of the three tiers: a writer and readers here, as many ready over there. */
export class ShopDataStack extends HoistStack {
  readonly database: AuroraPostgres;

  constructor(scope: Construct, id: string, props: ShopDataProps) {
    super(scope, id, { ...props, stateful: true });
    const globalName = named(this.config, 'shop');
    this.database = new AuroraPostgres(this, 'Database', {
      config: this.config,
      vpc: props.network.vpc,
      subnets: props.network.selection('data'),
      zones: this.availabilityZones,
      databaseName: 'shop',
      clusterName: shopCluster(this.config.environment, this.site),
      instanceClass: this.config.shop.databaseClass,
      readers: this.config.shop.databaseReaders,
      rolePrefix: 'shop',
      ...(this.site === 'b' ? { secondaryOf: globalName } : {}),
    });
    // Made from the cluster that exists, and deleted before it: the other order leaves clusters
    // that can be neither joined nor deleted.
    if (this.site === 'a')
      new rds.CfnGlobalCluster(this, 'Global', {
        globalClusterIdentifier: globalName,
        sourceDbClusterIdentifier: this.database.cluster.attrDbClusterArn,
        deletionProtection: this.config.protectData,
      });
    new BackupPlan(this, 'Backups', this.config, 'shop', [this.database.cluster.attrDbClusterArn]);
    this.lag();
  }

  private lag(): void {
    const { topic } = new AlarmTopic(this, 'Alarms', this.config);
    const metric = new cloudwatch.Metric({
      namespace: 'AWS/RDS',
      metricName: 'AuroraGlobalDBProgressLag',
      dimensionsMap: { DBClusterIdentifier: this.database.cluster.ref },
      statistic: 'Maximum',
      period: Duration.minutes(1),
    });
    addAlarm(this, 'LagWarning', topic, {
      metric,
      threshold: 2000,
      periods: 3,
      what: 'the other region is more than 2 s behind',
    });
    addAlarm(this, 'LagPage', topic, {
      metric,
      threshold: 30000,
      periods: 2,
      what: 'the other region is more than 30 s behind: a failover now would lose that much',
    });
  }
}

export const shopCluster = (environment: string, site: string): string =>
  `hoist-shop-${environment}-${site}`;
