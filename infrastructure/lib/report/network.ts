// The networks of an assembly as a graph: what every workload may reach, on which port, by which
// way. Security groups, access lists, routes, firewall rules, gateways and endpoints all count, in
// both directions, for every pair of zones.
import {
  fields,
  list,
  text,
  type Assembly,
  type Fields,
  type Json,
  type Resource,
} from './assembly.js';

export interface Subnet {
  readonly id: string;
  readonly vpc: string;
  readonly tier: string;
  readonly zone: string;
  readonly cidr: string;
  readonly resource: Resource;
}

export interface Workload {
  readonly name: string;
  readonly vpc: string;
  readonly subnets: readonly Subnet[];
  readonly groups: readonly string[];
  /** The internet can address it, if everything else lets it. */
  readonly addressable: boolean;
}

export interface Edge {
  readonly network: string;
  readonly from: string;
  readonly to: string;
  readonly port: number;
  readonly by: string;
}

export interface Route {
  readonly subnet: Subnet;
  readonly destination: string;
  readonly target: string;
  readonly kind: 'internet' | 'nat' | 'firewall' | 'local';
}

interface GroupRule {
  readonly direction: 'in' | 'out';
  readonly group: string;
  readonly peer: string;
  readonly from: number;
  readonly to: number;
}

interface AclRule {
  readonly number: number;
  readonly egress: boolean;
  readonly allow: boolean;
  readonly cidr: string;
  readonly from: number;
  readonly to: number;
}

const ANYWHERE = '0.0.0.0/0';
const clientPort = 40000;

export class Networks {
  readonly subnets: Subnet[];
  readonly workloads: Workload[];
  readonly routes: Route[];
  readonly groupRules: GroupRule[];
  private readonly acls: Map<string, AclRule[]>;

  constructor(private readonly assembly: Assembly) {
    this.subnets = assembly.ofType('AWS::EC2::Subnet').map((resource) => this.subnet(resource));
    this.routes = this.readRoutes();
    this.groupRules = this.readGroupRules();
    this.acls = this.readAcls();
    this.workloads = this.readWorkloads();
  }

  /** Every flow that is open, in a fixed order. */
  edges(): Edge[] {
    const edges = this.workloads.flatMap((from) => [
      ...this.outward(from),
      ...this.inward(from),
      ...this.gateways(from),
      ...this.workloads.flatMap((to) => this.between(from, to)),
    ]);
    const key = (edge: Edge): string =>
      [edge.network, edge.from, edge.to, String(edge.port).padStart(5, '0'), edge.by].join(' ');
    const seen = new Map(edges.map((edge) => [key(edge), edge]));
    return [...seen.keys()].sort().flatMap((k) => seen.get(k) ?? []);
  }

  // ---- reading ---------------------------------------------------------------------------------

  private subnet(resource: Resource): Subnet {
    const { properties: p, stack } = resource;
    const tags = list(p.Tags).map(fields);
    const tier = text(tags.find((tag) => tag.Key === 'hoist:tier')?.Value);
    return {
      id: resource.id,
      vpc: this.assembly.resolve(p.VpcId, stack),
      tier,
      zone: text(p.AvailabilityZone),
      cidr: text(p.CidrBlock),
      resource,
    };
  }

  networkName(vpc: string): string {
    return (vpc.split('.')[0] ?? '').replace(`-${this.assembly.environment}`, '');
  }

  private subnetsOf(value: Json, stack: string): Subnet[] {
    return list(value).flatMap((item) => {
      const id = this.assembly.resolve(item, stack);
      return this.subnets.filter((subnet) => subnet.id === id);
    });
  }

  private tableOf(subnet: Subnet): string {
    const association = this.assembly
      .ofType('AWS::EC2::SubnetRouteTableAssociation')
      .find((a) => this.assembly.resolve(a.properties.SubnetId, a.stack) === subnet.id);
    return association
      ? this.assembly.resolve(association.properties.RouteTableId, association.stack)
      : '';
  }

  private readRoutes(): Route[] {
    const all = this.assembly.ofType('AWS::EC2::Route');
    return this.subnets.flatMap((subnet) => {
      const table = this.tableOf(subnet);
      return all
        .filter((r) => this.assembly.resolve(r.properties.RouteTableId, r.stack) === table)
        .map((r) => this.route(subnet, r));
    });
  }

