import { ReferenceStrength, Stack, Validations, type App } from 'aws-cdk-lib';
import type { Config, Site } from '../config/schema.js';
import type { Artefact } from './constructs/hoist-function.js';
import type { FailoverPlan } from './failover-plan.js';
import { ApiAccountStack } from './stacks/api-account.js';
import { DnsStack } from './stacks/dns.js';
import { EventsApiStack, EventsDataStack } from './stacks/events.js';
import { RegionActionsStack } from './stacks/region-actions.js';
import { RegionControlStack } from './stacks/region-control.js';
import { RegionRecordsStack } from './stacks/region-records.js';
import { ShopBackendStack } from './stacks/shop-backend.js';
import { ShopDataStack } from './stacks/shop-data.js';
import { ShopFrontendStack } from './stacks/shop-frontend.js';
import { ShopNetworkStack } from './stacks/shop-network.js';
import { ShopStorageStack } from './stacks/shop-storage.js';
import { TasksApiStack } from './stacks/tasks-api.js';
import { TasksProcessingStack } from './stacks/tasks-processing.js';
import { TasksSharedStack } from './stacks/tasks-shared.js';
import { UploadsDataStack } from './stacks/uploads-data.js';
import { UploadsEdgeStack } from './stacks/uploads-edge.js';
import { UploadsNetworkStack } from './stacks/uploads-network.js';
import { UploadsServiceStack } from './stacks/uploads-service.js';
import { UploadsStorageStack } from './stacks/uploads-storage.js';

export interface AppInput {
  readonly config: Config;
  readonly artefact: Artefact;
  readonly plan: FailoverPlan;
}

/** Every stack of an environment. The only place that knows which stack is in which region. */
export function buildEnvironment(app: App, input: AppInput): void {
  const { config } = input;
  acknowledge(app);
  for (const site of ['a', 'b'] as const)
    new ApiAccountStack(app, `HoistApiAccount-${config.environment}-${site}`, {
      config,
      site,
      description: 'lets API Gateway write logs in this account and region',
    });
  const dns = new DnsStack(app, `HoistDns-${config.environment}`, {
    config,
    site: 'a',
    description: 'the public zone of this environment',
  });
  const consumers = { a: tasks(app, input, 'a'), b: tasks(app, input, 'b') };
  events(app, input);
  uploads(app, config, dns);
  const a = shop(app, input, 'a', dns);
  const b = shop(app, input, 'b', dns);
  // It joins the global database, and its tables are replicas of those over there.
  b.data.addStackDependency(a.data);
  b.storage.addStackDependency(a.storage);
  regions(app, input, dns, consumers, { a, b });
}

function acknowledge(app: App): void {
  Validations.of(app).acknowledge({
    id: 'CloudFormation-Validate::W3010',
    reason:
      'Zones come from configuration, so that every tier of a network is in the same three and a ' +
      'synthesis needs no look-up (2026-11-21).',
  });
}

// The names without a site are the ones that the task API is known by.
function tasks(app: App, input: AppInput, site: Site): TasksProcessingStack {
  const { config, artefact } = input;
  const end = config.environment + (site === 'a' ? '' : '-b');
  const shared = new TasksSharedStack(app, `TaskManagementShared-${end}`, {
    config,
    site,
    description: 'Ordered tasks: FIFO queue, dead letters, effects, logs',
  });
  new TasksApiStack(app, `TaskManagementApi-${end}`, {
    config,
    site,
    shared,
    artefact,
    description: 'Ordered tasks: POST /tasks',
  });
  return new TasksProcessingStack(app, `TaskManagementProcessing-${end}`, {
    config,
    site,
    shared,
    artefact,
    description: 'Ordered tasks: the processor',
  });
}

