import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import {
  criticalPathSeconds,
  failoverPlanSchema,
  isGroup,
  type FailoverPlan,
  type FailoverStep,
} from '../lib/failover-plan.js';
import { fields, list, text, type Fields } from '../lib/report/assembly.js';
import { root } from './synth/run.js';
import { assembly, environments } from './support.js';

const plan: FailoverPlan = failoverPlanSchema.parse(
  JSON.parse(readFileSync(path.join(root, '..', 'deploy', 'failover.json'), 'utf8')),
);
const [arc] = assembly('prod').ofType('AWS::ARCRegionSwitch::Plan');
assert.ok(arc);
const workflows = list(arc.properties.Workflows).map(fields);
const steps = list(workflows[0]?.Steps).map(fields);

const configuration = (step: Fields): Fields => {
  const [value] = Object.values(fields(step.ExecutionBlockConfiguration));
  return fields(value);
};
const parts = (step: Fields): Fields[] =>
  step.ExecutionBlockType === 'Parallel' ? list(configuration(step).Steps).map(fields) : [step];

interface Flat {
  name: string;
  stage: number;
  step: FailoverStep;
}
const flat: Flat[] = plan.steps.flatMap((step, stage) =>
  (isGroup(step) ? step.parallel : [step]).map((s) => ({ name: s.name, stage, step: s })),
);
const stageOf = (matches: (step: FailoverStep) => boolean): number[] =>
  flat.filter(({ step }) => matches(step)).map(({ stage }) => stage);

test('the plan of ARC has the names, the order, the groups and the timeouts of failover.json', () => {
  const ours = plan.steps.map((step) =>
    isGroup(step)
      ? { name: step.name, parts: step.parallel.map((s) => [s.name, s.timeout_s / 60]) }
      : { name: step.name, parts: [[step.name, step.timeout_s / 60]] },
  );
  const theirs = steps.map((step) => ({
    name: step.Name,
    parts: parts(step).map((part) => [part.Name, configuration(part).TimeoutMinutes]),
  }));
  assert.deepEqual(theirs, ours);
});

test('the critical path takes 10 minutes at most, by its timeouts', () => {
  assert.ok(criticalPathSeconds(plan) <= plan.rto_minutes * 60);
  assert.equal(plan.rto_minutes, 10);
  const minutes = steps
    .map((step) => Math.max(...parts(step).map((p) => Number(configuration(p).TimeoutMinutes))))
    .reduce((sum, m) => sum + m, 0);
  assert.equal(minutes * 60, criticalPathSeconds(plan));
});

test('a longer database step breaks the promise', () => {
  const slower = structuredClone(plan);
  for (const step of slower.steps)
    if (step.name === 'database') Object.assign(step, { timeout_s: 300 });
  assert.ok(criticalPathSeconds(slower) > slower.rto_minutes * 60);
});

test('capacity before database, database before traffic, consumers last', () => {
  const capacity = stageOf((s) => s.action.type === 'capacity');
  const [database = -1] = stageOf((s) => s.action.type === 'database');
  const [traffic = -1] = stageOf((s) => s.action.type === 'traffic');
  const start = stageOf((s) => s.action.type === 'consumers' && s.action.enable);
  assert.ok(Math.max(...capacity) < database);
  assert.ok(database < traffic);
  assert.deepEqual(start, [plan.steps.length - 1]);
  assert.ok(traffic < plan.steps.length - 1);
});

test('the gate closes and the old consumers stop before the database moves; it opens after', () => {
  const [database = -1] = stageOf((s) => s.action.type === 'database');
  const gate = (argument: string): number =>
    stageOf((s) => s.action.type === 'function' && s.action.argument === argument)[0] ?? -1;
  assert.ok(gate('close') >= 0 && gate('close') < database);
  assert.ok(gate('open') > database);
  assert.ok(gate('repair') > database);
  const stop = stageOf((s) => s.action.type === 'consumers' && !s.action.enable);
  assert.ok(Math.max(...stop) < database);
});

test('a person approves before any step that loses data', () => {
  const [approval = -1] = stageOf((s) => s.action.type === 'approval');
  const losing = stageOf((s) => s.loses_data === true);
  assert.ok(losing.length > 0);
  for (const stage of losing) assert.ok(approval >= 0 && approval < stage);
  for (const { step } of flat)
    assert.equal(step.loses_data === true, step.action.type === 'database', step.name);
});