  private route(subnet: Subnet, r: Resource): Route {
    const p = r.properties;
    const destination = text(p.DestinationCidrBlock);
    const at = (value: Json): string => this.assembly.resolve(value, r.stack);
    if (p.GatewayId) return { subnet, destination, target: at(p.GatewayId), kind: 'internet' };
    if (p.NatGatewayId) return { subnet, destination, target: at(p.NatGatewayId), kind: 'nat' };
    return {
      subnet,
      destination,
      target: this.endpointSubnet(p.VpcEndpointId, r.stack),
      kind: 'firewall',
    };
  }

  // A firewall's endpoint is known by the subnet that it is in.
  private endpointSubnet(value: Json, stack: string): string {
    const resolved = this.assembly.resolve(value, stack);
    const owner = [
      ...this.assembly.ofType('AWS::NetworkFirewall::Firewall'),
      ...this.assembly.ofType('AWS::NetworkFirewall::VpcEndpointAssociation'),
    ].find(
      (f) =>
        f.stack === stack &&
        (resolved.includes(`${f.stack}.${f.logicalId}.`) || resolved.includes(`"${f.logicalId}"`)),
    );
    if (!owner) return `<unknown ${resolved}>`;
    const mapping = owner.properties.SubnetMapping ?? list(owner.properties.SubnetMappings)[0];
    return this.assembly.resolve(fields(mapping).SubnetId, owner.stack);
  }

  private readGroupRules(): GroupRule[] {
    const inline = this.assembly
      .ofType('AWS::EC2::SecurityGroup')
      .flatMap((group) => [...this.inlineRules(group, 'in'), ...this.inlineRules(group, 'out')]);
    const apart = (['in', 'out'] as const).flatMap((direction) =>
      this.assembly
        .ofType(`AWS::EC2::SecurityGroup${direction === 'in' ? 'Ingress' : 'Egress'}`)
        .map((r) =>
          this.groupRule(
            direction,
            this.groupId(r.properties.GroupId, r.stack),
            r.properties,
            r.stack,
          ),
        ),
    );
    return [...inline, ...apart];
  }

  private inlineRules(group: Resource, direction: 'in' | 'out'): GroupRule[] {
    const rules =
      group.properties[direction === 'in' ? 'SecurityGroupIngress' : 'SecurityGroupEgress'];
    if (rules === undefined && direction === 'out')
      return [{ direction, group: group.id, peer: ANYWHERE, from: 0, to: 65535 }];
    return list(rules).map((rule) =>
      this.groupRule(direction, group.id, fields(rule), group.stack),
    );
  }

  private groupRule(
    direction: 'in' | 'out',
    group: string,
    rule: Fields,
    stack: string,
  ): GroupRule {
    const peer =
      rule.CidrIp ??
      this.groupId(rule.SourceSecurityGroupId ?? rule.DestinationSecurityGroupId, stack);
    const all = rule.IpProtocol === '-1';
    const tcp = all || rule.IpProtocol === 'tcp';
    return {
      direction,
      group,
      peer: text(peer),
      from: tcp ? (all ? 0 : Number(rule.FromPort)) : -1,
      to: tcp ? (all ? 65535 : Number(rule.ToPort)) : -1,
    };
  }

  private groupId(value: Json, stack: string): string {
    return this.assembly.resolve(value, stack).replace(/\.GroupId$/, '');
  }

  private readAcls(): Map<string, AclRule[]> {
    const entries = this.assembly.ofType('AWS::EC2::NetworkAclEntry');
    return new Map(
      this.assembly.ofType('AWS::EC2::SubnetNetworkAclAssociation').map((a) => {
        const acl = this.assembly.resolve(a.properties.NetworkAclId, a.stack);
        const rules = entries
          .filter((e) => this.assembly.resolve(e.properties.NetworkAclId, e.stack) === acl)
          .map(({ properties: p }) => aclRule(p))
          .sort((x, y) => x.number - y.number);
        return [this.assembly.resolve(a.properties.SubnetId, a.stack), rules];
      }),
    );
  }

  private readWorkloads(): Workload[] {
    return this.assembly.resources.flatMap((r) => {
      const found = this.workload(r);
      return found && found.subnets.length > 0 ? [found] : [];
    });
  }

