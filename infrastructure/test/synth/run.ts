// Synthesises what the tests look at, once, in a room without network, home or credentials:
// every environment, and production again with another account and another pair of regions.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export const root = path.resolve(__dirname, '..', '..', '..');
export const assemblies = path.join(root, 'build', 'assemblies');

export interface Room {
  readonly sealed: boolean;
  readonly seconds: Record<string, number>;
}

const rooms: Record<string, Record<string, string>> = {
  dev: { environment: 'dev' },
  stage: { environment: 'stage' },
  prod: { environment: 'prod' },
  elsewhere: { environment: 'prod', account: '210987654321', region: 'sa-east-1' },
};

/** With a network namespace of its own where the machine allows it. */
function seal(command: string[]): { command: string[]; sealed: boolean } {
  for (const flags of [['-n'], ['-rn']]) {
    const prefix = ['unshare', ...flags];
    if (spawnSync('unshare', [...flags, 'true']).status === 0)
      return { command: [...prefix, ...command], sealed: true };
  }
  return { command, sealed: false };
}

function synthesise(name: string, context: Record<string, string>): boolean {
  const cdk = JSON.parse(readFileSync(path.join(root, 'cdk.json'), 'utf8')) as {
    context: Record<string, unknown>;
  };
  const home = path.join(assemblies, 'home');
  mkdirSync(home, { recursive: true });
  const { command, sealed } = seal([process.execPath, path.join(root, 'build', 'bin', 'hoist.js')]);
  const [program = '', ...args] = command;
  const run = spawnSync(program, args, {
    cwd: root,
    encoding: 'utf8',
    env: {
      PATH: process.env.PATH,
      HOME: home,
      CDK_OUTDIR: path.join(assemblies, name),
      CDK_CONTEXT_JSON: JSON.stringify({
        ...cdk.context,
        ...context,
        'aws:cdk:enable-path-metadata': true,
      }),
    },
  });
  if (run.status !== 0) {
    process.stderr.write(`synthesis of ${name} failed\n${run.stdout}${run.stderr}`);
    process.exit(1);
  }
  return sealed;
}

if (require.main === module) {
  const only = process.argv.slice(2);
  if (only.length === 0) rmSync(assemblies, { recursive: true, force: true });
  const seconds: Record<string, number> = {};
  let sealed = true;
  for (const [name, context] of Object.entries(rooms)) {
    if (only.length > 0 && !only.includes(name)) continue;
    const start = Date.now();
    sealed = synthesise(name, context) && sealed;
    seconds[name] = (Date.now() - start) / 1000;
  }
  const room: Room = { sealed, seconds };
  writeFileSync(path.join(assemblies, 'room.json'), JSON.stringify(room));
}
