import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fields, list } from '../lib/report/assembly.js';
import { grantsOf, type Grants } from '../lib/report/iam.js';
import { assembly, data, environments } from './support.js';
import { root } from './synth/run.js';

type Calls = Record<string, string[]>;
interface RoleCalls {
  platform?: string[];
  log?: string;
  calls?: Calls;
  /** Service -> the test of the program that compares what its client layer recorded. */
  recorded?: Record<string, string>;
}
const reviewed = data('calls.json') as {
  platform: Record<string, Calls>;
  roles: Record<string, RoleCalls>;
  services: Record<string, string>;
};

function pairs(calls: Calls): string[] {
  return Object.entries(calls).flatMap(([action, on]) => on.map((r) => `${action} on ${r}`));
}

function expected({ platform = [], log, calls = {} }: RoleCalls): string[] {
  const logging: Calls = log
    ? { 'logs:CreateLogStream': [`${log}:*`], 'logs:PutLogEvents': [`${log}:*`] }
    : {};
  const rest = platform.flatMap((name) => pairs(reviewed.platform[name] ?? {}));
  return [...pairs(logging), ...rest, ...pairs(calls)].sort();
}

const granted = (grants: Grants): string[] => pairs(Object.fromEntries(grants.allowed)).sort();

for (const name of environments)
  test(`${name}: every role may do what its program calls, and nothing else`, () => {
    const seen = new Set<string>();
    for (const grants of grantsOf(assembly(name))) {
      seen.add(grants.key);
      const calls = reviewed.roles[grants.key];
      if (!calls) {
        assert.ok(reviewed.services[grants.key], `${grants.key} is nobody's role`);
        continue;
      }
      const have = granted(grants);
      const need = expected(calls);
      assert.deepEqual(
        have.filter((p) => !need.includes(p)),
        [],
        `${grants.key}: unused grants`,
      );
      assert.deepEqual(
        need.filter((p) => !have.includes(p)),
        [],
        `${grants.key}: missing grants`,
      );
      assert.deepEqual(grants.managed, [], `${grants.key}: managed policies`);
    }
    if (name !== 'prod') return;
    assert.deepEqual(
      Object.keys(reviewed.roles).filter((key) => !seen.has(key)),
      [],
    );
  });

test('where the program records its calls, the list is what was recorded', () => {
  let compared = 0;
  for (const { calls = {}, recorded = {} } of Object.values(reviewed.roles))
    for (const [service, file] of Object.entries(recorded)) {
      const source = readFileSync(path.join(root, '..', file), 'utf8');
      const [, grants = ''] =
        /grants\(\),\s+\(std::set<aws::Grant>\{([^;]*)\}\)\);/.exec(source) ?? [];
      const called = [...grants.matchAll(/\{"([a-z]+:[A-Za-z]+)"/g)].map(
        ([, action = '']) => action,
      );
      const ofService = (action: string): boolean => action.startsWith(`${service}:`);
      assert.deepEqual(
        Object.keys(calls).filter(ofService).sort(),
        called.filter(ofService).sort(),
        file,
      );
      ++compared;
    }
  assert.equal(compared, 4);
});

test('no role of ours has a wildcard for an action', () => {
  for (const name of environments)
    for (const grants of grantsOf(assembly(name)))
      for (const action of grants.allowed.keys())
        assert.doesNotMatch(action, /\*/, `${grants.key} ${action}`);
});

test('the task API may only send, and to one queue', () => {
  const [api] = grantsOf(assembly('prod')).filter((g) => g.key === 'tasks-api');
  const beyond = [...(api?.allowed ?? [])].filter(([action]) => !/^(logs|xray):/.test(action));
  assert.deepEqual(beyond, [['sqs:SendMessage', ['TaskManagementShared/Queue']]]);
});

test('an added grant and a removed one both fail the comparison', () => {
  const altered = assembly('prod').altered((templates) => {
    for (const { stack, body } of templates)
      for (const r of Object.values(fields(body.Resources)).map(fields)) {
        if (r.Type !== 'AWS::IAM::Policy' || stack !== 'TaskManagementApi-prod') continue;
        const [first] = list(fields(fields(r.Properties).PolicyDocument).Statement).map(fields);
        if (first) first.Action = ['logs:PutLogEvents', 'sqs:PurgeQueue'];
      }
  });
  const [api] = grantsOf(altered).filter((g) => g.role.stack === 'TaskManagementApi-prod');
  assert.ok(api);
  const need = expected(reviewed.roles['tasks-api'] ?? {});
  assert.ok(granted(api).some((pair) => pair.startsWith('sqs:PurgeQueue')));
  assert.ok(need.some((pair) => !granted(api).includes(pair)));
});
