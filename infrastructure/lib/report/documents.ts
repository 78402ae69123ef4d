// The generated part of docs/aws: file name to content. `npm run docs` writes it, a test compares.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import prices from '../../config/prices.json';
import { fields, list, text, type Assembly, type Fields } from './assembly.js';
import { CostModel, priceTable, total, useAt150, useAt450 } from './cost.js';
import { Networks } from './network.js';
import { drawRegions } from './region-map.js';
import { drawNetwork } from './svg.js';
import { costTable, groupTable, roleTable, routeTable, stackTable, table } from './tables.js';

const head = (title: string, says: string): string =>
  `# ${title}\n\nGenerated from the templates of production (\`npm run docs\` in infrastructure/). ${says}\n\n`;

export function documents(assembly: Assembly, folder: string): Record<string, string> {
  const networks = new Networks(assembly);
  const cost = new CostModel(assembly);
  const order = deploymentOrder(folder);
  return {
    'routes.md':
      head('Routes', 'Beside these, every subnet has the local route of its network.') +
      routeTable(networks),
    'security-groups.md':
      head('Security groups', 'A group without a row has no rule: it lets nothing through.') +
      groupTable(assembly, networks),
    'roles.md':
      head(
        'IAM roles',
        'Where both regions have the same role it is listed once. Account and region are left out of names.',
      ) + roleTable(assembly),
    'stacks.md':
      head('Stacks', 'In an order in which they can be deployed.') + stackTable(assembly, order),
    'region-links.md':
      head('Links between the regions', 'Everything that crosses from one to the other.') +
      linkTable(assembly),
    'cost.md': costDocument(cost),
    'regions.svg': drawRegions(assembly, networks),
    'shop-a.svg': drawNetwork(networks, 'ShopNetwork-a', 'Three tiers, first region'),
    'shop-b.svg': drawNetwork(networks, 'ShopNetwork-b', 'Three tiers, second region'),
    'uploads.svg': drawNetwork(networks, 'UploadsNetwork', 'Uploads'),
    'events.svg': drawNetwork(networks, 'EventsData', 'Events'),
  };
}

function costDocument(cost: CostModel): string {
  const uploads = (title: string, use: typeof useAt150): string =>
    `## Uploads, ${title}\n\n${costTable(cost.uploads(use))}\n`;
  const regions = [...cost.shop('a'), ...cost.shop('b'), ...cost.regions()];
  return (
    head('Cost', 'Prices: infrastructure/config/prices.json, with their date and sources.') +
    uploads('150 tenants, 5,000 files a day', useAt150) +
    uploads('450 tenants, 15,000 files a day', useAt450) +
    `## Three tiers, one region\n\n${costTable(cost.shop('a'))}\n` +
    `## Three tiers, for having two regions\n\n${costTable(cost.regions())}\n` +
    `Both regions together: ${total(regions).toFixed(2)} USD a month, before traffic.\n\n` +
    `## Ordered tasks, 5,000 a day\n\n${costTable(cost.tasksOf(5000))}\n` +
    notCounted +
    priceList()
  );
}

const notCounted =
  '## Not counted\n\nThe events stacks (SQL Server is paid with its licence, by the hour, for two ' +
  'zones), container insights, flow logs, backups, traffic between zones, what the firewall, the ' +
  'endpoints and the functions of the three tiers are paid by use, the domain.\n\n';

function priceList(): string {
  const rows = Object.values(priceTable).map((p) => [
    `[${p.list.replace('https://aws.amazon.com/', '').replace(/\/$/, '')}](${p.list})`,
    p.per,
    String(p.usd),
    p.source,
    p.as_of,
  ]);
  return `## Prices\n\n${prices.note}\n\n${table(['List', 'Unit', 'USD', 'Compared with', 'As of'], rows)}`;
}

/** What the manifest says each stack needs first. */
function deploymentOrder(folder: string): string[] {
  const manifest = JSON.parse(readFileSync(path.join(folder, 'manifest.json'), 'utf8')) as Fields;
  const artifacts = fields(manifest.artifacts);
  const stacks = Object.keys(artifacts).filter(
    (name) => fields(artifacts[name]).type === 'aws:cloudformation:stack',
  );
  const done: string[] = [];
  const visit = (name: string): void => {
    if (done.includes(name)) return;
    for (const before of list(fields(artifacts[name]).dependencies).map(text))
      if (stacks.includes(before)) visit(before);
    done.push(name);
  };
  stacks.forEach(visit);
  return done;
}

function linkTable(assembly: Assembly): string {
  const rows: string[][] = [];
  for (const r of assembly.ofType('AWS::RDS::GlobalCluster'))
    rows.push([
      'Aurora Global Database',
      r.path,
      'storage replication, usually under a second behind',
    ]);
  for (const r of assembly.ofType('AWS::DynamoDB::GlobalTable'))
    rows.push([
      'DynamoDB replica',
      r.path,
      list(r.properties.Replicas)
        .map((x) => text(fields(x).Region))
        .join(' and '),
    ]);
  for (const r of assembly
    .ofType('AWS::S3::Bucket')
    .filter((b) => b.properties.ReplicationConfiguration))
    rows.push([
      'S3 replication',
      r.path,
      'to the bucket of the other site; 15 minutes at most, usually seconds',
    ]);
  for (const r of assembly.ofType('AWS::ARCRegionSwitch::Plan'))
    rows.push(['Region switch plan', r.path, list(r.properties.Regions).map(text).join(' and ')]);
  for (const r of assembly.ofType('AWS::Route53::RecordSetGroup'))
    rows.push(['DNS', r.path, 'one alias for each region']);
  return table(['Link', 'Where', 'What it carries'], rows);
}
