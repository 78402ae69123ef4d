import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { documents } from '../lib/report/documents.js';
import { assembly, document } from './support.js';
import { assemblies, root } from './synth/run.js';

const generated = documents(assembly('prod'), path.join(assemblies, 'prod'));

for (const [name, content] of Object.entries(generated))
  test(`docs/aws/generated/${name} says what the templates say (\`npm run docs\` renews it)`, () => {
    assert.equal(document(`generated/${name}`), content);
  });

test('nothing else is in the folder of generated documents', () => {
  const files = readdirSync(path.join(root, '..', 'docs', 'aws', 'generated'));
  assert.deepEqual(files.sort(), Object.keys(generated).sort());
});

test('every line of the briefs in docs/aws/README.md names a test that exists', () => {
  const rows = document('README.md')
    .split('\n')
    .filter((line) => /^\| [UTED]-\d\d /.test(line));
  assert.ok(rows.length >= 40, String(rows.length));
  const files = readdirSync(path.join(root, 'test')).filter((file) => file.endsWith('.test.ts'));
  for (const row of rows) {
    const held = (row.split('|').at(-2) ?? '').trim();
    const named = held.match(/[a-z-]+\.test\.ts/g) ?? [];
    assert.ok(named.length > 0 || /^(not of AWS|outside):/.test(held), row);
    for (const file of named) assert.ok(files.includes(file), `${file} in ${row}`);
  }
});
