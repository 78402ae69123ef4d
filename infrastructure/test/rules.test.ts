// The rule packs over production. What they find is either gone, or acknowledged by name, with a
// reason and a date, in policy/acknowledged.json; an acknowledgement that nothing needs fails too.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, NIST80053R5Checks } from 'cdk-nag';
import { loadConfig } from '../config/load.js';
import { buildEnvironment } from '../lib/app.js';
import { failoverPlanSchema } from '../lib/failover-plan.js';
import { Networks } from '../lib/report/network.js';
import { assembly } from './support.js';
import { root } from './synth/run.js';

interface Acknowledgement {
  rule: string;
  where: string;
  reason: string;
  date: string;
}
interface Violation {
  pack: string;
  rule: string;
  where: string;
}

const read = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'));
const acknowledged = read(path.join(root, 'policy', 'acknowledged.json')) as Acknowledgement[];
const matches = (a: Acknowledgement, v: Violation): boolean =>
  new RegExp(`^(${a.rule})$`).test(v.rule) && new RegExp(a.where).test(v.where);

function judge(): Violation[] {
  const outdir = mkdtempSync(path.join(tmpdir(), 'hoist-rules-'));
  try {
    const { context } = read(path.join(root, 'cdk.json')) as { context: Record<string, unknown> };
    const app = new App({ outdir, context });
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new NIST80053R5Checks(app));
    buildEnvironment(app, {
      config: loadConfig({ environment: 'prod' }, {}),
      artefact: { path: path.join(root, 'placeholder', 'lambda'), placeholder: true },
      plan: failoverPlanSchema.parse(read(path.join(root, '..', 'deploy', 'failover.json'))),
    });
    // With findings left, as here before they are compared, a synthesis ends with an exception.
    assert.throws(() => app.synth(), /Validation failed/);
    return violations(path.join(outdir, 'validation-report.json'));
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

function violations(file: string): Violation[] {
  const { pluginReports } = read(file) as {
    pluginReports: {
      pluginName: string;
      violations: { ruleName: string; violatingConstructs?: { constructPath: string }[] }[];
    }[];
  };
  return pluginReports.flatMap(({ pluginName, violations: found }) =>
    found.flatMap(({ ruleName, violatingConstructs = [] }) =>
      violatingConstructs.map(({ constructPath }) => ({
        pack: pluginName,
        rule: ruleName,
        where: constructPath,
      })),
    ),
  );
}

const found = judge();

for (const pack of ['AwsSolutions', 'NIST.800.53.R5'])
  test(`${pack}: every finding is gone or acknowledged`, () => {
    const mine = found.filter((v) => v.pack === pack);
    assert.ok(mine.length > 0, 'the pack ran');
    const open = mine.filter((v) => !acknowledged.some((a) => matches(a, v)));
    assert.deepEqual(
      open.map((v) => `${v.rule} ${v.where}`),
      [],
    );
  });

test('every acknowledgement has a reason, a date and a finding that needs it', () => {
  for (const a of acknowledged) {
    assert.ok(a.reason.length > 40, a.rule);
    assert.match(a.date, /^20\d\d-\d\d-\d\d$/);
    assert.ok(
      found.some((v) => matches(a, v)),
      `nothing needs ${a.rule}`,
    );
  }
});

test('no finding of another kind is let through by an acknowledgement', () => {
  const other = {
    pack: 'AwsSolutions',
    rule: 'AwsSolutions-S10',
    where: 'UploadsStorage-prod/Files',
  };
  assert.ok(!acknowledged.some((a) => matches(a, other)));
});

test('no workload is in a default security group', () => {
  for (const workload of new Networks(assembly('prod')).workloads)
    assert.ok(workload.groups.length > 0, workload.name);
});