  private workload(r: Resource): Workload | undefined {
    const p = r.properties;
    switch (r.type) {
      case 'AWS::Lambda::Function':
        return this.make(r, text(p.Description).replace(/^Hoist (shop-)?/, ''), {
          subnets: fields(p.VpcConfig).SubnetIds,
          groups: fields(p.VpcConfig).SecurityGroupIds,
        });
      case 'AWS::ECS::Service': {
        const network = fields(fields(p.NetworkConfiguration).AwsvpcConfiguration);
        return this.make(r, text(p.ServiceName), {
          subnets: network.Subnets,
          groups: network.SecurityGroups,
          addressable: network.AssignPublicIp === 'ENABLED',
        });
      }
      case 'AWS::ElasticLoadBalancingV2::LoadBalancer':
        return this.make(r, 'load balancer', {
          subnets: p.Subnets,
          groups: p.SecurityGroups,
          addressable: p.Scheme === 'internet-facing',
        });
      case 'AWS::RDS::DBCluster':
        return this.make(r, 'database', {
          subnets: this.groupSubnets(p.DBSubnetGroupName, r.stack),
          groups: p.VpcSecurityGroupIds,
        });
      case 'AWS::RDS::DBInstance':
        return p.DBClusterIdentifier
          ? undefined
          : this.make(r, 'database', {
              subnets: this.groupSubnets(p.DBSubnetGroupName, r.stack),
              groups: p.VPCSecurityGroups,
            });
      case 'AWS::ElastiCache::ReplicationGroup':
        return this.make(r, 'cache', {
          subnets: this.groupSubnets(p.CacheSubnetGroupName, r.stack),
          groups: p.SecurityGroupIds,
        });
      case 'AWS::EC2::VPCEndpoint':
        return p.VpcEndpointType === 'Interface'
          ? this.make(r, `endpoint ${serviceOf(this.assembly.resolve(p.ServiceName, r.stack))}`, {
              subnets: p.SubnetIds,
              groups: p.SecurityGroupIds,
            })
          : undefined;
      default:
        return undefined;
    }
  }

  private groupSubnets(value: Json, stack: string): Json {
    const group = this.assembly.target(value, stack);
    if (!group) return [];
    return list(group.properties.SubnetIds).map((id) => ({
      __at: this.assembly.resolve(id, group.stack),
    }));
  }

  private make(
    r: Resource,
    name: string,
    at: { subnets: Json; groups: Json; addressable?: boolean },
  ): Workload {
    const subnets = list(at.subnets).flatMap((item) => {
      const known = fields(item).__at;
      return known ? this.subnets.filter((s) => s.id === known) : this.subnetsOf(item, r.stack);
    });
    return {
      name,
      vpc: subnets[0]?.vpc ?? '',
      subnets,
      groups: list(at.groups).map((group) => this.groupId(group, r.stack)),
      addressable: at.addressable ?? false,
    };
  }

  // ---- judging ---------------------------------------------------------------------------------

  private ports(): number[] {
    const named = this.groupRules.filter((r) => r.from >= 0 && r.to - r.from < 100);
    const sentinels = [22, 80, 443, 1433, 3306, 3389, 5432, 6379, 8080, 9000];
    return [...new Set([...sentinels, ...named.flatMap((r) => [r.from, r.to])])];
  }

  private groupsAllow(
    w: Workload,
    direction: 'in' | 'out',
    peers: string[],
    port: number,
  ): boolean {
    return this.groupRules.some(
      (r) =>
        r.direction === direction &&
        w.groups.includes(r.group) &&
        r.from <= port &&
        port <= r.to &&
        peers.some(
          (peer) => r.peer === peer || (isCidr(r.peer) && isCidr(peer) && covers(r.peer, peer)),
        ),
    );
  }

  private aclAllows(subnet: Subnet, egress: boolean, peer: string, port: number): boolean {
    const rules = this.acls.get(subnet.id);
    // A subnet without a list of its own has the network's default one, which lets everything by.
    if (!rules) return true;
    const hit = rules.find(
      (r) => r.egress === egress && covers(r.cidr, peer) && r.from <= port && port <= r.to,
    );
    return hit?.allow ?? false;
  }

  private routeTo(subnet: Subnet, destination: string): Route | undefined {
    return this.routes
      .filter((r) => r.subnet.id === subnet.id && covers(r.destination, destination))
      .sort((x, y) => prefix(y.destination) - prefix(x.destination))[0];
  }

