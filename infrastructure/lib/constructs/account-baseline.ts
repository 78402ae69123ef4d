import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import type { SegmentedVpc } from './segmented-vpc.js';

/**
 * Closes every network of this account and region to the internet, except the subnets of load
 * balancers. An account has one of these per region: one environment of it may own the switch.
 */
export class BlockPublicIngress extends Construct {
  constructor(scope: Construct, id: string, network: SegmentedVpc, tier: string) {
    super(scope, id);
    const options = new ec2.CfnVPCBlockPublicAccessOptions(this, 'Options', {
      internetGatewayBlockMode: 'block-ingress',
    });
    network.tier(tier).forEach((subnet, zone) => {
      const exclusion = new ec2.CfnVPCBlockPublicAccessExclusion(this, `Exclusion${zone}`, {
        subnetId: subnet.subnetId,
        internetGatewayExclusionMode: 'allow-bidirectional',
      });
      exclusion.addResourceDependency(options);
    });
  }
}
