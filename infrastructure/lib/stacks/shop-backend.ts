import * as apigateway from 'aws-cdk-lib/aws-apigateway';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { databaseUrl, postgresPort } from '../constructs/aurora-postgres.js';
import { HoistFunction, type Artefact } from '../constructs/hoist-function.js';
import { hoistLog } from '../constructs/log-group.js';
import { allow } from '../constructs/roles.js';
import { HoistStack, named, type HoistStackProps } from '../hoist-stack.js';
import type { ShopDataStack } from './shop-data.js';
import type { ShopNetworkStack } from './shop-network.js';
import type { ShopStorageStack } from './shop-storage.js';

export interface ShopBackendProps extends HoistStackProps {
  readonly artefact: Artefact;
  readonly networkStack: ShopNetworkStack;
  readonly storage: ShopStorageStack;
  readonly data: ShopDataStack;
}

export type BackendApp = 'payments' | 'products' | 'shipping';
export const productsFunction = 'shop-products';

/** Three functions without an open port, each behind an API that only this network can call. */
export class ShopBackendStack extends HoistStack {
  readonly apis: Record<BackendApp, apigateway.RestApi>;
  private readonly props: ShopBackendProps;
  private readonly accessLog: logs.LogGroup;

  constructor(scope: Construct, id: string, props: ShopBackendProps) {
    super(scope, id, props);
    this.props = props;
    this.accessLog = this.log('access');
    this.apis = {
      payments: this.payments(),
      products: this.products(),
      shipping: this.shipping(),
    };
  }

  private log(what: string): logs.LogGroup {
    return hoistLog(this, `${what}Log`, this.config, `shop/${what}`);
  }

  private app(app: BackendApp, environment: Record<string, string>): App {
    const { network } = this.props.networkStack;
    const group = new ec2.SecurityGroup(this, `${app}Group`, {
      vpc: network.vpc,
      allowAllOutbound: false,
      description: `${app}: nothing comes in`,
    });
    const { fn, role } = new HoistFunction(this, app, {
      config: this.config,
      artefact: this.props.artefact,
      role: `shop-${app}`,
      logGroup: this.log(app),
      timeoutSeconds: 15,
      memoryMb: 512,
      reservedConcurrency: 50,
      environment,
      network: { vpc: network.vpc, subnets: network.selection('backend'), group },
    });
    return { group, role, api: this.privateApi(app, new apigateway.LambdaIntegration(fn)) };
  }

  private payments(): apigateway.RestApi {
    const { storage } = this.props;
    const { group, role, api } = this.app('payments', {
      HOIST_SHOP_METADATA_BUCKET: storage.payments.bucketName,
      HOIST_SHOP_OUTBOX_TABLE: storage.outbox.tableName,
      HOIST_SHOP_EPOCH_TABLE: storage.epoch.tableName,
      HOIST_SHOP_SITE: this.site,
    });
    this.metadataRights(role, storage.payments.arnForObjects('*'));
    group.addEgressRule(ec2.Peer.anyIpv4(), ec2.Port.tcp(443), 'payment providers, S3, DynamoDB');
    return api;
  }

  private shipping(): apigateway.RestApi {
    const { storage } = this.props;
    const { group, role, api } = this.app('shipping', {
      HOIST_SHOP_METADATA_BUCKET: storage.shipments.bucketName,
      HOIST_SHOP_OUTBOX_TABLE: storage.outbox.tableName,
      HOIST_SHOP_EPOCH_TABLE: storage.epoch.tableName,
      HOIST_SHOP_SITE: this.site,
    });
    this.metadataRights(role, storage.shipments.arnForObjects('*'));
    group.addEgressRule(ec2.Peer.anyIpv4(), ec2.Port.tcp(443), 'carriers, S3, DynamoDB');
    return api;
  }

  private metadataRights(role: iam.IRole, objects: string): void {
    const { storage } = this.props;
    allow(role, ['s3:GetObject', 's3:PutObject'], [objects]);
    allow(
      role,
      ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'],
      [storage.outbox.tableArn],
    );
    allow(role, ['dynamodb:GetItem'], [storage.epoch.tableArn]);
  }

  // The only one with a way to the database, and with no way to anywhere else.
  private products(): apigateway.RestApi {
    const { database } = this.props.data;
    const { group, role, api } = this.app('products', {
      HOIST_DATABASE_URL: databaseUrl('products', database.cluster.attrEndpointAddress, 'shop'),
      HOIST_SHOP_READ_URL: databaseUrl(
        'products',
        database.cluster.attrReadEndpointAddress,
        'shop',
      ),
      HOIST_SHOP_SITE: this.site,
    });
    allow(role, ['rds-db:connect'], [database.loginArn('products')]);
    const port = { ipProtocol: 'tcp', fromPort: postgresPort, toPort: postgresPort };
    new ec2.CfnSecurityGroupEgress(this, 'ProductsToDatabase', {
      ...port,
      groupId: group.securityGroupId,
      destinationSecurityGroupId: database.group.securityGroupId,
    });
    new ec2.CfnSecurityGroupIngress(this, 'DatabaseFromProducts', {
      ...port,
      groupId: database.group.securityGroupId,
      sourceSecurityGroupId: group.securityGroupId,
      description: 'products, and nobody else',
    });
    return api;
  }

  private privateApi(app: BackendApp, integration: apigateway.Integration): apigateway.RestApi {
    const { apiEndpoint } = this.props.networkStack;
    const invoke = { actions: ['execute-api:Invoke'], resources: ['execute-api:/*'] };
    const elsewhere = { StringNotEquals: { 'aws:SourceVpce': apiEndpoint.vpcEndpointId } };
    const principals = [new iam.AnyPrincipal()];
    const api = new apigateway.RestApi(this, `${app}Api`, {
      restApiName: named(this.config, `shop-${app}`),
      cloudWatchRole: false,
      endpointConfiguration: {
        types: [apigateway.EndpointType.PRIVATE],
        vpcEndpoints: [apiEndpoint],
      },
      policy: new iam.PolicyDocument({
        statements: [
          new iam.PolicyStatement({ ...invoke, principals }),
          new iam.PolicyStatement({
            ...invoke,
            principals,
            effect: iam.Effect.DENY,
            conditions: elsewhere,
          }),
        ],
      }),
      deployOptions: {
        stageName: 'v1',
        metricsEnabled: true,
        tracingEnabled: true,
        throttlingRateLimit: 200,
        throttlingBurstLimit: 400,
        accessLogDestination: new apigateway.LogGroupLogDestination(this.accessLog),
        accessLogFormat: apigateway.AccessLogFormat.jsonWithStandardFields(),
      },
    });
    const options = { authorizationType: apigateway.AuthorizationType.IAM };
    api.root.addResource(app).addMethod('ANY', integration, options);
    api.root.getResource(app)?.addResource('{id}').addMethod('ANY', integration, options);
    return api;
  }
}

interface App {
  readonly group: ec2.SecurityGroup;
  readonly role: iam.Role;
  readonly api: apigateway.RestApi;
}
