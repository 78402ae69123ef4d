import { RemovalPolicy } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as rds from 'aws-cdk-lib/aws-rds';
import { Construct } from 'constructs';
import type { Config } from '../../config/schema.js';
import { emptyRole } from './roles.js';
import * as iam from 'aws-cdk-lib/aws-iam';

export interface AuroraPostgresProps {
  readonly config: Config;
  readonly vpc: ec2.IVpc;
  readonly subnets: ec2.SubnetSelection;
  readonly zones: readonly string[];
  readonly databaseName: string;
  readonly clusterName: string;
  readonly instanceClass: string;
  readonly readers: number;
  readonly rolePrefix: string;
  /** Joins this global cluster as its second region instead of starting a database of its own. */
  readonly secondaryOf?: string;
}

/** Both regions and both products run exactly this: a managed switch refuses unequal versions. */
export const auroraVersion = '17.7';
export const postgresPort = 5432;

/**
 * An Aurora PostgreSQL cluster without a password anywhere: programs log in with IAM tokens, and
 * the first administrator's password is made and rotated by RDS itself. Written with the plain
 * resources, because the library's cluster always makes a secret that a second region cannot use.
 */
export class AuroraPostgres extends Construct {
  readonly cluster: rds.CfnDBCluster;
  readonly group: ec2.SecurityGroup;
  readonly instances: rds.CfnDBInstance[];
  private readonly props: AuroraPostgresProps;

  constructor(scope: Construct, id: string, props: AuroraPostgresProps) {
    super(scope, id);
    this.props = props;
    this.group = new ec2.SecurityGroup(this, 'Group', {
      vpc: props.vpc,
      allowAllOutbound: false,
      description: `${props.databaseName} database`,
    });
    this.cluster = this.makeCluster();
    this.instances = this.makeInstances();
    const { protectData } = props.config;
    this.cluster.applyRemovalPolicy(protectData ? RemovalPolicy.SNAPSHOT : RemovalPolicy.DESTROY);
  }

  private makeCluster(): rds.CfnDBCluster {
    const { props } = this;
    const subnets = new rds.SubnetGroup(this, 'Subnets', {
      vpc: props.vpc,
      vpcSubnets: props.subnets,
      description: `${props.databaseName} database`,
    });
    const key = new kms.Key(this, 'Key', {
      enableKeyRotation: true,
      description: `${props.databaseName} database`,
      removalPolicy: props.config.protectData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    const parameters = new rds.CfnDBClusterParameterGroup(this, 'Parameters', {
      family: `aurora-postgresql${auroraVersion.split('.')[0]}`,
      description: 'TLS only; slow statements are logged',
      parameters: { 'rds.force_ssl': '1', log_min_duration_statement: '500' },
    });
    return new rds.CfnDBCluster(this, 'Cluster', {
      engine: 'aurora-postgresql',
      engineVersion: auroraVersion,
      dbClusterIdentifier: props.clusterName,
      dbSubnetGroupName: subnets.subnetGroupName,
      dbClusterParameterGroupName: parameters.ref,
      vpcSecurityGroupIds: [this.group.securityGroupId],
      availabilityZones: [...props.zones],
      port: postgresPort,
      storageEncrypted: true,
      kmsKeyId: key.keyArn,
      enableIamDatabaseAuthentication: true,
      enableCloudwatchLogsExports: ['postgresql'],
      deletionProtection: props.config.protectData,
      copyTagsToSnapshot: true,
      backupRetentionPeriod: 35,
      preferredBackupWindow: '05:00-06:00',
      preferredMaintenanceWindow: 'sun:06:30-sun:07:30',
      ...(props.secondaryOf
        ? { globalClusterIdentifier: props.secondaryOf }
        : {
            databaseName: props.databaseName,
            masterUsername: 'administrator',
            manageMasterUserPassword: true,
          }),
    });
  }

  // The writer and its readers, each in another zone; any reader may become the writer.
  private makeInstances(): rds.CfnDBInstance[] {
    const { props } = this;
    const monitor = emptyRole(
      this,
      'Monitor',
      `${props.rolePrefix}-database-monitor`,
      'monitoring.rds.amazonaws.com',
    );
    monitor.addManagedPolicy(
      iam.ManagedPolicy.fromAwsManagedPolicyName('service-role/AmazonRDSEnhancedMonitoringRole'),
    );
    return Array.from({ length: 1 + props.readers }, (_, index) => {
      return new rds.CfnDBInstance(this, `Instance${index}`, {
        engine: 'aurora-postgresql',
        dbClusterIdentifier: this.cluster.ref,
        dbInstanceClass: `db.${props.instanceClass}`,
        availabilityZone: props.zones[index % props.zones.length],
        promotionTier: index === 0 ? 0 : 1,
        autoMinorVersionUpgrade: false,
        publiclyAccessible: false,
        enablePerformanceInsights: true,
        monitoringInterval: 60,
        monitoringRoleArn: monitor.roleArn,
        caCertificateIdentifier: 'rds-ca-rsa2048-g1',
      });
    });
  }

  /** What a program needs to log in as this user, and nothing more. */
  loginArn(user: string): string {
    const { partition, region, account } = this.cluster.stack;
    const id = this.cluster.attrDbClusterResourceId;
    return `arn:${partition}:rds-db:${region}:${account}:dbuser:${id}/${user}`;
  }
}

/** Without a password: the login is an IAM token. */
export function databaseUrl(login: string, host: string, name: string): string {
  return `postgresql://${login}@${host}:${postgresPort}/${name}?sslmode=verify-full`;
}
