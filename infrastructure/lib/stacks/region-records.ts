import { Fn, ReferenceStrength, Stack } from 'aws-cdk-lib';
import type * as elb from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as route53 from 'aws-cdk-lib/aws-route53';
import type { Construct } from 'constructs';
import type { Site } from '../../config/schema.js';
import { HoistStack, type HoistStackProps } from '../hoist-stack.js';
import { healthChecksOutput, type RegionControlStack } from './region-control.js';

export interface RegionRecordsProps extends HoistStackProps {
  readonly zone: route53.IHostedZone;
  readonly balancers: Readonly<Record<Site, elb.IApplicationLoadBalancer>>;
  readonly control: RegionControlStack;
}

/**
 * The public name of the shop: one address that the plan's health checks move between the regions,
 * and one name for each region by itself, which probes use. No record changes in a switch.
 */
export class RegionRecordsStack extends HoistStack {
  constructor(scope: Construct, id: string, props: RegionRecordsProps) {
    super(scope, id, props);
    this.addStackDependency(props.control);
    const name = `shop.${this.config.domain}.`;
    const weak = (value: string): string => Stack.consumeReference(value, ReferenceStrength.WEAK);
    const hostedZoneId = weak(props.zone.hostedZoneId);
    const alias = (site: Site): route53.CfnRecordSetGroup.AliasTargetProperty => ({
      dnsName: weak(props.balancers[site].loadBalancerDnsName),
      hostedZoneId: weak(props.balancers[site].loadBalancerCanonicalHostedZoneId),
      evaluateTargetHealth: true,
    });
    // A set of its own for each record could never change from one kind of routing to another.
    new route53.CfnRecordSetGroup(this, 'Failover', {
      hostedZoneId,
      recordSets: (['a', 'b'] as const).map((site, index) => ({
        name,
        type: 'A',
        setIdentifier: `site-${site}`,
        failover: site === 'a' ? 'PRIMARY' : 'SECONDARY',
        aliasTarget: alias(site),
        healthCheckId: this.healthCheck(props.control, index),
      })),
    });
    new route53.CfnRecordSetGroup(this, 'Sites', {
      hostedZoneId,
      recordSets: (['a', 'b'] as const).map((site) => ({
        name: `${site}.${name}`,
        type: 'A',
        aliasTarget: alias(site),
      })),
    });
  }

  // The plan makes the health checks and names them "zone:record:region:id", in the order of its
  // regions. AWS does not document that order: docs/aws/deployment.md says how to look.
  private healthCheck(control: RegionControlStack, index: number): string {
    const entries = Fn.getStackOutput(control.stackName, healthChecksOutput, control.region);
    return Fn.select(3, Fn.split(':', Fn.select(index, Fn.split(',', entries))));
  }
}
