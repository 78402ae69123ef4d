// AWS assesses its own multi-region sample (aws-samples/sample-multi-region-resilient-microservice-
// on-aws, docs/ngrh-findings-ground-truth.md, 2026-06-17) and lists 35 findings against it. Each is
// held against our templates here, under its own heading, or does not apply for the reason given.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fields, list, text, type Json, type Resource } from '../lib/report/assembly.js';
import { assembly } from './support.js';

const prod = assembly('prod');
const all = (type: string): Resource[] => {
  const found = prod.ofType(type);
  assert.ok(found.length > 0, type);
  return found;
};
const attribute = (r: Resource, property: string, key: string): string =>
  text(
    list(r.properties[property])
      .map(fields)
      .find((a) => a.Key === key)?.Value,
  );

function onDemandOnly(): void {
  for (const service of all('AWS::ECS::Service')) {
    const strategy = list(service.properties.CapacityProviderStrategy).map(fields);
    assert.deepEqual(
      strategy.map((s) => s.CapacityProvider),
      ['FARGATE'],
      service.path,
    );
    assert.ok(Number(strategy[0]?.Base) >= 2, service.path);
  }
}

function shortKeepAlive(): void {
  for (const balancer of all('AWS::ElasticLoadBalancingV2::LoadBalancer'))
    assert.equal(attribute(balancer, 'LoadBalancerAttributes', 'client_keep_alive.seconds'), '180');
}

function protectedBalancers(): void {
  for (const balancer of all('AWS::ElasticLoadBalancingV2::LoadBalancer'))
    assert.equal(
      attribute(balancer, 'LoadBalancerAttributes', 'deletion_protection.enabled'),
      'true',
    );
}

function failOpen(): void {
  const key = 'target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage';
  for (const group of all('AWS::ElasticLoadBalancingV2::TargetGroup'))
    assert.equal(attribute(group, 'TargetGroupAttributes', key), '50', group.path);
}

function threeZones(): void {
  for (const service of all('AWS::ECS::Service').filter((r) => r.stack.startsWith('Shop'))) {
    assert.ok(Number(service.properties.DesiredCount) >= 3, service.path);
    const network = fields(fields(service.properties.NetworkConfiguration).AwsvpcConfiguration);
    assert.equal(list(network.Subnets).length, 3);
  }
}

function stepsBesideEachOther(): void {
  const [plan] = all('AWS::ARCRegionSwitch::Plan');
  const steps = list(fields(list(plan?.properties.Workflows)[0]).Steps).map(fields);
  const first = fields(steps[0]);
  assert.equal(first.ExecutionBlockType, 'Parallel', 'capacity is confirmed beside the checks');
  assert.equal(plan?.properties.RecoveryTimeObjectiveMinutes, 10);
}

function lockedBackups(stacks: string[]): void {
  for (const stack of stacks) {
    const vault = all('AWS::Backup::BackupVault').find((r) => r.stack.startsWith(stack));
    assert.equal(fields(vault?.properties.LockConfiguration).MinRetentionDays, 35, stack);
    const plan = all('AWS::Backup::BackupPlan').find((r) => r.stack.startsWith(stack));
    assert.ok(plan, stack);
  }
}

function protectedClusters(): void {
  for (const cluster of [...all('AWS::RDS::DBCluster'), ...all('AWS::RDS::GlobalCluster')])
    assert.equal(cluster.properties.DeletionProtection, true, cluster.path);
}

function protectedTables(): void {
  for (const table of all('AWS::DynamoDB::GlobalTable'))
    for (const replica of list(table.properties.Replicas).map(fields)) {
      assert.equal(
        replica.DeletionProtectionEnabled,
        true,
        `${table.path} ${text(replica.Region)}`,
      );
      assert.equal(
        fields(replica.PointInTimeRecoverySpecification).PointInTimeRecoveryEnabled,
        true,
      );
    }
}

function readsGoToReaders(): void {
  const settings = all('AWS::Lambda::Function').map((fn) => ({
    stack: fn.stack,
    ...fields(fields(fn.properties.Environment).Variables),
  })) as { stack: string; HOIST_DATABASE_URL?: Json; HOIST_SHOP_READ_URL?: Json }[];
  const callers = settings.filter((s) => s.HOIST_DATABASE_URL);
  assert.equal(callers.length, 2, 'products, in both regions');
  for (const { stack, HOIST_DATABASE_URL: writer, HOIST_SHOP_READ_URL: reader } of callers) {
    assert.match(prod.resolve(writer, stack), /Cluster\w*\.Endpoint\.Address/);
    assert.match(prod.resolve(reader, stack), /Cluster\w*\.ReadEndpoint\.Address/);
  }
}

