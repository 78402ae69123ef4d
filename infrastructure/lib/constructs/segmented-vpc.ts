import { Tags } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import { EgressFirewall } from './egress-firewall.js';

/** A segment of a network: three subnets, one per zone, with one access list. */
export type Tier = string;

/** Beside tiers, a flow may end at the internet, or at S3 and DynamoDB by gateway endpoint. */
export interface Flow {
  readonly from: Tier;
  readonly to: Tier;
  readonly ports: readonly number[];
}

export interface SegmentedVpcProps {
  readonly cidr: string;
  /** In the order of their address blocks; those named public hold what the internet may reach. */
  readonly tiers: readonly Tier[];
  readonly publicTiers: readonly Tier[];
  /** All that may be said across the borders of the tiers. Access lists are made from it alone. */
  readonly flows: readonly Flow[];
  /** NAT gateways in the tier `egress`: none, one, or one per zone. */
  readonly natGateways: 0 | 1 | 3;
  readonly firewall?: { readonly allowedHosts: readonly string[] } | undefined;
}

/** The tier that has the firewall's endpoints: what crosses it is judged by the firewall alone. */
export const firewallTier = 'firewall';
const egressTier = 'egress';
const clientPorts = ec2.AclTraffic.tcpPortRange(1024, 65535);

/**
 * A network in which every tier is a /19 of its own and every subnet a /21 of that.
 * With a firewall, a flow between two tiers and a flow to the internet both pass the endpoint of the
 * zone that opened it, in both directions: a firewall that sees half of a flow judges nothing.
 */
export class SegmentedVpc extends Construct {
  readonly vpc: ec2.Vpc;
  private readonly props: SegmentedVpcProps;

  constructor(scope: Construct, id: string, props: SegmentedVpcProps) {
    super(scope, id);
    this.props = props;
    this.vpc = new ec2.Vpc(this, 'Vpc', {
      ipAddresses: new TierAddresses(props.cidr),
      maxAzs: 3,
      natGateways: 0,
      restrictDefaultSecurityGroup: false,
      subnetConfiguration: props.tiers.map((name) => ({
        name,
        subnetType: props.publicTiers.includes(name)
          ? ec2.SubnetType.PUBLIC
          : ec2.SubnetType.PRIVATE_ISOLATED,
        ...(props.publicTiers.includes(name) ? { mapPublicIpOnLaunch: false } : {}),
      })),
    });
    for (const tier of props.tiers)
      for (const subnet of this.tier(tier)) Tags.of(subnet).add('hoist:tier', tier);
    const nats = this.nats();
    if (props.firewall) this.inspect(nats, props.firewall.allowedHosts);
    else this.routeOut((zone) => nats[Math.min(zone, nats.length - 1)]);
    this.accessLists();
  }

  tier(name: Tier): ec2.ISubnet[] {
    return this.vpc.selectSubnets({ subnetGroupName: name }).subnets;
  }

  selection(name: Tier): ec2.SubnetSelection {
    return { subnetGroupName: name };
  }

  private nats(): ec2.CfnNatGateway[] {
    return this.tierIfAny(egressTier)
      .slice(0, this.props.natGateways)
      .map((subnet, zone) => {
        const address = new ec2.CfnEIP(this, `Address${zone}`, { domain: 'vpc' });
        return new ec2.CfnNatGateway(this, `Nat${zone}`, {
          subnetId: subnet.subnetId,
          allocationId: address.attrAllocationId,
        });
      });
  }

  private tierIfAny(name: Tier): ec2.ISubnet[] {
    return this.props.tiers.includes(name) ? this.tier(name) : [];
  }

  private outboundTiers(): Tier[] {
    const { flows, publicTiers } = this.props;
    return [
      ...new Set(
        flows
          .filter((flow) => flow.to === 'internet' && !publicTiers.includes(flow.from))
          .map((flow) => flow.from),
      ),
    ];
  }

