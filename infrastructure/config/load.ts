// From the command line (-c), the CDK's own variables and the files beside this one to one checked
// configuration. Called by bin/ alone: constructs and stacks are given what they need.
import { z } from 'zod';
import { dev } from './dev.js';
import { prod } from './prod.js';
import { configSchema, type Config } from './schema.js';
import { stage } from './stage.js';

const environments: Record<string, Config> = { dev, stage, prod };

export interface Overrides {
  environment?: string | undefined;
  account?: string | undefined;
  region?: string | undefined;
}

/** An unset shell variable arrives as an empty string; the CDK takes that for an account. */
const given = (text: string | undefined): string | undefined => (text ? text : undefined);

export function loadConfig(context: Overrides, variables: Overrides): Config {
  const name = given(context.environment) ?? 'dev';
  const base = environments[name];
  if (!base)
    throw new Error(`environment: "${name}" is none of ${Object.keys(environments).join(', ')}`);
  const account = given(context.account) ?? given(variables.account) ?? base.account;
  const region = given(context.region) ?? given(variables.region);
  const parsed = configSchema.safeParse({
    ...base,
    ...(account ? { account } : {}),
    regions: region ? withPrimary(base.regions, region) : base.regions,
  });
  if (!parsed.success)
    throw new Error(`configuration of ${name}:\n${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

/** Naming the standby as the primary swaps the pair; any other region replaces the primary. */
function withPrimary(pair: Config['regions'], name: string): Config['regions'] {
  if (name === pair.standby.name) return { primary: pair.standby, standby: pair.primary };
  return { ...pair, primary: { ...pair.primary, name } };
}
