// One drawing of everything that has a place: both regions, their networks by zone and tier, the
// flows that are open, and what links the regions. What is drawn is read from the templates; only
// titles are written here.
import { fields, list, text, type Assembly, type Resource } from './assembly.js';
import type { Edge, Networks, Subnet } from './network.js';
import { label, standing, tierColour, wrap } from './svg.js';

const width = 1720;
const centre = width / 2;
const panelWidth = 594;
const gridLeft = 86;
const column = 122;
const row = 66;
const boxWidth = 164;
const boxHeight = 46;
const regionTop = 172;
const panelTop = 240;
/** Left edges: networks of a, links of a, links of b, networks of b. */
const places = {
  a: { frame: 12, panel: 24, box: 626 },
  b: { frame: 918, panel: 1106, box: 930 },
} as const;

type Site = keyof typeof places;

export function drawRegions(assembly: Assembly, networks: Networks): string {
  const flows = new FlowNumbers();
  const regions = regionsOf(assembly);
  const panels = { a: [] as string[], b: [] as string[] };
  const bottoms = { a: panelTop, b: panelTop };
  for (const name of new Set(networks.subnets.map((s) => networks.networkName(s.vpc)).sort(order)))
    for (const site of [siteOf(name)]) {
      const panel = drawPanel(networks, name, places[site].panel, bottoms[site], flows);
      panels[site].push(...panel.parts);
      bottoms[site] = panel.bottom + 34;
    }
  const links = drawLinks(assembly);
  const legend = flows.legend(places.b.panel, bottoms.b + 10);
  const bottom = Math.max(bottoms.a, links.bottom, legend.bottom);
  return page(bottom + 40, [
    ...drawRegion('a', regions.a, bottom),
    ...drawRegion('b', regions.b, bottom),
    ...drawName(assembly),
    ...panels.a,
    ...panels.b,
    ...links.parts,
    ...legend.parts,
  ]);
}

/** The networks that are in both regions first, so that they stand beside each other. */
const order = (x: string, y: string): number => rank(x) - rank(y);
const rank = (name: string): number =>
  ['Shop', 'Uploads', 'Events'].findIndex((p) => name.startsWith(p));
const siteOf = (name: string): Site => (name.endsWith('-b') ? 'b' : 'a');

function regionsOf(assembly: Assembly): Record<Site, string> {
  const [plan] = assembly.ofType('AWS::ARCRegionSwitch::Plan');
  const [a = '', b = ''] = list(plan?.properties.Regions).map(text);
  return { a, b };
}