  private routeOut(nat: (zone: number) => ec2.CfnNatGateway | undefined): void {
    for (const tier of this.outboundTiers())
      this.tier(tier).forEach((subnet, zone) => {
        const gateway = nat(zone);
        if (gateway) this.route(subnet, 'Out', '0.0.0.0/0', { natGatewayId: gateway.ref });
      });
  }

  private inspect(nats: ec2.CfnNatGateway[], allowedHosts: readonly string[]): void {
    const firewall = new EgressFirewall(this, 'Firewall', {
      vpc: this.vpc,
      cidr: this.props.cidr,
      subnets: this.tier(firewallTier),
      blocks: Object.fromEntries(this.props.tiers.map((t) => [t, this.block(t)])),
      flows: this.inspected(),
      outbound: this.outboundTiers(),
      allowedHosts,
    });
    const through = (zone: number): { vpcEndpointId: string } => ({
      vpcEndpointId: firewall.endpointIds[zone] ?? '',
    });
    this.tier(firewallTier).forEach((subnet, zone) => {
      const nat = nats[zone];
      if (nat) this.route(subnet, 'Out', '0.0.0.0/0', { natGatewayId: nat.ref });
    });
    for (const tier of this.outboundTiers())
      this.tier(tier).forEach((subnet, zone) => {
        this.route(subnet, 'Out', '0.0.0.0/0', through(zone));
        const egress = this.tier(egressTier)[zone];
        if (egress) this.route(egress, `Back${tier}`, subnet.ipv4CidrBlock, through(zone));
      });
    for (const flow of this.inspected()) this.inspectFlow(flow, through);
  }

  private inspected(): Flow[] {
    const { tiers } = this.props;
    return this.props.flows.filter((flow) => tiers.includes(flow.from) && tiers.includes(flow.to));
  }

  private inspectFlow(flow: Flow, through: (zone: number) => { vpcEndpointId: string }): void {
    this.tier(flow.from).forEach((from, zone) => {
      this.tier(flow.to).forEach((to, other) => {
        this.route(from, `To${flow.to}${other}`, to.ipv4CidrBlock, through(zone));
        this.route(to, `To${flow.from}${zone}`, from.ipv4CidrBlock, through(zone));
      });
    });
  }

  private route(
    subnet: ec2.ISubnet,
    id: string,
    destinationCidrBlock: string,
    target: { natGatewayId: string } | { vpcEndpointId: string },
  ): void {
    new ec2.CfnRoute(subnet, id, {
      routeTableId: subnet.routeTable.routeTableId,
      destinationCidrBlock,
      ...target,
    });
  }

  /** The whole tier as one block, so that a rule about it is one rule. */
  private block(tier: Tier): string {
    return tierBlock(this.props.cidr, this.props.tiers.indexOf(tier));
  }

  private accessLists(): void {
    for (const tier of this.props.tiers) {
      const acl = new ec2.NetworkAcl(this, `${tier}Acl`, {
        vpc: this.vpc,
        subnetSelection: this.selection(tier),
      });
      if (tier === firewallTier) this.permitAll(acl);
      else if (tier === egressTier) this.permitNat(acl);
      else this.permitFlows(acl, tier);
    }
  }

  private permitAll(acl: ec2.NetworkAcl): void {
    const cidr = ec2.AclCidr.anyIpv4();
    const traffic = ec2.AclTraffic.allTraffic();
    const { INGRESS, EGRESS } = ec2.TrafficDirection;
    acl.addEntry('In', { ruleNumber: 100, cidr, traffic, direction: INGRESS });
    acl.addEntry('Out', { ruleNumber: 100, cidr, traffic, direction: EGRESS });
  }

  private permitNat(acl: ec2.NetworkAcl): void {
    const rules = new AclWriter(acl);
    for (const flow of this.props.flows.filter((f) => f.to === 'internet'))
      for (const port of flow.ports) {
        rules.accept(this.block(flow.from), port);
        rules.open(ANY, port);
      }
  }

