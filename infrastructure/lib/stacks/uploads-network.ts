import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import { postgresPort } from '../constructs/aurora-postgres.js';
import { addFlowLog } from '../constructs/flow-log.js';
import { SegmentedVpc, type Flow } from '../constructs/segmented-vpc.js';
import { HoistStack, type HoistStackProps } from '../hoist-stack.js';

export const servicePort = 8080;
export const redisPort = 6379;

const flows: Flow[] = [
  { from: 'internet', to: 'public', ports: [443] },
  { from: 'public', to: 'service', ports: [servicePort] },
  { from: 'service', to: 'data', ports: [postgresPort, redisPort] },
  { from: 'service', to: 'internet', ports: [443] },
];

/** Public, egress, service and data subnets in three zones. Files go to S3 past all of them. */
export class UploadsNetworkStack extends HoistStack {
  readonly network: SegmentedVpc;

  constructor(scope: Construct, id: string, props: HoistStackProps) {
    super(scope, id, props);
    this.network = new SegmentedVpc(this, 'Network', {
      cidr: this.config.network.uploads,
      tiers: ['public', 'egress', 'service', 'data'],
      publicTiers: ['public', 'egress'],
      flows,
      natGateways: this.config.uploads.natGateways,
    });
    addFlowLog(this, this.network.vpc, this.config, 'uploads');
    this.network.vpc.addGatewayEndpoint('Objects', {
      service: ec2.GatewayVpcEndpointAwsService.S3,
      subnets: [this.network.selection('service')],
    });
  }
}
