import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { list } from '../lib/report/assembly.js';
import { documents } from '../lib/report/documents.js';
import { Networks } from '../lib/report/network.js';
import { assembly, document } from './support.js';
import { assemblies, root } from './synth/run.js';

const prod = assembly('prod');
const generated = documents(prod, path.join(assemblies, 'prod'));

for (const [name, content] of Object.entries(generated))
  test(`docs/aws/generated/${name} says what the templates say (\`npm run docs\` renews it)`, () => {
    assert.equal(document(`generated/${name}`), content);
  });

test('the drawing of both regions has every subnet, zone, flow and link, and the README shows it', () => {
  const drawing = generated['regions.svg'] ?? '';
  const networks = new Networks(prod);
  for (const { cidr, zone } of networks.subnets)
    for (const said of [cidr, zone]) assert.ok(drawing.includes(`>${said}</text>`), said);
  const [, legend = ''] = drawing.split('Flows, by number');
  for (const { from, to, port } of networks.edges()) {
    const shown = { internet: 'Internet', s3: 'S3', dynamodb: 'DynamoDB' };
    const name = (x: string): string =>
      Object.entries(shown).find(([key]) => key === x)?.[1] ??
      x.replace(/^endpoint .*/, 'endpoints');
    const line = legend
      .split('\n')
      .map((part) => /> ?([^<>]+)<\/text>$/.exec(part)?.[1] ?? '')
      .find((part) => {
        const [sources = '', rest = ''] = part.split(' to ');
        const [targets = '', ports = ''] = rest.split(/, (?=[\d ]+(?:and [\d]+)?$)/);
        return (
          sources.split(', ').includes(name(from)) &&
          targets.split(', ').includes(name(to)) &&
          ports.split(' and ').includes(String(port))
        );
      });
    assert.ok(line, `${from} to ${to} ${port}`);
  }
  const links = drawing.split('marker-start="url(#end-link)"').length - 1;
  const tables = prod
    .ofType('AWS::DynamoDB::GlobalTable')
    .filter((r) => list(r.properties.Replicas).length > 1).length;
  const buckets = prod
    .ofType('AWS::S3::Bucket')
    .filter((r) => r.properties.ReplicationConfiguration).length;
  assert.equal(links, tables + buckets / 2);
  assert.match(document('README.md'), /!\[[^\]]+\]\(generated\/regions\.svg\)/);
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
