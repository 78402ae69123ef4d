import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fields, list, text, type Resource } from '../lib/report/assembly.js';
import { assembly } from './support.js';

const prod = assembly('prod');
const of = (type: string): Resource[] =>
  prod.ofType(type).filter((r) => r.stack.startsWith('Shop'));

test('each backend application is a function behind its own private API, called with IAM', () => {
  for (const site of ['a', 'b']) {
    const stack = `ShopBackend-prod-${site}`;
    const apis = of('AWS::ApiGateway::RestApi').filter((r) => r.stack === stack);
    assert.deepEqual(apis.map((r) => text(r.properties.Name)).sort(), [
      'hoist-shop-payments-prod',
      'hoist-shop-products-prod',
      'hoist-shop-shipping-prod',
    ]);
    for (const api of apis) {
      assert.deepEqual(fields(api.properties.EndpointConfiguration).Types, ['PRIVATE']);
      const statements = list(fields(api.properties.Policy).Statement).map(fields);
      const [deny] = statements.filter((s) => s.Effect === 'Deny');
      assert.ok(fields(fields(deny?.Condition).StringNotEquals)['aws:SourceVpce']);
    }
    const methods = of('AWS::ApiGateway::Method').filter((r) => r.stack === stack);
    for (const method of methods) assert.equal(method.properties.AuthorizationType, 'AWS_IAM');
  }
});

test('there is one PostgreSQL: a global cluster with a member in each region', () => {
  const [global, ...others] = of('AWS::RDS::GlobalCluster');
  assert.deepEqual(others, []);
  const clusters = of('AWS::RDS::DBCluster');
  assert.equal(clusters.length, 2);
  const [first, second] = clusters;
  assert.equal(
    prod.target(global?.properties.SourceDBClusterIdentifier, global?.stack ?? ''),
    first,
  );
  assert.equal(
    second?.properties.GlobalClusterIdentifier,
    global?.properties.GlobalClusterIdentifier,
  );
  assert.equal(second?.properties.MasterUsername, undefined);
  for (const cluster of clusters) {
    assert.equal(cluster.properties.Engine, 'aurora-postgresql');
    assert.equal(cluster.properties.EnableIAMDatabaseAuthentication, true);
    assert.equal(cluster.properties.StorageEncrypted, true);
    assert.ok(cluster.properties.KmsKeyId, 'an encrypted replica needs a key of its own region');
  }
});

test('both metadata buckets are replicated both ways, deletions too', () => {
  const buckets = of('AWS::S3::Bucket').filter((r) => r.stack.startsWith('ShopStorage'));
  assert.equal(buckets.length, 4);
  const names = buckets.map((b) => prod.resolve(b.properties.BucketName, b.stack));
  for (const bucket of buckets) {
    const [rule] = list(fields(bucket.properties.ReplicationConfiguration).Rules).map(fields);
    assert.equal(rule?.Status, 'Enabled');
    assert.equal(fields(rule.DeleteMarkerReplication).Status, 'Enabled');
    const destination = fields(rule.Destination);
    const target = prod
      .resolve(destination.Bucket, bucket.stack)
      .replace('arn:<Partition>:s3:::', '');
    const own = prod.resolve(bucket.properties.BucketName, bucket.stack);
    assert.ok(names.includes(target) && target !== own, `${own} -> ${target}`);
    assert.equal(fields(fields(destination.ReplicationTime).Time).Minutes, 15);
  }
});

test('what must outlive a region is in tables with a replica over there', () => {
  for (const table of of('AWS::DynamoDB::GlobalTable'))
    assert.deepEqual(
      list(table.properties.Replicas)
        .map((r) => fields(r).Region)
        .sort(),
      ['us-east-1', 'us-west-2'],
    );
  assert.equal(of('AWS::DynamoDB::GlobalTable').length, 2);
});

test('lag is warned of at 2 s and pages at 30 s, in both regions', () => {
  const lag = of('AWS::CloudWatch::Alarm').filter(
    (r) => r.properties.MetricName === 'AuroraGlobalDBProgressLag',
  );
  assert.deepEqual(
    lag.map((r) => Number(r.properties.Threshold)).sort((x, y) => x - y),
    [2000, 2000, 30000, 30000],
  );
});

test('a region accuses the other only when it is well itself', () => {
  const composites = prod.ofType('AWS::CloudWatch::CompositeAlarm');
  assert.equal(composites.length, 2);
  for (const alarm of composites) {
    const rule = prod.resolve(alarm.properties.AlarmRule, alarm.stack);
    assert.match(rule, /ALARM\(.*AND OK\(/);
  }
});

test('front ends are deployed by canary and rolled back by alarms, in both regions', () => {
  const services = of('AWS::ECS::Service');
  assert.equal(services.length, 4);
  for (const service of services) {
    const deployment = fields(service.properties.DeploymentConfiguration);
    assert.equal(deployment.Strategy, 'CANARY', service.path);
    assert.equal(fields(deployment.Alarms).Rollback, true);
    assert.equal(deployment.MinimumHealthyPercent, 100);
  }
});

test('containers cannot write to their own files, and run without a public address', () => {
  for (const task of prod.ofType('AWS::ECS::TaskDefinition'))
    for (const container of list(task.properties.ContainerDefinitions).map(fields)) {
      assert.equal(container.ReadonlyRootFilesystem, true, task.path);
      assert.deepEqual(container.Secrets ?? [], []);
    }
  for (const service of prod.ofType('AWS::ECS::Service')) {
    const network = fields(fields(service.properties.NetworkConfiguration).AwsvpcConfiguration);
    assert.equal(network.AssignPublicIp, 'DISABLED');
  }
});
