import type { Config } from './schema.js';
import { stage } from './stage.js';

// One of everything that is paid by the hour: it may be down when a zone is.
export const dev: Config = {
  ...stage,
  environment: 'dev',
  domain: 'dev.hoist.example.com',
  logRetentionDays: 7,
  network: {
    ...stage.network,
    shop: { primary: '10.12.0.0/16', standby: '10.22.0.0/16' },
    uploads: '10.32.0.0/16',
    events: '10.42.0.0/16',
  },
  tasks: { ...stage.tasks, corsOrigins: ['http://localhost:8080'] },
  events: {
    ...stage.events,
    corsOrigins: ['http://localhost:8080'],
    databaseEdition: 'sqlserver-ex',
  },
  uploads: {
    ...stage.uploads,
    corsOrigins: ['http://localhost:8080'],
    natGateways: 1,
    worker: { ...stage.uploads.worker, concurrencyMin: 4, concurrencyMax: 20 },
    databaseReaders: 0,
    cacheNodes: 1,
    migrationWeight: 100,
    legacyHostIps: [],
    guardDuty: false,
    peak: { apiTasks: 1, workerConcurrency: 4 },
  },
  shop: {
    ...stage.shop,
    frontendTasks: { min: 3, max: 3, peak: 2 },
    databaseReaders: 0,
    firewall: false,
  },
};