function events(app: App, input: AppInput): void {
  const { config, artefact } = input;
  const data = new EventsDataStack(app, `EventsData-${config.environment}`, {
    config,
    site: 'a',
    description: 'Events: network, SQL Server, details, login',
  });
  new EventsApiStack(app, `EventsApi-${config.environment}`, {
    config,
    site: 'a',
    data,
    artefact,
    description: 'Events: POST /events, GET /events/{userId}',
  });
}

// One region: its files, its database and its queue stay together.
function uploads(app: App, config: Config, dns: DnsStack): void {
  const end = config.environment;
  const common = { config, site: 'a' as const };
  const { network } = new UploadsNetworkStack(app, `UploadsNetwork-${end}`, {
    ...common,
    description: 'Uploads: network',
  });
  const storage = new UploadsStorageStack(app, `UploadsStorage-${end}`, {
    ...common,
    description: 'Uploads: files, quarantine, arrivals',
  });
  const data = new UploadsDataStack(app, `UploadsData-${end}`, {
    ...common,
    network,
    description: 'Uploads: PostgreSQL, Redis, backups',
  });
  const service = new UploadsServiceStack(app, `UploadsService-${end}`, {
    ...common,
    network,
    storage,
    data,
    zone: dns.zone,
    description: 'Uploads: API, workers, load balancer, alarms',
  });
  const edge = new UploadsEdgeStack(app, `UploadsEdge-${end}`, {
    ...common,
    zone: dns.zone,
    description: 'Uploads: CloudFront and web ACL',
  });
  // Its secret header is made there.
  edge.addStackDependency(service);
}

interface Shop {
  readonly storage: ShopStorageStack;
  readonly data: ShopDataStack;
  readonly frontend: ShopFrontendStack;
}

function shop(app: App, input: AppInput, site: Site, dns: DnsStack): Shop {
  const { config, artefact } = input;
  const end = `${config.environment}-${site}`;
  const common = { config, site };
  const networkStack = new ShopNetworkStack(app, `ShopNetwork-${end}`, {
    ...common,
    description: 'Three tiers: network, firewall, endpoints',
  });
  const storage = new ShopStorageStack(app, `ShopStorage-${end}`, {
    ...common,
    description: 'Three tiers: metadata buckets, outbox, epoch',
  });
  const data = new ShopDataStack(app, `ShopData-${end}`, {
    ...common,
    network: networkStack.network,
    description: 'Three tiers: PostgreSQL',
  });
  const backend = new ShopBackendStack(app, `ShopBackend-${end}`, {
    ...common,
    artefact,
    networkStack,
    storage,
    data,
    description: 'Three tiers: payments, products, shipping',
  });
  const frontend = new ShopFrontendStack(app, `ShopFrontend-${end}`, {
    ...common,
    networkStack,
    backend,
    zoneId: Stack.consumeReference(dns.zone.hostedZoneId, ReferenceStrength.WEAK),
    description: 'Three tiers: home, checkout, load balancer',
  });
  new RegionActionsStack(app, `RegionActions-${end}`, {
    ...common,
    artefact,
    storage,
    description: 'Three tiers: what this region does in a switch',
  });
  return { storage, data, frontend };
}

function regions(
  app: App,
  input: AppInput,
  dns: DnsStack,
  consumers: Record<Site, TasksProcessingStack>,
  shops: Record<Site, Shop>,
): void {
  const { config, plan } = input;
  const control = new RegionControlStack(app, `RegionControl-${config.environment}`, {
    config,
    site: 'b',
    plan,
    consumerIds: {
      a: consumers.a.consumer.eventSourceMappingId,
      b: consumers.b.consumer.eventSourceMappingId,
    },
    hostedZoneId: dns.zone.hostedZoneId,
    description: 'Three tiers: the region switch plan',
  });
  new RegionRecordsStack(app, `RegionRecords-${config.environment}`, {
    config,
    site: 'a',
    zone: dns.zone,
    balancers: { a: shops.a.frontend.balancer, b: shops.b.frontend.balancer },
    control,
    description: 'Three tiers: the public name',
  });
}
