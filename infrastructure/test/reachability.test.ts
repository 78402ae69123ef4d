import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fields, list, type Assembly, type Template } from '../lib/report/assembly.js';
import { Networks, type Edge } from '../lib/report/network.js';
import { flowTable } from '../lib/report/tables.js';
import { assembly, document, environments } from './support.js';

const prod = new Networks(assembly('prod'));
const line = (edge: Edge): string =>
  `${edge.network}: ${edge.from} -> ${edge.to} ${edge.port} by ${edge.by}`;

function reviewed(): string[] {
  return document('flows.md')
    .split('\n')
    .filter((row) => row.startsWith('| ') && !row.startsWith('| Network'))
    .map((row) => row.trim());
}

test('what can reach what is exactly what docs/aws/flows.md says', () => {
  const found = flowTable(prod.edges());
  const expected = reviewed();
  assert.deepEqual(
    found.filter((row) => !expected.includes(row)),
    [],
    'open, but not reviewed',
  );
  assert.deepEqual(
    expected.filter((row) => !found.includes(row)),
    [],
    'reviewed, but closed',
  );
});

test('only products reaches the database of the three tiers, on 5432', () => {
  for (const name of environments) {
    const edges = new Networks(assembly(name)).edges().filter((e) => e.network.startsWith('Shop'));
    const to = edges.filter((e) => e.to === 'database').map((e) => `${e.from} ${e.port}`);
    assert.deepEqual([...new Set(to)], ['products 5432'], name);
    assert.equal(to.length, 2, 'once in each region');
  }
});

test('the internet reaches load balancers on 80 and 443 and nothing else', () => {
  for (const name of environments) {
    const edges = new Networks(assembly(name)).edges().filter((e) => e.from === 'internet');
    assert.deepEqual([...new Set(edges.map((e) => e.to))], ['load balancer']);
    for (const edge of edges) assert.ok([80, 443].includes(edge.port), line(edge));
  }
});

test('nothing comes into payments, products and shipping', () => {
  const into = prod.edges().filter((e) => ['payments', 'products', 'shipping'].includes(e.to));
  assert.deepEqual(into.map(line), []);
});

test('every flow between tiers of the shop passes the firewall, in both directions', () => {
  const inner = prod
    .edges()
    .filter((e) => e.network.startsWith('Shop') && e.from !== 'internet')
    .filter((e) => !['internet', 's3', 'dynamodb'].includes(e.to));
  assert.ok(inner.length > 20);
  assert.deepEqual(inner.filter((e) => e.by !== 'firewall').map(line), []);
  assert.deepEqual(
    prod
      .edges()
      .filter((e) => e.by === 'asymmetric')
      .map(line),
    [],
  );
});

test('from the shop only payments and shipping reach the internet, and only named hosts', () => {
  const out = prod.edges().filter((e) => e.network.startsWith('Shop') && e.to === 'internet');
  assert.deepEqual([...new Set(out.map((e) => e.from))], ['payments', 'shipping']);
  for (const edge of out) assert.match(edge.by, /^firewall, to \S+ and \S+, NAT$/);
});

test('data subnets have no way to the internet at all', () => {
  for (const name of environments) {
    const networks = new Networks(assembly(name));
    const routes = networks.routes.filter((r) => r.subnet.tier === 'data');
    assert.deepEqual(
      routes.filter((r) => r.destination === '0.0.0.0/0'),
      [],
    );
  }
});

test('ingress is blocked for all networks but the subnets of load balancers', () => {
  const excluded = assembly('prod')
    .ofType('AWS::EC2::VPCBlockPublicAccessExclusion')
    .map((r) => assembly('prod').resolve(r.properties.SubnetId, r.stack));
  const balancers = prod.workloads.filter((w) => w.addressable && w.vpc.startsWith('Shop'));
  assert.deepEqual(
    [...excluded].sort(),
    balancers.flatMap((w) => w.subnets.map((s) => s.id)).sort(),
  );
});

// ---- the proof itself: each of these holes must show -------------------------------------------

function edgesOf(change: (templates: Template[]) => void): string[] {
  const altered: Assembly = assembly('prod').altered(change);
  const before = new Set(prod.edges().map(line));
  return new Networks(altered)
    .edges()
    .map(line)
    .filter((edge) => !before.has(edge));
}

const resourcesOf = (templates: Template[], stack: string): ReturnType<typeof fields> =>
  fields(templates.find((t) => t.stack === stack)?.body.Resources);

test('a database group that opens 443 to everybody adds no flow: lists and firewall hold it off', () => {
  const added = edgesOf((templates) => {
    for (const r of Object.values(resourcesOf(templates, 'ShopData-prod-a')).map(fields))
      if (r.Type === 'AWS::EC2::SecurityGroup')
        fields(r.Properties).SecurityGroupIngress = [
          { CidrIp: '0.0.0.0/0', IpProtocol: 'tcp', FromPort: 443, ToPort: 443 },
        ];
  });
  assert.deepEqual(added, []);
});

test('a database opened in group, list and firewall shows as a flow', () => {
  const added = edgesOf((templates) => {
    const backend = resourcesOf(templates, 'ShopBackend-prod-a');
    for (const r of Object.values(backend).map(fields))
      if (r.Type === 'AWS::EC2::SecurityGroup')
        list(fields(r.Properties).SecurityGroupEgress).push({
          CidrIp: '10.10.0.0/16',
          IpProtocol: 'tcp',
          FromPort: 5432,
          ToPort: 5432,
        });
    const data = resourcesOf(templates, 'ShopData-prod-a');
    for (const r of Object.values(data).map(fields))
      if (r.Type === 'AWS::EC2::SecurityGroup')
        fields(r.Properties).SecurityGroupIngress = [
          { CidrIp: '10.10.0.0/16', IpProtocol: 'tcp', FromPort: 5432, ToPort: 5432 },
        ];
  });
  assert.ok(
    added.includes('ShopNetwork-a: payments -> database 5432 by firewall'),
    added.join('\n'),
  );
  assert.ok(added.includes('ShopNetwork-a: shipping -> database 5432 by firewall'));
});

test('a route that leaves the way back out of the firewall shows as asymmetric', () => {
  const added = edgesOf((templates) => {
    const network = resourcesOf(templates, 'ShopNetwork-prod-a');
    const [hit] = Object.entries(network).filter(
      ([id, r]) => fields(r).Type === 'AWS::EC2::Route' && /dataSubnet1.*Tobackend0/.test(id),
    );
    assert.ok(hit);
    Reflect.deleteProperty(network, hit[0]);
  });
  assert.ok(added.includes('ShopNetwork-a: products -> database 5432 by asymmetric'));
});

test('a default route to the internet gateway shows where a public address would be used', () => {
  const added = edgesOf((templates) => {
    const frontend = resourcesOf(templates, 'ShopFrontend-prod-a');
    for (const r of Object.values(frontend).map(fields))
      if (r.Type === 'AWS::EC2::SecurityGroup')
        fields(r.Properties).SecurityGroupIngress = [
          { CidrIp: '0.0.0.0/0', IpProtocol: 'tcp', FromPort: 22, ToPort: 22 },
        ];
    const network = resourcesOf(templates, 'ShopNetwork-prod-a');
    for (const r of Object.values(network).map(fields))
      if (r.Type === 'AWS::EC2::NetworkAclEntry')
        Object.assign(fields(r.Properties), {
          Protocol: -1,
          CidrBlock: '0.0.0.0/0',
          RuleAction: 'allow',
        });
  });
  assert.ok(added.includes('ShopNetwork-a: internet -> load balancer 22 by internet gateway'));
});
