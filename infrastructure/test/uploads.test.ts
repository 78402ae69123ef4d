import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fields, list, text, type Resource } from '../lib/report/assembly.js';
import { assembly } from './support.js';

const prod = assembly('prod');
const stage = assembly('stage');
const of = (type: string, stack = 'Uploads', from = prod): Resource[] =>
  from.ofType(type).filter((r) => r.stack.startsWith(stack));

function bucketStatements(from = prod): Map<string, ReturnType<typeof fields>> {
  const policies = of('AWS::S3::BucketPolicy', 'UploadsStorage', from);
  const statements = policies
    .filter((r) => r.path.includes('/Files/'))
    .flatMap((r) => list(fields(r.properties.PolicyDocument).Statement).map(fields));
  return new Map(statements.map((s) => [text(s.Sid), s]));
}

test('storage refuses old URLs, old signatures and replacing a file, whoever signed', () => {
  const statements = bucketStatements();
  const conditions = (sid: string): unknown => {
    const s = statements.get(sid);
    assert.equal(s?.Effect, 'Deny', sid);
    assert.deepEqual(s.Principal, { AWS: '*' }, sid);
    return s.Condition;
  };
  assert.deepEqual(conditions('UrlOlderThan15Minutes'), {
    NumericGreaterThan: { 's3:signatureAge': '900000' },
  });
  assert.deepEqual(conditions('OldSignature'), {
    StringNotEquals: { 's3:signatureversion': 'AWS4-HMAC-SHA256' },
  });
  assert.deepEqual(conditions('ReplaceAFile'), {
    Null: { 's3:if-none-match': 'true' },
    Bool: { 's3:ObjectCreationOperation': 'true' },
  });
});

test('files are accelerated, versioned, private, and leftovers of multipart uploads go', () => {
  const [files] = of('AWS::S3::Bucket', 'UploadsStorage').filter((r) => r.path.endsWith('/Files'));
  const p = files?.properties ?? {};
  assert.equal(fields(p.AccelerateConfiguration).AccelerationStatus, 'Enabled');
  assert.equal(fields(p.VersioningConfiguration).Status, 'Enabled');
  assert.deepEqual(Object.values(fields(p.PublicAccessBlockConfiguration)), [
    true,
    true,
    true,
    true,
  ]);
  const rules = list(fields(p.LifecycleConfiguration).Rules).map(fields);
  assert.ok(rules.some((r) => fields(r.AbortIncompleteMultipartUpload).DaysAfterInitiation === 2));
  assert.ok(rules.some((r) => fields(r.NoncurrentVersionExpiration).NoncurrentDays === 30));
});

test('an arrival goes by the event bus to the queue, and after three tries to the dead letters', () => {
  const [files] = of('AWS::S3::Bucket', 'UploadsStorage').filter((r) => r.path.endsWith('/Files'));
  const bridge = fields(files?.properties.NotificationConfiguration).EventBridgeConfiguration;
  assert.equal(fields(bridge).EventBridgeEnabled, true);
  const [rule] = of('AWS::Events::Rule', 'UploadsStorage');
  assert.deepEqual(fields(rule?.properties.EventPattern)['detail-type'], ['Object Created']);
  const [target] = list(rule?.properties.Targets).map(fields);
  const queue = prod.target(target?.Arn, rule?.stack ?? '');
  assert.equal(fields(queue?.properties.RedrivePolicy).maxReceiveCount, 3);
  assert.equal(queue?.properties.MessageRetentionPeriod, 14 * 86400);
  assert.ok(target?.DeadLetterConfig, 'what the bus cannot deliver is kept too');
});

test('the API scales from 2 to 6 and workers from 20 to 60 files at once, by queue depth', () => {
  const targets = of('AWS::ApplicationAutoScaling::ScalableTarget', 'UploadsService');
  const range = (name: string): number[] => {
    const found = targets.find((r) => r.path.includes(`/${name}/`));
    return [Number(found?.properties.MinCapacity), Number(found?.properties.MaxCapacity)];
  };
  assert.deepEqual(range('Api'), [2, 6]);
  const [worker] = of('AWS::ECS::TaskDefinition', 'UploadsService').filter((r) =>
    r.path.includes('/Worker/'),
  );
  const [container] = list(worker?.properties.ContainerDefinitions).map(fields);
  const environment = list(container?.Environment).map(fields);
  const each = Number(environment.find((e) => e.Name === 'HOIST_PROCESSING_WORKERS')?.Value);
  assert.deepEqual(
    range('Worker').map((tasks) => tasks * each),
    [20, 60],
  );
  const watched = of('AWS::CloudWatch::Alarm', 'UploadsService')
    .filter((r) => /Queue.*(Lower|Upper)Alarm/.test(r.path))
    .map((r) => r.properties.MetricName);
  assert.ok(watched.length >= 4);
  assert.deepEqual([...new Set(watched)], ['ApproximateNumberOfMessagesVisible']);
});

test('the API works on no file, and a worker answers no client', () => {
  const role = (name: string): unknown => {
    const [task] = of('AWS::ECS::TaskDefinition', 'UploadsService').filter((r) =>
      r.path.includes(`/${name}/`),
    );
    const [container] = list(task?.properties.ContainerDefinitions).map(fields);
    const environment = list(container?.Environment).map(fields);
    return environment.find((e) => e.Name === 'HOIST_SERVER_ROLE')?.Value;
  };
  assert.deepEqual([role('Api'), role('Worker')], ['api', 'worker']);
});

