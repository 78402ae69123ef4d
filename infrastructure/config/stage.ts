import { prod } from './prod.js';
import type { Config } from './schema.js';

// Everything that production has, at the smallest size that still shows a zone lost, and in the
// midst of the migration, so that its rule is deployed somewhere before it matters.
export const stage: Config = {
  ...prod,
  environment: 'stage',
  domain: 'stage.hoist.example.com',
  protectData: false,
  logRetentionDays: 30,
  network: {
    ...prod.network,
    shop: { primary: '10.11.0.0/16', standby: '10.21.0.0/16' },
    uploads: '10.31.0.0/16',
    events: '10.41.0.0/16',
    blockPublicIngress: false,
  },
  tasks: { ...prod.tasks, corsOrigins: ['https://app.stage.hoist.example.com'] },
  events: {
    corsOrigins: ['https://app.stage.hoist.example.com'],
    databaseClass: 't3.small',
    databaseEdition: 'sqlserver-web',
    storageGb: 20,
    multiAz: false,
  },
  uploads: {
    ...prod.uploads,
    corsOrigins: ['https://app.stage.hoist.example.com'],
    databaseClass: 't4g.medium',
    migrationWeight: 25,
    legacyHostIps: ['10.31.200.10'],
    guardDuty: true,
  },
  shop: { ...prod.shop, databaseClass: 't4g.medium', databaseReaders: 2 },
};
