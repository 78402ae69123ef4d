import { CfnOutput, Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as apigateway from 'aws-cdk-lib/aws-apigateway';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as rds from 'aws-cdk-lib/aws-rds';
import * as secrets from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { AlarmTopic, addAlarm } from '../constructs/alarms.js';
import { addFlowLog } from '../constructs/flow-log.js';
import { HoistFunction, type Artefact } from '../constructs/hoist-function.js';
import { hoistLog } from '../constructs/log-group.js';
import { allow } from '../constructs/roles.js';
import { SegmentedVpc, type Flow } from '../constructs/segmented-vpc.js';
import { HoistStack, named, regionOf, type HoistStackProps } from '../hoist-stack.js';

const sqlPort = 1433;
const flows: Flow[] = [
  { from: 'function', to: 'data', ports: [sqlPort] },
  { from: 'function', to: 'endpoints', ports: [443] },
  { from: 'function', to: 'aws', ports: [443] },
];

/** What outlives the events API: its network, SQL Server, the table of details, their secret. */
export class EventsDataStack extends HoistStack {
  readonly network: SegmentedVpc;
  readonly databaseGroup: ec2.SecurityGroup;
  readonly endpointGroup: ec2.SecurityGroup;
  readonly database: rds.CfnDBInstance;
  readonly details: dynamodb.TableV2;
  readonly login: secrets.Secret;

  constructor(scope: Construct, id: string, props: HoistStackProps) {
    super(scope, id, { ...props, stateful: true });
    this.network = new SegmentedVpc(this, 'Network', {
      cidr: this.config.network.events,
      tiers: ['function', 'data', 'endpoints'],
      publicTiers: [],
      flows,
      natGateways: 0,
    });
    addFlowLog(this, this.network.vpc, this.config, 'events');
    this.databaseGroup = this.group('DatabaseGroup', 'SQL Server');
    this.endpointGroup = this.group('EndpointGroup', 'interface endpoints');
    this.network.vpc.addGatewayEndpoint('Tables', {
      service: ec2.GatewayVpcEndpointAwsService.DYNAMODB,
      subnets: [this.network.selection('function')],
    });
    this.network.vpc.addInterfaceEndpoint('Secrets', {
      service: ec2.InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
      subnets: this.network.selection('endpoints'),
      securityGroups: [this.endpointGroup],
      open: false,
    });
    this.database = this.sqlServer();
    this.details = this.detailTable();
    this.login = new secrets.Secret(this, 'Login', {
      description:
        'login of the events API; `hoist migrate` makes the user and gives it its rights',
      generateSecretString: {
        secretStringTemplate: JSON.stringify({ username: 'hoist_events' }),
        generateStringKey: 'password',
        passwordLength: 40,
        excludeCharacters: ';{}"\'@/\\',
      },
    });
  }

  private group(id: string, description: string): ec2.SecurityGroup {
    const { vpc } = this.network;
    return new ec2.SecurityGroup(this, id, { vpc, allowAllOutbound: false, description });
  }

  private sqlServer(): rds.CfnDBInstance {
    const { events, protectData } = this.config;
    const subnets = new rds.SubnetGroup(this, 'Subnets', {
      vpc: this.network.vpc,
      vpcSubnets: this.network.selection('data'),
      description: 'event index',
    });
    const key = new kms.Key(this, 'Key', {
      enableKeyRotation: true,
      description: 'event index',
      removalPolicy: protectData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    const database = new rds.CfnDBInstance(this, 'Index', {
      engine: events.databaseEdition,
      engineVersion: '16.00.4265.3.v1',
      licenseModel: 'license-included',
      dbInstanceClass: `db.${events.databaseClass}`,
      allocatedStorage: String(events.storageGb),
      maxAllocatedStorage: events.storageGb * 5,
      storageType: 'gp3',
      storageEncrypted: true,
      kmsKeyId: key.keyArn,
      masterUsername: 'administrator',
      manageMasterUserPassword: true,
      multiAz: events.multiAz,
      dbSubnetGroupName: subnets.subnetGroupName,
      vpcSecurityGroups: [this.databaseGroup.securityGroupId],
      port: String(sqlPort),
      publiclyAccessible: false,
      deletionProtection: protectData,
      backupRetentionPeriod: 35,
      copyTagsToSnapshot: true,
      autoMinorVersionUpgrade: true,
      enableCloudwatchLogsExports: ['error'],
      caCertificateIdentifier: 'rds-ca-rsa2048-g1',
    });
    database.applyRemovalPolicy(protectData ? RemovalPolicy.SNAPSHOT : RemovalPolicy.DESTROY);
    return database;
  }

  private detailTable(): dynamodb.TableV2 {
    return new dynamodb.TableV2(this, 'Details', {
      tableName: named(this.config, 'event-details'),
      // deploy/event_details_table.json, which a test holds equal to this.
      partitionKey: { name: 'eventId', type: dynamodb.AttributeType.STRING },
      sortKey: { name: 'tenant', type: dynamodb.AttributeType.STRING },
      globalSecondaryIndexes: [
        {
          indexName: 'byTenant',
          partitionKey: { name: 'keptFor', type: dynamodb.AttributeType.STRING },
          sortKey: { name: 'eventId', type: dynamodb.AttributeType.STRING },
          projectionType: dynamodb.ProjectionType.KEYS_ONLY,
        },
      ],
      timeToLiveAttribute: 'expiresAt',
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: this.config.protectData,
      removalPolicy: this.config.protectData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
      replicas: [
        {
          region: regionOf(this.config, 'b').name,
          deletionProtection: this.config.protectData,
        },
      ],
    });
  }
}

export interface EventsApiProps extends HoistStackProps {
  readonly data: EventsDataStack;
  readonly artefact: Artefact;
}

/** POST /events and GET /events/{userId}. sam/template.yaml is this stack and its data in one. */
export class EventsApiStack extends HoistStack {
  constructor(scope: Construct, id: string, props: EventsApiProps) {
    super(scope, id, props);
    const { data } = props;
    const fn = this.handler(props);
    const api = this.restApi(fn);
    const { topic } = new AlarmTopic(this, 'Alarms', this.config);
    const minute = { period: Duration.minutes(1) };
    addAlarm(this, 'Errors', topic, {
      metric: fn.fn.metricErrors(minute),
      threshold: 1,
      what: 'the events function failed',
    });
    addAlarm(this, 'Throttles', topic, {
      metric: fn.fn.metricThrottles(minute),
      threshold: 1,
      what: 'the events function is throttled',
    });
    addAlarm(this, 'ServerErrors', topic, {
      metric: api.metricServerError(minute),
      threshold: 1,
      periods: 2,
      what: 'the events API answers 5xx',
    });
    allow(fn.role, ['secretsmanager:GetSecretValue'], [data.login.secretArn]);
    allow(fn.role, ['dynamodb:BatchGetItem', 'dynamodb:PutItem'], [data.details.tableArn]);
    new CfnOutput(this, 'Url', { value: api.url });
  }

  private handler(props: EventsApiProps): HoistFunction {
    const { data } = props;
    const { vpc } = data.network;
    const group = new ec2.SecurityGroup(this, 'FunctionGroup', {
      vpc,
      allowAllOutbound: false,
      description: 'events function: nothing comes in',
    });
    group.addEgressRule(ec2.Peer.anyIpv4(), ec2.Port.tcp(443), 'DynamoDB by its gateway');
    this.connect(group, data.databaseGroup, sqlPort, 'Database');
    this.connect(group, data.endpointGroup, 443, 'Endpoints');
    return new HoistFunction(this, 'Events', {
      config: this.config,
      artefact: props.artefact,
      role: 'events-api',
      logGroup: hoistLog(this, 'ApiLog', this.config, 'events/api'),
      timeoutSeconds: 20,
      memoryMb: 512,
      environment: {
        HOIST_EVENTS_INDEX_HOST: data.database.attrEndpointAddress,
        HOIST_EVENTS_INDEX_PORT: String(sqlPort),
        HOIST_EVENTS_INDEX_SECRET: data.login.secretArn,
        HOIST_EVENTS_DETAILS_TABLE: data.details.tableName,
        HOIST_SERVER_CORS_ORIGINS: this.config.events.corsOrigins.join(','),
      },
      network: { vpc, subnets: data.network.selection('function'), group },
    });
  }

  private connect(
    from: ec2.SecurityGroup,
    to: ec2.SecurityGroup,
    port: number,
    what: string,
  ): void {
    const range = { ipProtocol: 'tcp', fromPort: port, toPort: port };
    new ec2.CfnSecurityGroupEgress(this, `To${what}`, {
      ...range,
      groupId: from.securityGroupId,
      destinationSecurityGroupId: to.securityGroupId,
    });
    new ec2.CfnSecurityGroupIngress(this, `${what}In`, {
      ...range,
      groupId: to.securityGroupId,
      sourceSecurityGroupId: from.securityGroupId,
      description: 'events function',
    });
  }

  private restApi(fn: HoistFunction): apigateway.RestApi {
    const api = new apigateway.RestApi(this, 'Rest', {
      restApiName: named(this.config, 'events'),
      cloudWatchRole: false,
      endpointTypes: [apigateway.EndpointType.REGIONAL],
      defaultCorsPreflightOptions: {
        allowOrigins: this.config.events.corsOrigins,
        allowMethods: ['GET', 'POST'],
        allowHeaders: ['Content-Type', 'Idempotency-Key', 'X-Api-Key'],
      },
      deployOptions: {
        stageName: this.config.environment,
        throttlingRateLimit: 100,
        throttlingBurstLimit: 200,
        metricsEnabled: true,
        tracingEnabled: true,
        accessLogDestination: new apigateway.LogGroupLogDestination(
          hoistLog(this, 'AccessLog', this.config, 'events/access'),
        ),
        accessLogFormat: apigateway.AccessLogFormat.jsonWithStandardFields(),
      },
    });
    const integration = new apigateway.LambdaIntegration(fn.fn);
    const options = { apiKeyRequired: true };
    const events = api.root.addResource('events');
    events.addMethod('POST', integration, options);
    events.addResource('{userId}').addMethod('GET', integration, options);
    const plan = api.addUsagePlan('Plan', {
      throttle: { rateLimit: 100, burstLimit: 200 },
      apiStages: [{ api, stage: api.deploymentStage }],
    });
    plan.addApiKey(api.addApiKey('Key'));
    return api;
  }
}