  private between(from: Workload, to: Workload): Edge[] {
    if (from.vpc !== to.vpc || from === to) return [];
    const network = this.networkName(from.vpc);
    return this.ports().flatMap((port) => {
      const out = [...to.groups, ...to.subnets.map((s) => s.cidr)];
      const back = [...from.groups, ...from.subnets.map((s) => s.cidr)];
      if (!this.groupsAllow(from, 'out', out, port)) return [];
      if (!this.groupsAllow(to, 'in', back, port)) return [];
      const ways = new Set(
        from.subnets.flatMap((x) => to.subnets.map((y) => this.way(x, y, port))),
      );
      return [...ways]
        .filter((by) => by !== 'closed')
        .map((by) => ({ network, from: from.name, to: to.name, port, by }));
    });
  }

  /** How a packet and its answer travel between two subnets, and whether both arrive. */
  way(x: Subnet, y: Subnet, port: number): string {
    const open =
      this.aclAllows(x, true, y.cidr, port) &&
      this.aclAllows(y, false, x.cidr, port) &&
      this.aclAllows(y, true, x.cidr, clientPort) &&
      this.aclAllows(x, false, y.cidr, clientPort);
    if (!open) return 'closed';
    const there = this.inner(x, y.cidr);
    const back = this.inner(y, x.cidr);
    if (there?.target !== back?.target) return 'asymmetric';
    if (!there) return 'direct';
    return this.firewallPasses(x, y, port) ? 'firewall' : 'closed';
  }

  // A default route never takes what is inside of the network: the local route is more exact.
  private inner(subnet: Subnet, destination: string): Route | undefined {
    const route = this.routeTo(subnet, destination);
    return route && route.destination !== ANYWHERE ? route : undefined;
  }

  /** `pass tcp $FROM any -> $TO port`, with the address blocks that the names stand for. */
  private firewallPasses(x: Subnet, y: Subnet, port: number): boolean {
    return this.firewallRules(x.vpc).some(
      (r) =>
        r.protocol === 'tcp' && covers(r.from, x.cidr) && covers(r.to, y.cidr) && r.port === port,
    );
  }

  firewallRules(
    vpc: string,
  ): { protocol: string; from: string; to: string; port: number; host: string }[] {
    const firewall = this.assembly
      .ofType('AWS::NetworkFirewall::Firewall')
      .find((f) => this.assembly.resolve(f.properties.VpcId, f.stack) === vpc);
    if (!firewall) return [];
    return this.assembly
      .ofType('AWS::NetworkFirewall::RuleGroup')
      .filter((group) => group.stack === firewall.stack)
      .flatMap((group) => parseRules(fields(group.properties.RuleGroup)));
  }

  /** From a workload to the internet: by NAT, through a firewall or not. */
  private outward(from: Workload): Edge[] {
    const network = this.networkName(from.vpc);
    const peer = ANYWHERE;
    return this.ports()
      .filter((port) => this.groupsAllow(from, 'out', [peer], port))
      .flatMap((port) => {
        const ways = new Set(from.subnets.map((subnet) => this.wayOut(subnet, port)));
        return [...ways]
          .filter((by) => by !== 'closed')
          .map((by) => ({ network, from: from.name, to: 'internet', port, by }));
      });
  }

  private wayOut(subnet: Subnet, port: number): string {
    const passes = (s: Subnet): boolean =>
      this.aclAllows(s, true, ANYWHERE, port) && this.aclAllows(s, false, ANYWHERE, clientPort);
    if (!passes(subnet)) return 'closed';
    const steps: string[] = [];
    let here = subnet;
    for (let hop = 0; hop < 4; ++hop) {
      const route = this.routeTo(here, ANYWHERE);
      if (!route) return 'closed';
      if (route.kind === 'internet') return steps.join(', ') || 'internet gateway';
      const next = this.nextSubnet(route);
      if (!next) return 'closed';
      // What comes back from the NAT must pass the same endpoint on its way.
      if (route.kind === 'nat' && steps.includes('firewall')) {
        const back = this.inner(next, subnet.cidr);
        if (back?.target !== here.id) return 'asymmetric';
      }
      if (route.kind === 'firewall') {
        const hosts = this.firewallRules(subnet.vpc)
          .filter((r) => r.protocol === 'tls' && covers(r.from, subnet.cidr) && r.port === port)
          .map((r) => r.host);
        if (hosts.length === 0) return 'closed';
        steps.push('firewall', `to ${hosts.join(' and ')}`);
      } else steps.push('NAT');
      here = next;
    }
    return 'closed';
  }