function page(height: number, body: string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="Helvetica, Arial, sans-serif">`,
    '<title>Hoist on AWS: both regions, their networks, flows and links</title>',
    '<style>text{font-size:12px;fill:#1b2733}.title{font-size:24px;font-weight:bold}.head{font-size:16px;font-weight:bold}',
    '.small{font-size:10.5px;fill:#51606e}.name{font-size:11px}.bold{font-weight:bold}.middle{text-anchor:middle}.number{font-size:10px;font-weight:bold;fill:#fff;text-anchor:middle}',
    'rect{rx:5}.region{fill:#f7f9fb;stroke:#5b7083;stroke-width:1.5}.network{fill:#fff;stroke:#8fa1b3}.cell{stroke:#b4c1cd}',
    '.box{fill:#fff7e0;stroke:#c9a227}.only{fill:#f1f1f1;stroke:#9aa5ae}.line{fill:none;stroke-width:1.6}</style>',
    '<defs>' +
      Object.entries(colours)
        .map(([way, colour]) => arrowHead(way, colour))
        .join('') +
      '</defs>',
    `<rect x="0" y="0" width="${width}" height="${height}" fill="#ffffff"/>`,
    label(24, 40, 'Hoist on AWS', 'title'),
    label(
      24,
      62,
      'Drawn from the synthesised templates of production. Every flow that is open is shown,',
      'small',
    ),
    label(24, 77, 'and nothing else is: the same list is docs/aws/flows.md.', 'small'),
    ...body,
    '</svg>',
    '',
  ].join('\n');
}

// ---- flows ---------------------------------------------------------------------------------------

const colours: Record<string, string> = {
  firewall: '#c0392b',
  direct: '#30638e',
  NAT: '#8e5a30',
  'internet gateway': '#2e7d32',
  'gateway endpoint': '#6b7a86',
  link: '#7a5c00',
};
const says: Record<string, string> = {
  firewall: 'through the firewall of the zone, both ways',
  direct: 'within the network, by security group and access list',
  NAT: 'out through the NAT gateway of the zone',
  'internet gateway': 'in by the internet gateway',
  'gateway endpoint': 'by a gateway endpoint, to our own tables and buckets',
};
const markerOf = (way: string): string => `end-${way.replace(' ', '-')}`;

const arrowHead = (way: string, colour: string): string =>
  `<marker id="${markerOf(way)}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" orient="auto-start-reverse"><path d="M0 0L8 4L0 8z" fill="${colour}"/></marker>`;

interface Flow {
  readonly from: string;
  readonly to: string;
  readonly way: string;
  readonly ports: Set<number>;
  readonly sources: Set<string>;
  readonly targets: Set<string>;
}

/** The edges of a network, together where tiers and way are the same. */
function flowsOf(networks: Networks, name: string): Flow[] {
  const grouped = new Map<string, Flow>();
  const tierOf = (workload: string): string =>
    networks.workloads.find((w) => w.name === workload && networks.networkName(w.vpc) === name)
      ?.subnets[0]?.tier ?? workload;
  for (const edge of networks.edges().filter((e) => e.network === name)) {
    const [from, to, way] = [tierOf(edge.from), tierOf(edge.to), wayOf(edge)];
    const key = `${from} ${to} ${way}`;
    const flow = grouped.get(key) ?? {
      ...{ from, to, way, ports: new Set(), sources: new Set(), targets: new Set() },
    };
    flow.ports.add(edge.port);
    flow.sources.add(edge.from);
    flow.targets.add(edge.to.replace(/^endpoint .*/, 'endpoints'));
    grouped.set(key, flow);
  }
  return [...grouped.values()];
}

const wayOf = (edge: Edge): string => edge.by.split(',')[0] ?? '';

const named = (workloads: Set<string>): string => [...workloads].map(outside).join(', ');

/** The same flow has the same number wherever it is drawn. */
class FlowNumbers {
  private readonly known = new Map<string, { number: number; way: string }>();

  numberOf({ sources, targets, ports, way }: Flow): number {
    const ordered = [...ports].sort((x, y) => x - y).join(' and ');
    const says = `${named(sources)} to ${named(targets)}, ${ordered}`;
    const found = this.known.get(says) ?? { number: this.known.size + 1, way };
    this.known.set(says, found);
    return found.number;
  }

  legend(x: number, top: number): { parts: string[]; bottom: number } {
    let y = top + 20;
    const parts = [label(x + 14, y, 'Flows, by number', 'head')];
    for (const [says, { number, way }] of this.known) {
      y += 22;
      parts.push(badge(x + 24, y - 4, number, way), label(x + 42, y, says, ''));
    }
    y += 12;
    for (const [way, meaning] of Object.entries(says)) {
      y += 20;
      parts.push(
        `<path class="line" stroke="${colours[way]}" marker-end="url(#${markerOf(way)})" d="M${x + 16} ${y - 4}h34"/>`,
        label(x + 60, y, meaning, 'small'),
      );
    }
    return { parts, bottom: y + 16 };
  }
}

function badge(x: number, y: number, number: number, way: string): string {
  return `<circle cx="${x}" cy="${y}" r="8" fill="${colours[way]}"/>${label(x, y + 3.5, String(number), 'number')}`;
}

// ---- a network -----------------------------------------------------------------------------------

interface Panel {
  readonly parts: string[];
  readonly bottom: number;
}

function drawPanel(
  networks: Networks,
  name: string,
  x: number,
  top: number,
  numbers: FlowNumbers,
): Panel {
  const subnets = networks.subnets.filter((s) => networks.networkName(s.vpc) === name);
  const tiers = [...new Set(subnets.map((s) => s.tier))];
  const zones = [...new Set(subnets.map((s) => s.zone))];
  const bottom = top + 44 + tiers.length * row;
  const rowTop = (tier: string): number => top + 40 + tiers.indexOf(tier) * row;
  const lane = x + gridLeft + zones.length * column;
  return {
    bottom,
    parts: [
      `<rect class="network" x="${x}" y="${top}" width="${panelWidth}" height="${bottom - top}"/>`,
      label(x + 12, top + 18, titles[name.replace(/-[ab]$/, '')] ?? name, 'bold'),
      ...zones.map((zone, i) =>
        label(x + gridLeft + i * column + (column - 8) / 2, top + 34, zone, 'small middle'),
      ),
      ...tiers.flatMap((tier) => [
        label(x + 12, rowTop(tier) + 34, tier, 'bold'),
        ...zones.flatMap((zone, i) =>
          drawSubnet(
            subnets.find((s) => s.tier === tier && s.zone === zone),
            namesIn(networks, subnets, tier),
            x + gridLeft + i * column,
            rowTop(tier),
          ),
        ),
      ]),
      ...drawFlows(flowsOf(networks, name), tiers, rowTop, lane, numbers),
    ],
  };
}

const titles: Record<string, string> = {
  ShopNetwork: 'Three tiers: home, checkout; payments, products, shipping; PostgreSQL',
  UploadsNetwork: 'Uploads: behind CloudFront and its web ACL',
  EventsData: 'Events: no way to the internet',
};

function namesIn(networks: Networks, subnets: Subnet[], tier: string): string {
  const names = networks.workloads
    .filter((w) => w.subnets.some((s) => s.tier === tier && subnets.includes(s)))
    .map((w) => w.name.replace(/^endpoint /, ''));
  return [...new Set(names)].join(', ') || standing(tier);
}

function drawSubnet(subnet: Subnet | undefined, names: string, x: number, y: number): string[] {
  if (!subnet) return [];
  return [
    `<rect class="cell" x="${x}" y="${y}" width="${column - 8}" height="${row - 8}" fill="${tierColour(subnet.tier)}"/>`,
    label(x + 7, y + 15, subnet.cidr, 'small'),
    ...wrap(names, 17, 3).map((line, i) => label(x + 7, y + 28 + 11.5 * i, line, 'name')),
  ];
}

/** To the right of the tiers: flows between tiers as brackets, flows of the outside as arrows. */
function drawFlows(
  flows: Flow[],
  tiers: string[],
  rowTop: (tier: string) => number,
  lane: number,
  numbers: FlowNumbers,
): string[] {
  const taken = new Map<string, number>();
  const slot = (tier: string): number => {
    const n = taken.get(tier) ?? 0;
    taken.set(tier, n + 1);
    return rowTop(tier) + 9 + n * 15;
  };
  let bend = lane + 12;
  return flows.flatMap((flow) => {
    const number = numbers.numberOf(flow);
    const style = `class="line" stroke="${colours[flow.way]}"`;
    const end = `url(#${markerOf(flow.way)})`;
    if (tiers.includes(flow.from) && tiers.includes(flow.to)) {
      const [y1, y2] = [slot(flow.from), slot(flow.to)];
      bend += 20;
      return [
        `<path ${style} marker-end="${end}" d="M${lane - 6} ${y1}H${bend}V${y2}H${lane - 5}"/>`,
        badge(bend, y2 - y1 > 50 ? y2 - 24 : (y1 + y2) / 2, number, flow.way),
      ];
    }
    const out = tiers.includes(flow.from);
    const y = slot(out ? flow.from : flow.to);
    const ends = out ? `marker-end="${end}"` : `marker-start="${end}"`;
    return [
      `<path ${style} ${ends} d="M${lane - 5} ${y}H${lane + 76}"/>`,
      badge(lane + 12, y, number, flow.way),
      label(lane + 80, y + 4, outside(out ? flow.to : flow.from), 'small'),
    ];
  });
}

