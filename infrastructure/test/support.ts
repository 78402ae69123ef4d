import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Assembly } from '../lib/report/assembly.js';
import { assemblies, root } from './synth/run.js';

const cache = new Map<string, Assembly>();

/** What test/synth/run.ts made of an environment. */
export function assembly(name: 'dev' | 'stage' | 'prod' | 'elsewhere'): Assembly {
  const known = cache.get(name);
  if (known) return known;
  const folder = path.join(assemblies, name);
  if (!existsSync(folder)) throw new Error(`${folder}: run \`npm run assemblies\` first`);
  const read = Assembly.read(folder, name === 'elsewhere' ? 'prod' : name);
  cache.set(name, read);
  return read;
}

export const environments = ['dev', 'stage', 'prod'] as const;

export function data(file: string): unknown {
  return JSON.parse(readFileSync(path.join(root, 'test', 'data', file), 'utf8'));
}

export function document(file: string): string {
  return readFileSync(path.join(root, '..', 'docs', 'aws', file), 'utf8');
}
