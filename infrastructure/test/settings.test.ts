// What the stacks pass to containers and functions against what the program reads: its settings are
// in docs/configuration.md, which a test of the program holds equal to `hoist serve --print-config`.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import {
  fields,
  list,
  text,
  type Assembly,
  type Fields,
  type Json,
} from '../lib/report/assembly.js';
import { assembly, data, environments } from './support.js';
import { root } from './synth/run.js';

const reviewed = data('settings.json') as {
  unknown: Record<string, string>;
};
/** As many as there are now. A change may lower it. */
const unknownMax = 21;

const read = (...names: string[]): string => readFileSync(path.join(root, '..', ...names), 'utf8');

/** Name in the environment -> range, of every setting of the program. */
const known = new Map(
  [
    ...read('docs', 'configuration.md').matchAll(/^\| `([a-z_.0-9]+)` \| `[^|]*` \| ([^|]+) \|/gm),
  ].map(([, name = '', range = '']) => [
    `HOIST_${name.toUpperCase().replaceAll('.', '_')}`,
    range.trim(),
  ]),
);

interface Passed {
  readonly name: string;
  readonly value: Json;
  readonly where: string;
}

function passedBy(from: Assembly): Passed[] {
  const functions = from.ofType('AWS::Lambda::Function').flatMap((fn) =>
    Object.entries(fields(fields(fn.properties.Environment).Variables)).map(([name, value]) => ({
      ...{ name, value },
      where: fn.path,
    })),
  );
  const containers = from.ofType('AWS::ECS::TaskDefinition').flatMap((task) =>
    list(task.properties.ContainerDefinitions)
      .map(fields)
      .flatMap((container) => [
        ...list(container.Environment)
          .map(fields)
          .map(({ Name, Value }) => ({ name: text(Name), value: Value, where: task.path })),
        ...list(container.Command)
          .map(text)
          .filter((argument) => argument.startsWith('-'))
          .map((argument) => {
            const [name = '', value = ''] = argument.split('=');
            return { name, value, where: task.path };
          }),
      ]),
  );
  // The rest is read by the SDKs and the C library.
  return [...functions, ...containers].filter(({ name }) => /^(HOIST_|-)/.test(name));
}

function passedBySam(): Passed[] {
  const sam = parse(read('sam', 'template.yaml'), { logLevel: 'silent' }) as Fields;
  const fn = fields(fields(fields(sam.Resources).EventsFunction).Properties);
  return Object.entries(fields(fields(fn.Environment).Variables)).map(([name, value]) => ({
    ...{ name, value },
    where: 'sam/template.yaml',
  }));
}

const passed = [...environments.flatMap((name) => passedBy(assembly(name))), ...passedBySam()];

const surprises = (all: Passed[]): string[] => [
  ...new Set(
    all
      .filter(({ name }) => !known.has(name))
      .filter(({ name }) => !(name in reviewed.unknown))
      .map(({ name, where }) => `${name} of ${where}`),
  ),
];

test('the program knows what is passed to it, or the reviewed list says why it does not', () => {
  assert.ok(known.size > 40, String(known.size));
  assert.ok(passed.length > 100, String(passed.length));
  assert.deepEqual(surprises(passed), []);
});

test('a setting that nobody reads is noticed', () => {
  const altered = assembly('prod').altered((templates) => {
    for (const { body } of templates)
      for (const r of Object.values(fields(body.Resources)).map(fields))
        if (r.Type === 'AWS::Lambda::Function')
          fields(fields(fields(r.Properties).Environment).Variables).HOIST_SPEED = 'fast';
  });
  assert.ok(surprises(passedBy(altered)).some((s) => s.startsWith('HOIST_SPEED of ')));
});

test('the list of unknown settings only shrinks: each is passed, unknown, and has a reason', () => {
  assert.ok(Object.keys(reviewed.unknown).length <= unknownMax);
  for (const [name, reason] of Object.entries(reviewed.unknown)) {
    assert.ok(
      passed.some((p) => p.name === name),
      `nothing passes ${name}: take it out`,
    );
    assert.ok(reason.length > 10, name);
    assert.ok(!known.has(name), `the program knows ${name}: take it out`);
  }
});

function within(range: string, value: string): boolean {
  const [, low, high] = /^(\d+) to (\d+)$/.exec(range) ?? [];
  if (low && high) return /^\d+$/.test(value) && +value >= +low && +value <= +high;
  if (range === 'true or false') return /^(true|false)$/.test(value);
  if (range === 'ADDRESS:PORT') return /^[\d.]+:\d+$/.test(value);
  if (/^[a-z_]+(, [a-z_]+)+$/.test(range)) return range.split(', ').includes(value);
  return true;
}

test('what is passed as it stands is within the range of its setting', () => {
  let checked = 0;
  for (const { name, value, where } of passed) {
    const range = known.get(name);
    if (range === undefined || typeof value !== 'string') continue;
    assert.ok(within(range, value), `${name}=${value} of ${where}: ${range}`);
    ++checked;
  }
  assert.ok(checked > 50, String(checked));
  assert.ok(!within('0 to 256', '257') && !within('text, json', 'xml'));
});

test('containers run commands that the program has', () => {
  const commands = assembly('prod')
    .ofType('AWS::ECS::TaskDefinition')
    .flatMap((task) => list(task.properties.ContainerDefinitions).map(fields))
    .map((container) => text(list(container.Command)[0]));
  assert.ok(commands.length >= 6, String(commands.length));
  for (const command of new Set(commands))
    assert.match(
      read('src', 'bin', `${command}.cpp`),
      new RegExp(`add_subcommand\\(\\s*"${command}"|\\n\\s*"${command}", "`),
    );
});