const outside = (name: string): string =>
  ({ internet: 'Internet', s3: 'S3', dynamodb: 'DynamoDB' })[name] ?? name;

// ---- regions, their public name, their links -----------------------------------------------------

function drawRegion(site: Site, name: string, bottom: number): string[] {
  const x = places[site].frame;
  const says = site === 'a' ? 'first region, active' : 'second region, same capacity, waiting';
  return [
    `<rect class="region" x="${x}" y="${regionTop}" width="790" height="${bottom - regionTop + 12}"/>`,
    label(x + 14, regionTop + 28, `${name}: ${says}`, 'head'),
  ];
}

/** The name that clients use, and to which balancer each of its records leads. */
function drawName(assembly: Assembly): string[] {
  const [group] = assembly
    .ofType('AWS::Route53::RecordSetGroup')
    .filter((r) => r.path.endsWith('/Failover'));
  const records = list(group?.properties.RecordSets).map(fields);
  const name = text(records[0]?.Name).replace(/\.$/, '');
  const line = (site: Site, says: string): string[] => {
    const [from, to] = site === 'a' ? [centre - 130, 300] : [centre + 130, width - 300];
    const dashed = site === 'a' ? '' : ' stroke-dasharray="6 4"';
    return [
      `<path class="line" stroke="${colours.link}"${dashed} marker-end="url(#${markerOf('link')})" d="M${from} 122H${to}V${regionTop - 2}"/>`,
      label((from + to) / 2, 114, says, 'small middle'),
    ];
  };
  return [
    `<rect class="box" x="${centre - 130}" y="92" width="260" height="60"/>`,
    label(centre, 117, name, 'bold middle'),
    label(centre, 136, `Route 53: ${records.length} records, a health check each`, 'small middle'),
    label(centre, 66, 'Clients', 'bold middle'),
    `<path class="line" stroke="${colours.link}" marker-end="url(#${markerOf('link')})" d="M${centre} 72V90"/>`,
    ...line('a', `${text(records[0]?.Failover)}: load balancer`),
    ...line('b', `${text(records[1]?.Failover)}: load balancer`),
  ];
}

interface Link {
  readonly a: string;
  readonly b?: string;
  readonly by: string;
  readonly both: boolean;
}