test('a deployment takes a tenth of the traffic first and goes back by itself', () => {
  const [api] = of('AWS::ECS::Service', 'UploadsService').filter(
    (r) => r.properties.ServiceName === 'api',
  );
  const deployment = fields(api?.properties.DeploymentConfiguration);
  assert.equal(deployment.Strategy, 'CANARY');
  assert.equal(fields(deployment.CanaryConfiguration).CanaryPercent, 10);
  const alarms = fields(deployment.Alarms);
  assert.deepEqual(
    [alarms.Enable, alarms.Rollback, list(alarms.AlarmNames).length],
    [true, true, 2],
  );
});

test('during the migration one rule divides old and new, and ECS keeps its hands off it', () => {
  const [rule] = of('AWS::ElasticLoadBalancingV2::ListenerRule', 'UploadsService', stage).filter(
    (r) => r.path.endsWith('/Strangler'),
  );
  const [action] = list(rule?.properties.Actions).map(fields);
  const weights = list(fields(action?.ForwardConfig).TargetGroups).map((g) => fields(g).Weight);
  assert.deepEqual(weights, [25, 75]);
  const paths = list(rule?.properties.Conditions).flatMap((c) =>
    list(fields(fields(c).PathPatternConfig).Values),
  );
  assert.ok(paths.includes('/api/uploads/*'));
  const [api] = of('AWS::ECS::Service', 'UploadsService', stage).filter(
    (r) => r.properties.ServiceName === 'api',
  );
  assert.notEqual(fields(api?.properties.DeploymentConfiguration).Strategy, 'CANARY');
});

test('every rule of the balancer asks for the secret of the edge; without it, 403', () => {
  for (const from of [prod, stage])
    for (const rule of of('AWS::ElasticLoadBalancingV2::ListenerRule', 'UploadsService', from)) {
      const headers = list(rule.properties.Conditions).map((c) =>
        fields(fields(c).HttpHeaderConfig),
      );
      assert.ok(
        headers.some((h) => h.HttpHeaderName === 'x-hoist-edge'),
        rule.path,
      );
    }
  const [listener] = of('AWS::ElasticLoadBalancingV2::Listener', 'UploadsService');
  const [action] = list(listener?.properties.DefaultActions).map(fields);
  assert.equal(fields(action?.FixedResponseConfig).StatusCode, '403');
});

test('the web ACL lets an address ask 1,000 times a minute', () => {
  const [acl] = of('AWS::WAFv2::WebACL', 'UploadsEdge');
  const [first, ...managed] = list(acl?.properties.Rules).map(fields);
  const rate = fields(fields(first?.Statement).RateBasedStatement);
  assert.deepEqual([rate.Limit, rate.EvaluationWindowSec, rate.AggregateKeyType], [1000, 60, 'IP']);
  assert.equal(managed.length, 3);
  assert.equal(acl?.region, 'us-east-1');
});

test('each promise has an alarm with its number', () => {
  const alarms = new Map(
    of('AWS::CloudWatch::Alarm', 'UploadsService').map((r) => [
      r.path.split('/').at(-1),
      r.properties,
    ]),
  );
  const expected: [string, number][] = [
    ['SloSuccess', 98],
    ['SloUploadTime', 30],
    ['SloApi', 0.5],
    ['SloUrlIssue', 200],
    ['SloNoDowntime', 1],
    ['DeadLetters', 1],
    ['OneUserFloods', 10000],
    ['QuotaNear', 80],
  ];
  for (const [name, threshold] of expected) {
    assert.equal(alarms.get(name)?.Threshold, threshold, name);
    assert.ok(list(alarms.get(name)?.AlarmActions).length > 0, name);
  }
  for (const name of ['WorkersSilent', 'SloNoDowntime'])
    assert.equal(alarms.get(name)?.TreatMissingData, 'breaching', name);
});

test('each tenant has metrics of its own, out of the log', () => {
  const filters = of('AWS::Logs::MetricFilter', 'UploadsService');
  assert.ok(filters.length >= 4);
  for (const filter of filters) {
    const [transformation] = list(filter.properties.MetricTransformations).map(fields);
    assert.deepEqual(transformation?.Dimensions, [{ Key: 'tenant', Value: '$.tenant' }]);
  }
  assert.equal(of('AWS::CloudWatch::Dashboard', 'UploadsService').length, 1);
});

test('with GuardDuty, nobody reads a file before its clean scan, or forges one', () => {
  assert.equal(of('AWS::GuardDuty::MalwareProtectionPlan', 'Uploads', stage).length, 1);
  const statements = bucketStatements(stage);
  const read = fields(statements.get('ReadBeforeCleanScan')?.Condition);
  assert.deepEqual(read.StringNotEquals, {
    's3:ExistingObjectTag/GuardDutyMalwareScanStatus': 'NO_THREATS_FOUND',
  });
  assert.equal(statements.get('ForgeACleanScan')?.Effect, 'Deny');
  assert.equal(
    of('AWS::GuardDuty::MalwareProtectionPlan').length,
    0,
    'an option: off in production',
  );
});
