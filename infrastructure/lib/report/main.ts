import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Assembly } from './assembly.js';
import { documents } from './documents.js';

const root = path.resolve(__dirname, '..', '..', '..');
const folder = path.join(root, 'build', 'assemblies', 'prod');
const target = path.join(root, '..', 'docs', 'aws', 'generated');
mkdirSync(target, { recursive: true });
for (const [name, content] of Object.entries(documents(Assembly.read(folder, 'prod'), folder)))
  writeFileSync(path.join(target, name), content);
