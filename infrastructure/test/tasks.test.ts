import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import {
  fields,
  list,
  text,
  type Fields,
  type Json,
  type Resource,
} from '../lib/report/assembly.js';
import { assemblies, root } from './synth/run.js';
import { assembly, environments } from './support.js';

const prod = assembly('prod');
const only = (type: string, stack: string): Resource => {
  const found = prod.ofType(type).filter((r) => r.stack === stack);
  assert.equal(found.length, 1, `${type} in ${stack}`);
  return found[0] as Resource;
};

test('the stacks have the names that the brief gives them', () => {
  for (const name of environments) {
    const stacks = assembly(name).templates.map((t) => t.stack);
    for (const part of ['Shared', 'Api', 'Processing'])
      assert.ok(stacks.includes(`TaskManagement${part}-${name}`));
  }
});

test('both queues are FIFO, deduplicate by id and keep what failed for 14 days', () => {
  const queues = prod
    .ofType('AWS::SQS::Queue')
    .filter((r) => r.stack === 'TaskManagementShared-prod');
  assert.equal(queues.length, 2);
  for (const { properties: p } of queues) {
    assert.equal(p.FifoQueue, true);
    assert.notEqual(p.ContentBasedDeduplication, true);
    assert.equal(p.MessageRetentionPeriod, 14 * 86400);
    assert.equal(p.SqsManagedSseEnabled, true);
  }
  const [queue] = queues.filter((r) => r.properties.RedrivePolicy);
  assert.equal(fields(queue?.properties.RedrivePolicy).maxReceiveCount, 3);
});

test('a message stays hidden for six times the time of the function', () => {
  const [queue] = prod
    .ofType('AWS::SQS::Queue')
    .filter((r) => r.stack === 'TaskManagementShared-prod' && r.properties.RedrivePolicy);
  const fn = only('AWS::Lambda::Function', 'TaskManagementProcessing-prod');
  assert.ok(Number(queue?.properties.VisibilityTimeout) >= 6 * Number(fn.properties.Timeout));
});

test('the processor takes one message at a time, and reports failures by message', () => {
  const { properties: p } = only(
    'AWS::Lambda::EventSourceMapping',
    'TaskManagementProcessing-prod',
  );
  assert.deepEqual(p.FunctionResponseTypes, ['ReportBatchItemFailures']);
  assert.equal(p.BatchSize, 1);
  assert.equal(p.MaximumBatchingWindowInSeconds, undefined);
});

test('the table of effects is what the adapter needs', () => {
  const needed = JSON.parse(
    readFileSync(path.join(root, '..', 'deploy', 'task_effects_table.json'), 'utf8'),
  ) as Fields;
  const { properties: made } = only('AWS::DynamoDB::GlobalTable', 'TaskManagementShared-prod');
  for (const part of ['KeySchema', 'AttributeDefinitions', 'BillingMode'])
    assert.deepEqual(made[part], needed[part], part);
  assert.deepEqual(made.TimeToLiveSpecification, { AttributeName: 'expires_at', Enabled: true });
});

test('POST /tasks is the only method that reaches the function', () => {
  const methods = prod
    .ofType('AWS::ApiGateway::Method')
    .filter((r) => r.stack === 'TaskManagementApi-prod');
  const kinds = methods.map((r) => [
    text(r.properties.HttpMethod),
    text(fields(r.properties.Integration).Type),
    r.properties.ApiKeyRequired === true,
  ]);
  assert.deepEqual(kinds.sort(), [
    ['ANY', 'MOCK', false],
    ['OPTIONS', 'MOCK', false],
    ['POST', 'AWS_PROXY', true],
  ]);
  const other = methods.find((r) => r.properties.HttpMethod === 'ANY');
  const [answer] = list(fields(other?.properties.Integration).IntegrationResponses).map(fields);
  assert.equal(answer?.StatusCode, '405');
  assert.equal(
    fields(answer.ResponseParameters)['method.response.header.Allow'],
    "'POST, OPTIONS'",
  );
});