  private nextSubnet(route: Route): Subnet | undefined {
    if (route.kind === 'firewall') return this.subnets.find((s) => s.id === route.target);
    return this.natSubnet(route);
  }

  natSubnet(route: Route): Subnet | undefined {
    const nat = this.assembly.get(route.target);
    return nat ? this.subnetsOf(nat.properties.SubnetId, nat.stack)[0] : undefined;
  }

  private inward(to: Workload): Edge[] {
    if (!to.addressable) return [];
    const network = this.networkName(to.vpc);
    return this.ports()
      .filter((port) => this.groupsAllow(to, 'in', [ANYWHERE], port))
      .filter((port) =>
        to.subnets.some(
          (s) =>
            this.routeTo(s, ANYWHERE)?.kind === 'internet' &&
            this.aclAllows(s, false, ANYWHERE, port) &&
            this.aclAllows(s, true, ANYWHERE, clientPort),
        ),
      )
      .map((port) => ({ network, from: 'internet', to: to.name, port, by: 'internet gateway' }));
  }

  /** S3 and DynamoDB, by the gateways that the subnets' route tables know. */
  private gateways(from: Workload): Edge[] {
    const network = this.networkName(from.vpc);
    const open =
      this.groupsAllow(from, 'out', [ANYWHERE], 443) &&
      from.subnets.every((s) => this.aclAllows(s, true, ANYWHERE, 443));
    if (!open) return [];
    return this.assembly
      .ofType('AWS::EC2::VPCEndpoint')
      .filter((e) => e.properties.VpcEndpointType === 'Gateway')
      .filter((e) => {
        const tables = list(e.properties.RouteTableIds).map((t) =>
          this.assembly.resolve(t, e.stack),
        );
        return (
          from.subnets.length > 0 && from.subnets.every((s) => tables.includes(this.tableOf(s)))
        );
      })
      .map((e) => ({
        network,
        from: from.name,
        to: serviceOf(this.assembly.resolve(e.properties.ServiceName, e.stack)),
        port: 443,
        by: 'gateway endpoint',
      }));
  }
}

function parseRules(
  group: Fields,
): { protocol: string; from: string; to: string; port: number; host: string }[] {
  const sets = fields(fields(group.RuleVariables).IPSets);
  const address = (name: string): string =>
    name === 'any' ? ANYWHERE : text(list(fields(sets[name.slice(1)]).Definition)[0]);
  const lines = text(fields(group.RulesSource).RulesString).split('\n');
  return lines.flatMap((line) => {
    const match = /^pass (tcp|tls) (\S+) any -> (\S+) (\d+) \((.*)\)$/.exec(line);
    if (!match) return [];
    const [, protocol = '', from = '', to = '', port = '', options = ''] = match;
    const host = /content:"([^"]+)"/.exec(options)?.[1] ?? '';
    return [{ protocol, from: address(from), to: address(to), port: Number(port), host }];
  });
}

function aclRule(p: Fields): AclRule {
  const all = Number(p.Protocol) === -1;
  const range = fields(p.PortRange);
  return {
    number: Number(p.RuleNumber),
    egress: p.Egress === true,
    allow: p.RuleAction !== 'deny',
    cidr: text(p.CidrBlock),
    from: all ? 0 : Number(range.From ?? 0),
    to: all ? 65535 : Number(range.To ?? 65535),
  };
}

const serviceOf = (name: string): string =>
  name.replace(/^.*<Region>\.|^com\.amazonaws\.[a-z0-9-]+\./, '');
const isCidr = (value: string): boolean => /^\d+\.\d+\.\d+\.\d+\/\d+$/.test(value);
const prefix = (cidr: string): number => Number(cidr.split('/')[1]);

function bits(cidr: string): number {
  return (cidr.split('/')[0] ?? '').split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

/** Whether every address of `inner` is in `outer`. */
export function covers(outer: string, inner: string): boolean {
  if (!isCidr(outer) || !isCidr(inner) || prefix(outer) > prefix(inner)) return false;
  const size = 2 ** (32 - prefix(outer));
  return Math.floor(bits(outer) / size) === Math.floor(bits(inner) / size);
}
