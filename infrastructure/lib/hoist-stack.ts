import { Stack, Tags, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Config, Region, Site } from '../config/schema.js';

export interface HoistStackProps {
  readonly config: Config;
  readonly site: Site;
  readonly description: string;
  /** Holds data: cannot be deleted before its protection is taken off. */
  readonly stateful?: boolean;
  readonly region?: string;
}

/** What every stack of ours shares: its place, its zones, its protection and its tags. */
export class HoistStack extends Stack {
  readonly config: Config;
  readonly site: Site;
  private readonly zones: string[];

  constructor(scope: Construct, id: string, props: HoistStackProps) {
    const place = regionOf(props.config, props.site);
    super(scope, id, stackProps(props, props.region ?? place.name));
    this.config = props.config;
    this.site = props.site;
    this.zones = place.zones.map((letter) => place.name + letter);
    Tags.of(this).add('hoist:environment', props.config.environment);
    Tags.of(this).add('hoist:site', props.site);
  }

  /** From configuration: the CDK would ask AWS as soon as account and region are both known. */
  override get availabilityZones(): string[] {
    return this.zones;
  }
}

export function regionOf(config: Config, site: Site): Region {
  return site === 'a' ? config.regions.primary : config.regions.standby;
}

/** Names with a meaning beyond their stack are made here, so that both regions can know them. */
export function named(config: Config, what: string): string {
  return `hoist-${what}-${config.environment}`;
}

function stackProps(props: HoistStackProps, region: string): StackProps {
  const { account, protectData } = props.config;
  return {
    description: props.description,
    env: { region, ...(account ? { account } : {}) },
    terminationProtection: props.stateful === true && protectData,
    analyticsReporting: false,
  };
}