function linksOf(assembly: Assembly): Link[] {
  const count = (stack: string): number =>
    assembly.inStack(stack).filter((r) => r.type === 'AWS::RDS::DBInstance').length;
  const stack = (name: string, site: Site): string => `${name}-${assembly.environment}-${site}`;
  const databases = assembly.ofType('AWS::RDS::GlobalCluster').map((): Link => {
    const [a, b] = [count(stack('ShopData', 'a')), count(stack('ShopData', 'b'))];
    return {
      a: `Aurora, writer and ${a - 1} readers`,
      b: `Aurora, ${b} readers`,
      by: 'global database',
      both: false,
    };
  });
  const buckets = assembly
    .ofType('AWS::S3::Bucket')
    .filter((r) => r.properties.ReplicationConfiguration && r.path.includes('-a/'))
    .map((r): Link => {
      const name = `shop bucket: ${last(r)}`;
      return { a: name, b: name, by: 'replication', both: true };
    });
  const tables = assembly
    .ofType('AWS::DynamoDB::GlobalTable')
    .filter((r) => list(r.properties.Replicas).length > 1)
    .map((r): Link => {
      const name = `${products[r.path.split(/[-/]/)[0] ?? ''] ?? ''} table: ${last(r).toLowerCase()}`;
      return { a: name, b: name, by: 'replica', both: true };
    });
  return [...databases, ...buckets, ...tables, ...consumersOf(assembly), ...filesOf(assembly)];
}

const products: Record<string, string> = {
  EventsData: 'events',
  ShopStorage: 'shop',
  TaskManagementShared: 'tasks',
};

const last = (r: Resource): string => r.path.split('/').at(-1) ?? '';

function consumersOf(assembly: Assembly): Link[] {
  const state = (site: Site): string => {
    const found = assembly
      .ofType('AWS::Lambda::EventSourceMapping')
      .find((r) => r.stack.endsWith('-b') === (site === 'b'));
    return `tasks: FIFO queue, processor ${found?.properties.Enabled === true ? 'on' : 'off'}`;
  };
  return [{ a: state('a'), b: state('b'), by: 'no copy', both: false }];
}

/** Buckets of the uploads: without a rule of replication they are in one region alone. */
const filesOf = (assembly: Assembly): Link[] =>
  assembly
    .inStack('UploadsStorage')
    .filter((r) => r.type === 'AWS::S3::Bucket' && /(Files|Quarantine)$/.test(r.path))
    .filter((r) => !r.properties.ReplicationConfiguration)
    .map((r) => ({ a: `uploads: ${last(r).toLowerCase()}, here only`, by: '', both: false }));

function drawLinks(assembly: Assembly): { parts: string[]; bottom: number } {
  let y = panelTop + 8;
  const parts = linksOf(assembly).flatMap((link) => {
    const part = drawLink(link, y);
    y += boxHeight + 20;
    return part;
  });
  const plan = drawPlan(assembly, y + 14);
  return { parts: [...parts, ...plan], bottom: y + 130 };
}

function drawLink({ a, b, by, both }: Link, y: number): string[] {
  const middle = y + boxHeight / 2;
  const from = places.a.box + boxWidth;
  const start = both ? ` marker-start="url(#${markerOf('link')})"` : '';
  const line =
    by === 'no copy'
      ? []
      : [
          `<path class="line" stroke="${colours.link}"${start} marker-end="url(#${markerOf('link')})" d="M${from + 2} ${middle}H${places.b.box - 2}"/>`,
        ];
  return [
    ...box(places.a.box, y, a, b === undefined ? 'only' : 'box'),
    ...(b === undefined ? [] : [...box(places.b.box, y, b, 'box'), ...line]),
    label(centre, middle - 6, by, 'small middle'),
  ];
}

function box(x: number, y: number, says: string, kind: string): string[] {
  return [
    `<rect class="${kind}" x="${x}" y="${y}" width="${boxWidth}" height="${boxHeight}"/>`,
    ...wrap(says, 24).map((line, i) => label(x + 8, y + 19 + 15 * i, line, '')),
  ];
}

/** The button: it is in both regions, and acts on what it names. */
function drawPlan(assembly: Assembly, y: number): string[] {
  const [plan] = assembly.ofType('AWS::ARCRegionSwitch::Plan');
  const minutes = text(plan?.properties.RecoveryTimeObjectiveMinutes);
  const steps = list(fields(list(plan?.properties.Workflows)[0]).Steps).length;
  return [
    `<rect class="box" x="${centre - 130}" y="${y}" width="260" height="74"/>`,
    label(centre, y + 22, 'Region switch plan: the button', 'bold middle'),
    label(centre, y + 41, `${steps} stages, at most ${minutes} minutes`, 'small middle'),
    label(centre, y + 58, 'moves the database, the name, the consumers', 'small middle'),
  ];
}
