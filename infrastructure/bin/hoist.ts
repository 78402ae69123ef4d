import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { App, Validations } from 'aws-cdk-lib';
import { loadConfig } from '../config/load.js';
import { buildEnvironment } from '../lib/app.js';
import type { Artefact } from '../lib/constructs/hoist-function.js';
import { failoverPlanSchema } from '../lib/failover-plan.js';
import { HouseRules } from '../lib/house-rules.js';

const app = new App();
const context = (key: string): string | undefined => {
  const value: unknown = app.node.tryGetContext(key);
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
};
const config = loadConfig(
  {
    environment: context('environment'),
    account: context('account'),
    region: context('region'),
  },
  { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION },
);

const root = path.resolve(__dirname, '..', '..');
const built = path.resolve(root, config.lambda.artefact);
const artefact: Artefact = existsSync(built)
  ? { path: built, placeholder: false }
  : { path: path.join(root, 'placeholder', 'lambda'), placeholder: true };

const planFile = path.resolve(root, '..', 'deploy', 'failover.json');
const plan = failoverPlanSchema.parse(JSON.parse(readFileSync(planFile, 'utf8')));

Validations.of(app).addPlugins(new HouseRules(path.join(root, 'policy')));
buildEnvironment(app, { config, artefact, plan });
app.synth();
