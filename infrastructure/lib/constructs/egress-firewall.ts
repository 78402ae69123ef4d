import { Fn, RemovalPolicy } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as nfw from 'aws-cdk-lib/aws-networkfirewall';
import { Construct } from 'constructs';
import type { Flow } from './segmented-vpc.js';

export interface EgressFirewallProps {
  readonly vpc: ec2.IVpc;
  readonly cidr: string;
  readonly subnets: readonly ec2.ISubnet[];
  /** The address block of every tier. */
  readonly blocks: Readonly<Record<string, string>>;
  readonly flows: readonly Flow[];
  /** Tiers that may reach the internet, and what they may reach there. */
  readonly outbound: readonly string[];
  readonly allowedHosts: readonly string[];
}

/**
 * A stateful firewall with one endpoint per zone: it passes the named flows and TLS to the named
 * hosts, refuses the rest, and logs what it refused.
 */
export class EgressFirewall extends Construct {
  /** By zone, in the order of the subnets. */
  readonly endpointIds: string[];

  constructor(scope: Construct, id: string, props: EgressFirewallProps) {
    super(scope, id);
    const rules = new nfw.CfnRuleGroup(this, 'Rules', {
      ruleGroupName: this.nameFor('rules'),
      type: 'STATEFUL',
      capacity: 200,
      ruleGroup: {
        statefulRuleOptions: { ruleOrder: 'STRICT_ORDER' },
        ruleVariables: { ipSets: ipSets(props) },
        rulesSource: { rulesString: ruleLines(props).join('\n') },
      },
    });
    const policy = new nfw.CfnFirewallPolicy(this, 'Policy', {
      firewallPolicyName: this.nameFor('policy'),
      firewallPolicy: {
        statelessDefaultActions: ['aws:forward_to_sfe'],
        statelessFragmentDefaultActions: ['aws:forward_to_sfe'],
        statefulEngineOptions: { ruleOrder: 'STRICT_ORDER', streamExceptionPolicy: 'REJECT' },
        statefulDefaultActions: ['aws:drop_established', 'aws:alert_established'],
        statefulRuleGroupReferences: [{ resourceArn: rules.attrRuleGroupArn, priority: 1 }],
      },
    });
    this.endpointIds = this.endpoints(props, policy);
  }

  // A firewall with three subnets returns its endpoints in no order. One with a single subnet, and
  // an association for each of the others, names each zone's endpoint by itself.
  private endpoints(props: EgressFirewallProps, policy: nfw.CfnFirewallPolicy): string[] {
    const [first, ...others] = props.subnets;
    if (!first) throw new Error('the firewall needs a subnet');
    const firewall = new nfw.CfnFirewall(this, 'Firewall', {
      firewallName: this.nameFor('firewall'),
      firewallPolicyArn: policy.attrFirewallPolicyArn,
      vpcId: props.vpc.vpcId,
      subnetMappings: [{ subnetId: first.subnetId }],
      deleteProtection: true,
      subnetChangeProtection: true,
      firewallPolicyChangeProtection: false,
    });
    this.log(firewall);
    const associated = others.map(
      (subnet, index) =>
        new nfw.CfnVpcEndpointAssociation(this, `Endpoint${index + 1}`, {
          firewallArn: firewall.attrFirewallArn,
          vpcId: props.vpc.vpcId,
          subnetMapping: { subnetId: subnet.subnetId },
        }).attrEndpointId,
    );
    // Each entry reads "zone:endpoint"; there is exactly one.
    return [endpointOf(firewall), ...associated];
  }

  private log(firewall: nfw.CfnFirewall): void {
    const alerts = new logs.LogGroup(this, 'Alerts', {
      retention: logs.RetentionDays.THREE_MONTHS,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    new nfw.CfnLoggingConfiguration(this, 'Logging', {
      firewallArn: firewall.attrFirewallArn,
      loggingConfiguration: {
        logDestinationConfigs: [
          {
            logType: 'ALERT',
            logDestinationType: 'CloudWatchLogs',
            logDestination: { logGroup: alerts.logGroupName },
          },
        ],
      },
    });
  }

  private nameFor(what: string): string {
    return `${this.node.addr.slice(-10)}-${what}`;
  }
}

function endpointOf(firewall: nfw.CfnFirewall): string {
  return Fn.select(1, Fn.split(':', Fn.select(0, firewall.attrEndpointIds)));
}

function ipSets(props: EgressFirewallProps): Record<string, { definition: string[] }> {
  const sets = Object.entries(props.blocks).map(([tier, block]) => [
    variable(tier),
    { definition: [block] },
  ]);
  return {
    ...(Object.fromEntries(sets) as Record<string, { definition: string[] }>),
    NETWORK: { definition: [props.cidr] },
  };
}

const variable = (tier: string): string => tier.toUpperCase();

/** In the order in which they are tried; the policy drops what none of them passes. */
function ruleLines(props: EgressFirewallProps): string[] {
  let sid = 0;
  const id = (): string => `sid:${++sid}; rev:1;`;
  const passed = props.flows.flatMap((flow) =>
    flow.ports.map(
      (port) =>
        `pass tcp $${variable(flow.from)} any -> $${variable(flow.to)} ${port} ` +
        `(msg:"${flow.from} to ${flow.to}"; flow:to_server; ${id()})`,
    ),
  );
  const inner = `reject tcp $NETWORK any -> $NETWORK any (msg:"no such flow"; flow:to_server; ${id()})`;
  const hosts = props.outbound.flatMap((tier) =>
    props.allowedHosts.map((host) => {
      const below = host.startsWith('.');
      const match = below ? `dotprefix; content:"${host}"` : `content:"${host}"; startswith`;
      return (
        `pass tls $${variable(tier)} any -> any 443 (msg:"${tier} to ${host}"; tls.sni; ` +
        `${match}; endswith; nocase; flow:to_server; ${id()})`
      );
    }),
  );
  return [...passed, inner, ...hosts];
}