function twoReaders(): void {
  for (const stack of ['ShopData-prod-a', 'ShopData-prod-b'])
    assert.equal(all('AWS::RDS::DBInstance').filter((r) => r.stack === stack).length, 3);
}

function cacheSurvives(): void {
  for (const cache of all('AWS::ElastiCache::ReplicationGroup')) {
    assert.equal(cache.properties.AutomaticFailoverEnabled, true);
    assert.equal(cache.properties.MultiAZEnabled, true);
  }
}

function cacheSnapshots(): void {
  for (const cache of all('AWS::ElastiCache::ReplicationGroup'))
    assert.ok(Number(cache.properties.SnapshotRetentionLimit) >= 7);
}

function acceleratedZone(): void {
  for (const zone of all('AWS::Route53::HostedZone'))
    assert.equal(fields(zone.properties.HostedZoneFeatures).EnableAcceleratedRecovery, true);
}

function noBroker(): void {
  assert.deepEqual(
    prod.resources.filter((r) => r.type.startsWith('AWS::AmazonMQ')),
    [],
  );
}

function noSessionsInCaches(): void {
  const shop = prod.resources.filter((r) => r.stack.startsWith('Shop'));
  assert.deepEqual(
    shop.filter((r) => r.type.startsWith('AWS::ElastiCache')),
    [],
  );
}

const findings: [string, () => void][] = [
  ['ui 1: Fargate Spot only', onDemandOnly],
  ['ui 2: client keep-alive of an hour', shortKeepAlive],
  ['ui 3: zone without accelerated recovery', acceleratedZone],
  ['ui 4: balancers can be deleted', protectedBalancers],
  ['ui 5: no threshold of healthy targets', failOpen],
  ['ui 6: two of three zones', threeZones],
  ['catalog 1: steps in a row exceed the recovery time', stepsBesideEachOther],
  ['catalog 2: client keep-alive of an hour', shortKeepAlive],
  ['catalog 3: balancers can be deleted', protectedBalancers],
  ['catalog 4: reads go to the writer', readsGoToReaders],
  ['catalog 5: two of three zones', threeZones],
  [
    'catalog 6: global database without locked backups and protection',
    () => {
      lockedBackups(['ShopData-prod-a', 'ShopData-prod-b', 'UploadsData']);
      protectedClusters();
    },
  ],
  ['catalog 7: no threshold of healthy targets', failOpen],
  ['catalog 8: one instance is left after a zone', twoReaders],
  ['catalog 9: Fargate Spot only', onDemandOnly],
  ['cart 1: global table can be deleted', protectedTables],
  ['cart 2: client keep-alive of an hour', shortKeepAlive],
  ['cart 3: balancers can be deleted', protectedBalancers],
  ['cart 4: no threshold of healthy targets', failOpen],
  ['cart 5: Fargate Spot only', onDemandOnly],
  [
    'cart 6: table without locked backups',
    (): void => {
      lockedBackups(['ShopStorage-prod-a']);
    },
  ],
  // Orders are in the outbox, a table with a replica; the three tiers have no session store.
  ['checkout 1: sessions are lost in a failover', noSessionsInCaches],
  ['checkout 2: balancers can be deleted', protectedBalancers],
  ['checkout 3: Fargate Spot only', onDemandOnly],
  ['checkout 4: Redis without replicas', cacheSurvives],
  ['checkout 5: steps in a row exceed the recovery time', stepsBesideEachOther],
  ['checkout 6: Redis without snapshots', cacheSnapshots],
  // There is no broker to be alone: queues are SQS, which has no instances.
  ['orders 1: broker with one instance', noBroker],
  // We have no DSQL; the same is asked of the database that holds orders.
  [
    'orders 2: no backup against corruption',
    (): void => {
      lockedBackups(['ShopData-prod-a']);
    },
  ],
  ['orders 3: no threshold of healthy targets', failOpen],
  [
    'orders 4: clusters and balancers can be deleted',
    () => {
      protectedClusters();
      protectedBalancers();
    },
  ],
  ['orders 5: client keep-alive of an hour', shortKeepAlive],
  ['orders 6: Fargate Spot only', onDemandOnly],
  ['orders 7: two of three zones', threeZones],
  ['assets 1: Fargate Spot only', onDemandOnly],
];

test('all 35 findings are here', () => {
  assert.equal(findings.length, 35);
});

for (const [name, check] of findings) test(name, check);