test('nothing waits for a region that is lost: what runs there is skipped then', () => {
  for (const { step } of flat)
    if (step.runs_in === 'deactivating') assert.equal(step.ungraceful, 'skip', step.name);
});

test('success is said only after a write through the public name was read back', () => {
  const last = plan.steps.at(-1);
  assert.ok(last && isGroup(last));
  assert.deepEqual(
    last.parallel.map((s) => s.name),
    ['start-consumers', 'verify'],
  );
});

test('every kind of step becomes its block type, and no other exists', () => {
  const types = {
    function: 'CustomActionLambda',
    capacity: 'ECSServiceScaling',
    approval: 'ManualApproval',
    consumers: 'LambdaEventSourceMapping',
    database: 'AuroraGlobalDatabase',
    traffic: 'Route53HealthCheck',
  };
  const rendered = new Map(steps.flatMap(parts).map((p) => [p.Name, p.ExecutionBlockType]));
  for (const { name, step } of flat)
    assert.equal(rendered.get(name), types[step.action.type], name);
});

test('the same plan goes back: it names no target region, and both regions everywhere', () => {
  assert.equal(workflows.length, 1);
  assert.equal(workflows[0]?.WorkflowTargetRegion, undefined);
  assert.equal(arc.properties.RecoveryApproach, 'activePassive');
  assert.deepEqual(arc.properties.Regions, ['us-east-1', 'us-west-2']);
  for (const step of steps.flatMap(parts)) {
    const c = configuration(step);
    for (const both of [c.Lambdas, c.Services, c.DatabaseClusterArns, c.RecordSets])
      if (both !== undefined) assert.equal(list(both).length, 2, text(step.Name));
    if (c.RegionEventSourceMappings)
      assert.deepEqual(Object.keys(fields(c.RegionEventSourceMappings)), [
        'us-east-1',
        'us-west-2',
      ]);
  }
});

test('nothing starts the plan by itself, and its name fits', () => {
  assert.equal(arc.properties.Triggers, undefined);
  for (const name of environments) {
    const [found] = assembly(name).ofType('AWS::ARCRegionSwitch::Plan');
    assert.ok(text(found?.properties.Name).length <= 32);
  }
});

test('the standby has as many tasks, instances and the same engine as the primary', () => {
  const prod = assembly('prod');
  const of = (stack: string, type: string, what: string): unknown[] =>
    prod
      .ofType(type)
      .filter((r) => r.stack === stack)
      .map((r) => r.properties[what]);
  for (const [stack, type, what] of [
    ['ShopData-prod', 'AWS::RDS::DBInstance', 'DBInstanceClass'],
    ['ShopData-prod', 'AWS::RDS::DBCluster', 'EngineVersion'],
    ['ShopFrontend-prod', 'AWS::ECS::Service', 'DesiredCount'],
    ['ShopBackend-prod', 'AWS::Lambda::Function', 'MemorySize'],
  ] as const)
    assert.deepEqual(
      of(`${stack}-b`, type, what),
      of(`${stack}-a`, type, what),
      `${stack} ${what}`,
    );
});

test('consumers of the standby are off until the plan switches them on', () => {
  const enabled = assembly('prod')
    .ofType('AWS::Lambda::EventSourceMapping')
    .map((r) => [r.stack, r.properties.Enabled]);
  assert.deepEqual(Object.fromEntries(enabled), {
    'TaskManagementProcessing-prod': true,
    'TaskManagementProcessing-prod-b': false,
  });
});

test('a failover changes no DNS record: both records are there, with a health check each', () => {
  const [group] = assembly('prod')
    .ofType('AWS::Route53::RecordSetGroup')
    .filter((r) => r.path.endsWith('/Failover'));
  const sets = list(group?.properties.RecordSets).map(fields);
  assert.deepEqual(
    sets.map((s) => s.Failover),
    ['PRIMARY', 'SECONDARY'],
  );
  for (const set of sets) {
    assert.ok(set.HealthCheckId);
    assert.equal(fields(set.AliasTarget).EvaluateTargetHealth, true);
  }
});
