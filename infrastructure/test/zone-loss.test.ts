import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../config/load.js';
import { list, text, type Resource } from '../lib/report/assembly.js';
import { Networks } from '../lib/report/network.js';
import { assembly } from './support.js';

const prod = assembly('prod');
const networks = new Networks(prod);
const config = loadConfig({ environment: 'prod' }, {});

/** Of `count` spread evenly over `zones`, those left when the fullest zone is gone. */
const left = (count: number, zones = 3): number => count - Math.ceil(count / zones);

function minimum(service: string, stack: string): number {
  const target = prod
    .ofType('AWS::ApplicationAutoScaling::ScalableTarget')
    .find((r) => r.stack.startsWith(stack) && r.path.includes(`/${service}/`));
  assert.ok(target, `${stack} ${service} scales`);
  return Number(target.properties.MinCapacity);
}

test('every workload in a network has subnets in three zones', () => {
  for (const workload of networks.workloads) {
    const zones = new Set(workload.subnets.map((subnet) => subnet.zone));
    assert.equal(zones.size, 3, `${workload.vpc} ${workload.name}`);
  }
});

test('home and checkout hold their peak with two zones, in both regions', () => {
  const { peak } = config.shop.frontendTasks;
  for (const stack of ['ShopFrontend-prod-a', 'ShopFrontend-prod-b'])
    for (const app of ['home', 'checkout'])
      assert.ok(left(minimum(app, stack)) >= peak, `${stack} ${app}`);
});

test('the upload API and its workers hold their peak with two zones', () => {
  const { peak, worker } = config.uploads;
  assert.ok(left(minimum('Api', 'UploadsService')) >= peak.apiTasks);
  const concurrency = left(minimum('Worker', 'UploadsService')) * worker.concurrencyPerTask;
  assert.ok(concurrency >= peak.workerConcurrency, String(concurrency));
});

test('what has fewer tasks does not pass', () => {
  assert.equal(left(2), 1);
  assert.equal(left(3), 2);
  assert.ok(left(2) < config.shop.frontendTasks.peak);
});

test('databases keep a writer when a zone is gone, and the shop a reader beside it', () => {
  const zonesOf = (stack: string): string[] =>
    prod
      .ofType('AWS::RDS::DBInstance')
      .filter((r) => r.stack === stack)
      .map((r) => text(r.properties.AvailabilityZone));
  for (const stack of ['ShopData-prod-a', 'ShopData-prod-b'])
    assert.equal(new Set(zonesOf(stack)).size, 3, stack);
  assert.equal(new Set(zonesOf('UploadsData-prod')).size, 2);
  const [index] = prod.inStack('EventsData').filter((r) => r.type === 'AWS::RDS::DBInstance');
  assert.equal(index?.properties.MultiAZ, true);
  const [cache] = prod.ofType('AWS::ElastiCache::ReplicationGroup');
  assert.equal(cache?.properties.MultiAZEnabled, true);
  assert.equal(cache.properties.NumCacheClusters, 3);
});

// A subnet's way out, its firewall endpoint and its NAT gateway are all in its own zone.
test('no zone leaves through the NAT gateway or the firewall of another', () => {
  const natZone = new Map(prod.ofType('AWS::EC2::NatGateway').map((nat) => [nat.id, zoneOf(nat)]));
  let checked = 0;
  for (const route of networks.routes.filter((r) => r.destination === '0.0.0.0/0')) {
    if (route.kind === 'internet') continue;
    const zone =
      route.kind === 'nat'
        ? natZone.get(route.target)
        : networks.subnets.find((s) => s.id === route.target)?.zone;
    assert.equal(zone, route.subnet.zone, route.subnet.resource.path);
    ++checked;
  }
  assert.ok(checked >= 15, String(checked));
});

test('a flow between tiers uses the firewall endpoint of the zone that opened it', () => {
  const inner = networks.routes.filter(
    (r) => r.kind === 'firewall' && r.destination !== '0.0.0.0/0' && r.subnet.tier === 'backend',
  );
  assert.ok(inner.length > 0);
  for (const route of inner) {
    const endpoint = networks.subnets.find((s) => s.id === route.target);
    assert.equal(endpoint?.zone, route.subnet.zone);
  }
});

test('tasks are spread over zones again after one returns', () => {
  for (const service of prod.ofType('AWS::ECS::Service'))
    assert.equal(service.properties.AvailabilityZoneRebalancing, 'ENABLED', service.path);
});

function zoneOf(nat: Resource): string {
  const subnet = list(nat.properties.SubnetId)[0];
  const id = prod.resolve(subnet, nat.stack);
  return networks.subnets.find((s) => s.id === id)?.zone ?? '';
}
