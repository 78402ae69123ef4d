import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { loadConfig } from '../config/load.js';
import { assemblies, root, type Room } from './synth/run.js';
import { assembly, environments } from './support.js';

const room = JSON.parse(readFileSync(path.join(assemblies, 'room.json'), 'utf8')) as Room;

test('all environments are synthesised without network, home and credentials', (t) => {
  if (!room.sealed) {
    t.skip('this machine does not allow a network namespace: synthesised with the network on');
    return;
  }
  for (const name of environments) assert.ok(assembly(name).templates.length >= 30, name);
});

test('no finding of the built-in validator is left in any environment', () => {
  for (const name of [...environments, 'elsewhere']) {
    const file = path.join(assemblies, name, 'validation-report.json');
    const { pluginReports } = JSON.parse(readFileSync(file, 'utf8')) as {
      pluginReports: { violations: { ruleName: string }[] }[];
    };
    const rules = pluginReports.flatMap((report) => report.violations.map((v) => v.ruleName));
    assert.deepEqual(rules, [], name);
  }
});

// Load balancers of some regions still write their logs as one of these accounts of AWS.
const awsAccounts = /127311923021|797873946194|507241528517/g;

test('no template without an account names one', () => {
  for (const name of environments)
    for (const { stack, body } of assembly(name).templates)
      assert.equal(
        /(?<![\da-zA-Z])\d{12}(?![\da-zA-Z])/.exec(
          JSON.stringify(body).replaceAll(awsAccounts, ''),
        )?.[0],
        undefined,
        `${name} ${stack}`,
      );
});

// Everything that names a region takes it from the configuration: with another pair, no template
// knows the old primary, apart from the edge, which AWS keeps where it is.
test('no template names a region that is not configured', () => {
  const known = new Set([
    'sa-east-1',
    'us-west-2',
    loadConfig({ environment: 'prod' }, {}).edgeRegion,
  ]);
  for (const { stack, body } of assembly('elsewhere').templates) {
    const named = JSON.stringify(body).match(/\b(us|eu|sa|ap|ca|af|me)-[a-z]+-\d\b/g) ?? [];
    for (const region of named) assert.ok(known.has(region), `${stack} names ${region}`);
    if (!stack.startsWith('UploadsEdge'))
      assert.doesNotMatch(
        JSON.stringify(body).replaceAll('"UploadsEdge', ''),
        stack.startsWith('UploadsService') ? /us-east-1[a-f]/ : /us-east-1/,
        stack,
      );
  }
});

test('three zones are there with an account and without one', () => {
  for (const name of ['prod', 'elsewhere'] as const) {
    const zones = assembly(name)
      .ofType('AWS::EC2::Subnet')
      .filter((subnet) => subnet.stack.startsWith('ShopNetwork-prod-a'))
      .map((subnet) => subnet.properties.AvailabilityZone);
    const region = name === 'prod' ? 'us-east-1' : 'sa-east-1';
    assert.deepEqual(
      [...new Set(zones)],
      ['a', 'b', 'c'].map((letter) => region + letter),
    );
  }
});

test('context and CDK_DEFAULT_* both choose account and region, and an empty one is none', () => {
  const by = loadConfig({ environment: 'prod' }, { account: '123456789012', region: 'eu-west-1' });
  assert.equal(by.account, '123456789012');
  assert.equal(by.regions.primary.name, 'eu-west-1');
  const first = loadConfig(
    { environment: 'prod', account: '210987654321', region: 'sa-east-1' },
    { account: '123456789012', region: 'eu-west-1' },
  );
  assert.equal(first.account, '210987654321');
  assert.equal(first.regions.primary.name, 'sa-east-1');
  assert.equal(loadConfig({}, { account: '', region: '' }).account, undefined);
});

test('naming the standby as the region swaps the pair', () => {
  const { regions } = loadConfig({ environment: 'prod', region: 'us-west-2' }, {});
  assert.deepEqual([regions.primary.name, regions.standby.name], ['us-west-2', 'us-east-1']);
});

test('a wrong configuration is refused with the name of the field', () => {
  assert.throws(() => loadConfig({ environment: 'qa' }, {}), /"qa" is none of dev, stage, prod/);
  assert.throws(() => loadConfig({ account: '12' }, {}), /must have 12 digits[\s\S]*account/);
  assert.throws(() => loadConfig({ region: 'moon' }, {}), /region such as us-east-1[\s\S]*regions/);
});

test('bin/ alone reads the environment: constructs, stacks and configuration are given what they need', () => {
  const reads = (file: string): boolean => readFileSync(file, 'utf8').includes('process.env');
  const sources = ['lib', 'config'].flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => path.join(root, folder, file)),
  );
  assert.ok(sources.length > 40, String(sources.length));
  assert.deepEqual(sources.filter(reads), []);
  assert.ok(reads(path.join(root, 'bin', 'hoist.ts')));
});