  // What is named within the network comes first; then the rest of it is closed; then the way out
  // is opened. A list that opens 0.0.0.0/0 alone opens every other tier as well.
  private permitFlows(acl: ec2.NetworkAcl, tier: Tier): void {
    const rules = new AclWriter(acl);
    const { flows, tiers, cidr } = this.props;
    const ports = (some: Flow[]): number[] => some.flatMap((flow) => flow.ports);
    for (const flow of flows)
      for (const port of flow.ports) {
        if (flow.from === tier && tiers.includes(flow.to)) rules.open(this.block(flow.to), port);
        if (flow.to === tier && tiers.includes(flow.from))
          rules.accept(this.block(flow.from), port);
      }
    for (const port of ports(flows.filter((f) => f.from === tier && !tiers.includes(f.to)))) {
      rules.close(cidr, port);
      rules.open(ANY, port);
    }
    for (const port of ports(flows.filter((f) => f.to === tier && f.from === 'internet'))) {
      rules.shut(cidr, port);
      rules.accept(ANY, port);
    }
  }
}

const ANY = '0.0.0.0/0';

/** Access lists know no connections: every flow needs its answers let through as well. */
class AclWriter {
  private readonly seen = new Set<string>();
  private number = 100;

  constructor(private readonly acl: ec2.NetworkAcl) {}

  open(cidr: string, port: number): void {
    this.add(cidr, ec2.AclTraffic.tcpPort(port), ec2.TrafficDirection.EGRESS, String(port));
    this.add(cidr, clientPorts, ec2.TrafficDirection.INGRESS, 'answers');
  }

  accept(cidr: string, port: number): void {
    this.add(cidr, ec2.AclTraffic.tcpPort(port), ec2.TrafficDirection.INGRESS, String(port));
    this.add(cidr, clientPorts, ec2.TrafficDirection.EGRESS, 'answers');
  }

  close(cidr: string, port: number): void {
    this.deny(cidr, port, ec2.TrafficDirection.EGRESS);
  }

  shut(cidr: string, port: number): void {
    this.deny(cidr, port, ec2.TrafficDirection.INGRESS);
  }

  private deny(cidr: string, port: number, direction: ec2.TrafficDirection): void {
    this.add(cidr, ec2.AclTraffic.tcpPort(port), direction, `not${port}`, ec2.Action.DENY);
  }

  private add(
    cidr: string,
    traffic: ec2.AclTraffic,
    direction: ec2.TrafficDirection,
    what: string,
    ruleAction = ec2.Action.ALLOW,
  ): void {
    const id = `${direction === ec2.TrafficDirection.EGRESS ? 'Out' : 'In'}-${cidr}-${what}`;
    if (this.seen.has(id)) return;
    this.seen.add(id);
    this.acl.addEntry(id.replaceAll(/[./]/g, '-'), {
      ruleNumber: this.number,
      cidr: ec2.AclCidr.ipv4(cidr),
      traffic,
      direction,
      ruleAction,
    });
    this.number += 10;
  }
}

/** Tier number `index` of 10.x.0.0/16 is the /19 that starts at 10.x.(32 * index).0. */
function tierBlock(cidr: string, index: number, zone?: number): string {
  const [a, b] = cidr.split('.');
  const third = 32 * index + 8 * (zone ?? 0);
  return `${a}.${b}.${third}.0/${zone === undefined ? 19 : 21}`;
}

class TierAddresses implements ec2.IIpAddresses {
  constructor(private readonly cidr: string) {}

  allocateVpcCidr(): ec2.VpcIpamOptions {
    return { cidrBlock: this.cidr };
  }

  // Subnets are asked for tier by tier and, within a tier, zone by zone.
  allocateSubnetsCidr(input: ec2.AllocateCidrRequest): ec2.SubnetIpamOptions {
    const tiers: string[] = [];
    const zones = new Map<string, number>();
    return {
      allocatedSubnets: input.requestedSubnets.map(({ configuration }) => {
        const { name } = configuration;
        if (!tiers.includes(name)) tiers.push(name);
        const zone = zones.get(name) ?? 0;
        zones.set(name, zone + 1);
        return { cidr: tierBlock(this.cidr, tiers.indexOf(name), zone) };
      }),
    };
  }
}
