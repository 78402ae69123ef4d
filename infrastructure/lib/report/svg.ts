// A drawing of a network, from its templates: zones as columns, tiers as rows, flows at the side.
import type { Edge, Networks, Subnet } from './network.js';

const column = 190;
const row = 64;
const left = 110;
const top = 70;

/** One network as an SVG that stands by itself. */
export function drawNetwork(networks: Networks, name: string, title: string): string {
  const subnets = networks.subnets.filter((s) => networks.networkName(s.vpc) === name);
  const tiers = [...new Set(subnets.map((s) => s.tier))];
  const zones = [...new Set(subnets.map((s) => s.zone))];
  const edges = networks.edges().filter((e) => e.network === name);
  const height = top + tiers.length * row + 70;
  const side = left + zones.length * column + 20;
  const body = [
    ...zones.map((zone, i) => label(left + i * column + column / 2 - 8, top - 14, zone, 'zone')),
    ...tiers.flatMap((tier, i) => drawTier(networks, tier, i, zones, subnets)),
    ...drawFlows(networks, edges, tiers, side),
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${side + 560} ${height}" font-family="sans-serif">`,
    `<title>${escape(title)}</title>`,
    '<style>text{font-size:11px;fill:#1b2733}.zone,.tier{font-weight:bold}.small{font-size:9px;fill:#51606e}',
    '.title{font-size:15px;font-weight:bold}rect{stroke:#8fa1b3;rx:4}.flow{stroke:#30638e;fill:none;stroke-width:1.3}</style>',
    '<defs><marker id="end" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">',
    '<path d="M0 0L8 4L0 8z" fill="#30638e"/></marker></defs>',
    `<rect x="0.5" y="0.5" width="${side + 559}" height="${height - 1}" fill="#ffffff"/>`,
    label(16, 26, title, 'title'),
    label(side - 14, 18, 'the internet, S3, DynamoDB', 'small'),
    ...body,
    label(
      16,
      height - 14,
      'Drawn from the synthesised templates; every flow that is open is shown.',
      'small',
    ),
    '</svg>',
    '',
  ].join('\n');
}

function drawTier(
  networks: Networks,
  tier: string,
  index: number,
  zones: string[],
  subnets: Subnet[],
): string[] {
  const y = top + index * row;
  const fill = tierColour(tier);
  const names = [
    ...new Set(
      networks.workloads
        .filter((w) => w.subnets.some((s) => s.tier === tier && subnets.includes(s)))
        .map((w) => w.name),
    ),
  ];
  const content =
    names.length > 0 ? names.map((n) => n.replace(/^endpoint /, '')).join(', ') : standing(tier);
  return [
    label(14, y + 30, tier, 'tier'),
    ...zones.flatMap((zone, i) => {
      const subnet = subnets.find((s) => s.tier === tier && s.zone === zone);
      const x = left + i * column;
      return [
        `<rect x="${x}" y="${y}" width="${column - 14}" height="${row - 12}" fill="${fill}"/>`,
        label(x + 8, y + 18, subnet?.cidr ?? '', 'small'),
        ...wrap(content, 30).map((part, n) => label(x + 8, y + 32 + 11 * n, part, '')),
      ];
    }),
  ];
}

export const standing = (tier: string): string =>
  ({ egress: 'NAT gateway', firewall: 'firewall endpoint' })[tier] ?? '';

function drawFlows(networks: Networks, edges: Edge[], tiers: string[], x: number): string[] {
  const tierOf = (name: string): number => {
    const workload = networks.workloads.find(
      (w) => w.name === name && networks.networkName(w.vpc) === edges[0]?.network,
    );
    return tiers.indexOf(workload?.subnets[0]?.tier ?? '');
  };
  const grouped = new Map<string, FlowGroup>();
  for (const edge of edges) {
    const [from, to] = [tierOf(edge.from), tierOf(edge.to)];
    const way = edge.by.split(',')[0] ?? '';
    const key = `${from} ${to} ${edge.port} ${way}`;
    const known = grouped.get(key) ?? {
      from,
      to,
      way: `${edge.port}, ${way}`,
      sources: new Set<string>(),
      targets: new Set<string>(),
    };
    known.sources.add(edge.from);
    known.targets.add(edge.to.replace(/^endpoint .*/, 'endpoints'));
    grouped.set(key, known);
  }
  return [...grouped.values()].flatMap((group, i) => {
    const { from, to } = group;
    const at = (tier: number): number => (tier < 0 ? top - 40 : top + tier * row + 22);
    const bend = x + 20 + i * 16;
    const y1 = at(from) + i * 2;
    const y2 = at(to) + i * 2 + (from === to ? 10 : 0);
    const outside = from < 0 || to < 0;
    return [
      `<path class="flow" marker-end="url(#end)" d="M${x - 16} ${y1}H${bend}V${y2}H${x - 16}"${outside ? ' stroke-dasharray="4 3"' : ''}/>`,
      label(x + 190, top + i * 22 - 20, `${i + 1}. ${says(group)}`, ''),
      label(bend + 3, (y1 + y2) / 2, String(i + 1), 'small'),
    ];
  });
}

interface FlowGroup {
  readonly from: number;
  readonly to: number;
  readonly way: string;
  readonly sources: Set<string>;
  readonly targets: Set<string>;
}

const says = ({ sources, targets, way }: FlowGroup): string =>
  `${[...sources].join(', ')} to ${[...targets].join(', ')}: ${way}`;

export function wrap(value: string, width: number, linesMax = 2): string[] {
  const lines: string[] = [];
  for (const word of value.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.slice(0, linesMax);
}

export function tierColour(tier: string): string {
  const colours: Record<string, string> = {
    public: '#fde8d7',
    egress: '#fdf3d7',
    firewall: '#f9d7d7',
    frontend: '#dcebf7',
    service: '#dcebf7',
    function: '#dcebf7',
    backend: '#dff2e1',
    data: '#e9e1f4',
    endpoints: '#e8ecef',
  };
  return colours[tier] ?? '#f4f4f4';
}

export function label(x: number, y: number, value: string, kind: string): string {
  const style = kind ? ` class="${kind}"` : '';
  return `<text x="${x}" y="${y}"${style}>${escape(value)}</text>`;
}

const escape = (value: string): string =>
  value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
