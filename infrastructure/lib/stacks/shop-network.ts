import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { BlockPublicIngress } from '../constructs/account-baseline.js';
import { postgresPort } from '../constructs/aurora-postgres.js';
import { addFlowLog } from '../constructs/flow-log.js';
import { SegmentedVpc, firewallTier, type Flow } from '../constructs/segmented-vpc.js';
import { HoistStack, type HoistStackProps } from '../hoist-stack.js';

/** Front ends listen where the brief says: 80 behind the balancer, which itself has 80 and 443. */
export const frontendPort = 80;

const flows: Flow[] = [
  { from: 'internet', to: 'public', ports: [80, 443] },
  { from: 'public', to: 'frontend', ports: [frontendPort] },
  { from: 'frontend', to: 'endpoints', ports: [443] },
  { from: 'frontend', to: 'aws', ports: [443] },
  { from: 'backend', to: 'data', ports: [postgresPort] },
  { from: 'backend', to: 'aws', ports: [443] },
  { from: 'backend', to: 'internet', ports: [443] },
];

/** Seven tiers in three zones. Who may talk to whom across them is the list above. */
export class ShopNetworkStack extends HoistStack {
  readonly network: SegmentedVpc;
  readonly endpointGroup: ec2.SecurityGroup;
  readonly apiEndpoint: ec2.InterfaceVpcEndpoint;

  constructor(scope: Construct, id: string, props: HoistStackProps) {
    super(scope, id, props);
    const { shop, egressAllowed, blockPublicIngress } = this.config.network;
    this.network = new SegmentedVpc(this, 'Network', {
      cidr: this.site === 'a' ? shop.primary : shop.standby,
      tiers: ['public', 'egress', firewallTier, 'frontend', 'backend', 'data', 'endpoints'],
      publicTiers: ['public', 'egress'],
      flows,
      natGateways: this.config.shop.firewall ? 3 : 1,
      firewall: this.config.shop.firewall ? { allowedHosts: egressAllowed } : undefined,
    });
    addFlowLog(this, this.network.vpc, this.config, 'shop');
    this.gateways();
    this.endpointGroup = new ec2.SecurityGroup(this, 'EndpointGroup', {
      vpc: this.network.vpc,
      allowAllOutbound: false,
      description: 'interface endpoints',
    });
    this.apiEndpoint = this.endpoint('Api', ec2.InterfaceVpcEndpointAwsService.APIGATEWAY);
    this.endpoint('Registry', ec2.InterfaceVpcEndpointAwsService.ECR);
    this.endpoint('Images', ec2.InterfaceVpcEndpointAwsService.ECR_DOCKER);
    this.endpoint('Logs', ec2.InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS);
    if (blockPublicIngress) new BlockPublicIngress(this, 'Outbound only', this.network, 'public');
  }

  // Through a gateway goes only what belongs to this account, and the registry's layers.
  private gateways(): void {
    const own = { StringEquals: { 'aws:ResourceAccount': this.account } };
    const any = { principals: [new iam.AnyPrincipal()] };
    const objects = this.network.vpc.addGatewayEndpoint('Objects', {
      service: ec2.GatewayVpcEndpointAwsService.S3,
      subnets: [this.network.selection('frontend'), this.network.selection('backend')],
    });
    objects.addToPolicy(
      new iam.PolicyStatement({ ...any, actions: ['s3:*'], resources: ['*'], conditions: own }),
    );
    objects.addToPolicy(
      new iam.PolicyStatement({
        ...any,
        actions: ['s3:GetObject'],
        resources: [`arn:${this.partition}:s3:::prod-${this.region}-starport-layer-bucket/*`],
      }),
    );
    const tables = this.network.vpc.addGatewayEndpoint('Tables', {
      service: ec2.GatewayVpcEndpointAwsService.DYNAMODB,
      subnets: [this.network.selection('backend')],
    });
    tables.addToPolicy(
      new iam.PolicyStatement({
        ...any,
        actions: ['dynamodb:*'],
        resources: ['*'],
        conditions: own,
      }),
    );
  }

  private endpoint(
    id: string,
    service: ec2.InterfaceVpcEndpointAwsService,
  ): ec2.InterfaceVpcEndpoint {
    const endpoint = this.network.vpc.addInterfaceEndpoint(`${id}Endpoint`, {
      service,
      subnets: this.network.selection('endpoints'),
      securityGroups: [this.endpointGroup],
      open: false,
    });
    endpoint.addToPolicy(
      new iam.PolicyStatement({
        principals: [new iam.AnyPrincipal()],
        actions: ['*'],
        resources: ['*'],
        conditions: { StringEquals: { 'aws:PrincipalAccount': this.account } },
      }),
    );
    return endpoint;
  }
}