test('origins are named, and no answer of the gateway opens to all', () => {
  for (const name of environments)
    for (const { stack, body } of assembly(name).templates)
      if (stack.startsWith('TaskManagementApi')) {
        assert.doesNotMatch(JSON.stringify(body), /Allow-Origin":"'\*'"/);
        assert.doesNotMatch(JSON.stringify(body), /Access-Control-Allow-Origin": ?"\*"/);
      }
});

test("the gateway's own refusals look like the program's, and say nothing of what is inside", () => {
  const answers = prod
    .ofType('AWS::ApiGateway::GatewayResponse')
    .filter((r) => r.stack === 'TaskManagementApi-prod');
  const codes = new Map<string, string>();
  for (const { properties: p } of answers) {
    const template = text(fields(p.ResponseTemplates)['application/json']);
    const plain = template.replace('$context.error.messageString', '""');
    const problem = fields(JSON.parse(plain) as Json);
    assert.equal(text(problem.status), p.StatusCode, template);
    // What the integration answered is nowhere in it: the gateway's own sentence is all.
    assert.doesNotMatch(plain, /\$/, template);
    codes.set(text(p.ResponseType), `${text(p.StatusCode)} ${text(problem.code)}`);
  }
  assert.deepEqual(Object.fromEntries([...codes].sort()), {
    BAD_REQUEST_BODY: '400 validation',
    DEFAULT_5XX: '503 unavailable',
    INVALID_API_KEY: '401 unauthenticated',
    MISSING_AUTHENTICATION_TOKEN: '404 not_found',
    REQUEST_TOO_LARGE: '413 too_large',
    THROTTLED: '429 rate_limited',
  });
});

test('requests are validated, throttled and counted', () => {
  const validator = only('AWS::ApiGateway::RequestValidator', 'TaskManagementApi-prod');
  assert.equal(validator.properties.ValidateRequestBody, true);
  const { properties: stage } = only('AWS::ApiGateway::Stage', 'TaskManagementApi-prod');
  const [settings] = list(stage.MethodSettings).map(fields);
  assert.equal(settings?.ThrottlingRateLimit, 100);
  assert.equal(settings.ThrottlingBurstLimit, 200);
  assert.ok(stage.AccessLogSetting);
  const plan = only('AWS::ApiGateway::UsagePlan', 'TaskManagementApi-prod');
  assert.equal(fields(plan.properties.Throttle).RateLimit, 100);
});

test('dead letters, age, errors and throttles wake somebody; a dashboard shows them', () => {
  const alarms = prod
    .ofType('AWS::CloudWatch::Alarm')
    .filter((r) => /^TaskManagement(Api|Processing)-prod$/.test(r.stack));
  const metrics = alarms.map((r) => text(r.properties.MetricName));
  for (const metric of [
    'ApproximateNumberOfMessagesVisible',
    'ApproximateAgeOfOldestMessage',
    'Errors',
    'Throttles',
    '5XXError',
  ])
    assert.ok(metrics.includes(metric), metric);
  for (const alarm of alarms) assert.ok(list(alarm.properties.AlarmActions).length > 0, alarm.path);
  only('AWS::CloudWatch::Dashboard', 'TaskManagementProcessing-prod');
});

test('effects are remembered in a table with a replica, recovery and an end of life', () => {
  const { properties: p } = only('AWS::DynamoDB::GlobalTable', 'TaskManagementShared-prod');
  assert.deepEqual(list(p.KeySchema), [{ AttributeName: 'effect_key', KeyType: 'HASH' }]);
  assert.equal(fields(p.TimeToLiveSpecification).AttributeName, 'expires_at');
  assert.deepEqual(
    list(p.Replicas)
      .map((r) => fields(r).Region)
      .sort(),
    ['us-east-1', 'us-west-2'],
  );
});

test('functions run the C++ binary, and say so where it is a placeholder', () => {
  for (const fn of prod.ofType('AWS::Lambda::Function')) {
    assert.equal(fn.properties.Runtime, 'provided.al2023', fn.path);
    assert.equal(fn.properties.Handler, 'bootstrap', fn.path);
  }
  const marked = prod
    .ofType('AWS::Lambda::Function')
    .filter((fn) => text(fn.metadata['hoist:artefact']).startsWith('placeholder'));
  assert.ok([0, prod.ofType('AWS::Lambda::Function').length].includes(marked.length));
});

test('stacks that hold data are protected from deletion in production, and only there', () => {
  const protectedIn = (name: string): string[] => {
    const manifest = JSON.parse(
      readFileSync(path.join(assemblies, name, 'manifest.json'), 'utf8'),
    ) as Fields;
    return Object.entries(fields(manifest.artifacts))
      .filter(([, a]) => fields(fields(a).properties).terminationProtection === true)
      .map(([stack]) => stack)
      .sort();
  };
  const holding = /^AWS::(DynamoDB::GlobalTable|RDS::DB(Cluster|Instance)|Backup::BackupVault)$/;
  const stateful = prod.resources.filter((r) => holding.test(r.type)).map((r) => r.stack);
  assert.ok(stateful.length > 5);
  for (const stack of [...stateful, 'UploadsStorage-prod', 'TaskManagementShared-prod-b'])
    assert.ok(protectedIn('prod').includes(stack), stack);
  for (const stateless of ['TaskManagementApi-prod', 'UploadsService-prod', 'ShopBackend-prod-a'])
    assert.ok(!protectedIn('prod').includes(stateless), stateless);
  assert.deepEqual(protectedIn('dev'), []);
});

test('stacks with data cannot be deleted in production', () => {
  const stateful =
    /^(TaskManagementShared|EventsData|UploadsStorage|UploadsData|Shop(Data|Storage))/;
  for (const r of prod.resources.filter(({ stack }) => stateful.test(stack)))
    if (['AWS::DynamoDB::GlobalTable', 'AWS::SQS::Queue', 'AWS::S3::Bucket'].includes(r.type))
      if (!/UploadsStorage.*(Arrivals|DeadLetters)/.test(r.path))
        assert.equal(r.raw.DeletionPolicy, 'Retain', r.path);
});
