import { CfnOutput } from 'aws-cdk-lib';
import * as route53 from 'aws-cdk-lib/aws-route53';
import type { Construct } from 'constructs';
import { HoistStack, type HoistStackProps } from '../hoist-stack.js';

/** The zone of the environment's names. Its name servers are delegated to once, by hand. */
export class DnsStack extends HoistStack {
  readonly zone: route53.PublicHostedZone;

  constructor(scope: Construct, id: string, props: HoistStackProps) {
    super(scope, id, { ...props, stateful: true });
    this.zone = new route53.PublicHostedZone(this, 'Zone', {
      zoneName: this.config.domain,
      // Records can be changed again an hour after the region of Route 53's control plane is lost.
      // The switch itself changes none.
      acceleratedRecoveryEnabled: true,
    });
    new CfnOutput(this, 'ZoneId', { value: this.zone.hostedZoneId });
  }
}
