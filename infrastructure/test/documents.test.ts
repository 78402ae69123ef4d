import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
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

const lines: Record<string, number> = { U: 23, T: 14, E: 7, D: 13 };

/** The titles in a test file; where a title is put together, the parts that are written there. */
function titlesIn(file: string): string[] {
  const source = readFileSync(path.join(root, 'test', `${file}.test.ts`), 'utf8');
  return [...source.matchAll(/test\(\s*(['"`])((?:\\.|(?!\1).)+)\1/g)].map(([, , title = '']) =>
    title.replaceAll("\\'", "'"),
  );
}

/** `name: ` and `${pack}: ` stand for whatever the loop around the test goes through. */
function isTitle(title: string, written: string): boolean {
  const parts = written.split(/\$\{[^}]*\}/).map((p) => p.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.+')}$`).test(title);
}

function exists(held: string): boolean {
  const [, file = '', title = ''] = /^([a-z-]+): (.+)$/.exec(held) ?? [];
  if (file === 'outside') return existsSync(path.join(root, '..', title));
  if (held.startsWith('deployed/')) return existsSync(path.join(root, held));
  if (!existsSync(path.join(root, 'test', `${file}.test.ts`))) return false;
  return titlesIn(file).some(
    (written) => isTitle(title, written) || (written.startsWith('${') && loops(file, title)),
  );
}

/** A rule or a number of tenants, that a table in the file goes through, names its test. */
function loops(file: string, title: string): boolean {
  const source = readFileSync(path.join(root, 'test', `${file}.test.ts`), 'utf8');
  return source.includes(`  ${title}: {`) || source.includes(`'${title}', use`);
}

test('every line of the briefs in docs/aws/README.md names a test that exists', () => {
  const rows = document('README.md')
    .split('\n')
    .filter((line) => /^\| [UTED]-\d\d /.test(line));
  const expected = Object.entries(lines).flatMap(([brief, count]) =>
    Array.from({ length: count }, (_, i) => `${brief}-${String(i + 1).padStart(2, '0')}`),
  );
  assert.deepEqual(
    rows.map((row) => row.slice(2, 6)),
    expected,
  );
  for (const row of rows) {
    const held = (row.split('|').at(-2) ?? '').trim().split('<br>');
    for (const one of held) assert.ok(exists(one), `${one} in ${row}`);
  }
  assert.ok(!exists('tasks: no such test') && !exists('deployed/none.py') && !exists('outside: x'));
});
