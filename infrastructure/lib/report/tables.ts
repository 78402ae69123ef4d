import { type Assembly } from './assembly.js';
import type { Item } from './cost.js';
import { grantsOf } from './iam.js';
import type { Edge, Networks, Route } from './network.js';

/** One row for each flow; ways are the same in every zone, or there would be two rows. */
export function flowTable(edges: readonly Edge[]): string[] {
  return edges.map(
    (edge) => `| ${edge.network} | ${edge.from} | ${edge.to} | ${edge.port} | ${edge.by} |`,
  );
}

/** A Markdown table. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line), ''].join('\n');
}

/** Every route of every subnet, the local one apart. */
export function routeTable(networks: Networks): string {
  const rows = networks.routes.map((route) => {
    const { subnet } = route;
    const end = networks.subnets.find((s) => s.id === route.target);
    const by = {
      internet: 'internet gateway',
      nat: 'NAT gateway',
      firewall: 'firewall endpoint',
      local: '',
    };
    const zone = end
      ? ` in ${end.zone}`
      : route.kind === 'nat'
        ? ` in ${natZone(networks, route)}`
        : '';
    return [
      networks.networkName(subnet.vpc),
      subnet.tier,
      subnet.zone,
      subnet.cidr,
      route.destination,
      by[route.kind] + zone,
    ];
  });
  const sorted = rows.map((cells) => cells.join('\t')).sort();
  return table(
    ['Network', 'Tier', 'Zone', 'Subnet', 'To', 'By'],
    sorted.map((cells) => cells.split('\t')),
  );
}

function natZone(networks: Networks, route: Route): string {
  return networks.natSubnet(route)?.zone ?? '';
}

/** Every rule of every security group. */
export function groupTable(assembly: Assembly, networks: Networks): string {
  const name = (id: string): string => assembly.get(id)?.path ?? id;
  const rows = networks.groupRules
    .filter((rule) => rule.from >= 0)
    .map((rule) => [
      name(rule.group),
      rule.direction,
      rule.from === rule.to ? String(rule.from) : `${rule.from} to ${rule.to}`,
      name(rule.peer),
    ]);
  const sorted = [...new Set(rows.map((cells) => cells.join('\t')))].sort();
  return table(
    ['Security group', 'Direction', 'TCP port', 'From or to'],
    sorted.map((cells) => cells.split('\t')),
  );
}

/** Every role: who takes it, and what it may do on what. */
export function roleTable(assembly: Assembly): string {
  const rows = grantsOf(assembly).flatMap((grants) => [
    ...[...grants.allowed].map(([action, on]) => [
      grants.key,
      grants.trusted,
      action,
      on.map((r) => r.replaceAll('*', '\\*')).join('<br>'),
    ]),
    ...grants.managed.map((policy) => [grants.key, grants.trusted, 'managed policy', policy]),
  ]);
  const sorted = [...new Set(rows.map((cells) => cells.join('\t')))].sort();
  return table(
    ['Role', 'Taken by', 'Action', 'On'],
    sorted.map((cells) => cells.split('\t')),
  );
}

/** Stacks in an order in which they can be deployed, with what each has. */
export function stackTable(assembly: Assembly, order: readonly string[]): string {
  const rows = order.map((stack, index) => {
    const own = assembly.resources.filter((r) => r.stack === stack);
    return [
      String(index + 1),
      stack.replace(`-${assembly.environment}`, '-{env}'),
      own[0]?.region ?? '',
      String(own.length),
    ];
  });
  return table(['Step', 'Stack', 'Region', 'Resources'], rows);
}

export function costTable(items: readonly Item[]): string {
  const rows = items.map((item) => [
    item.what,
    item.count,
    item.usd.toFixed(2),
    item.inBrief ? 'counted' : `beyond it: ${item.why}`,
  ]);
  const sum = items.reduce((usd, item) => usd + item.usd, 0);
  return table(
    ['Item', 'Count', 'USD a month', 'In the figure of the brief'],
    [...rows, ['**Sum**', '', sum.toFixed(2), '']],
  );
}
