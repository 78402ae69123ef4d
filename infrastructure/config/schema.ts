// The shape of an environment's configuration. Everything that may differ between environments is
// here and nowhere else; zod refuses unknown fields, so a typing error stops the synthesis.
import { z } from 'zod';

const cidr = z.string().regex(/^10\.\d{1,3}\.0\.0\/16$/, 'must be a /16 within 10.0.0.0/8');

const region = z.strictObject({
  name: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'must be a region such as us-east-1'),
  /** Letters of the zones in use. Three, so that losing one leaves two thirds. */
  zones: z.array(z.string().regex(/^[a-f]$/)).length(3),
});

const positive = z.number().int().positive();

export const configSchema = z
  .strictObject({
    environment: z.enum(['dev', 'stage', 'prod']),
    /** Unset: the templates take the account that deploys them. */
    account: z
      .string()
      .regex(/^\d{12}$/, 'must have 12 digits')
      .optional(),
    regions: z.strictObject({ primary: region, standby: region }),
    /** Where CloudFront looks for its certificate and web ACL; an AWS rule, not a choice. */
    edgeRegion: z.string(),
    domain: z.string().regex(/^([a-z0-9-]+\.)+[a-z]{2,}$/, 'must be a domain name'),
    /** Keeps data and load balancers from being deleted by accident. */
    protectData: z.boolean(),
    logRetentionDays: z.union([z.literal(7), z.literal(30), z.literal(90), z.literal(365)]),
    alarmEmail: z.email(),
    /** The container image is named by its digest in production, by a tag elsewhere. */
    image: z.strictObject({ repository: z.string(), reference: z.string() }),
    lambda: z.strictObject({
      /** The zip with `bootstrap` at its root, relative to infrastructure/. */
      artefact: z.string(),
      architecture: z.enum(['x86_64', 'arm64']),
    }),
    network: z.strictObject({
      shop: z.strictObject({ primary: cidr, standby: cidr }),
      uploads: cidr,
      events: cidr,
      /** Host names that workloads of the three tiers may reach on the internet. */
      egressAllowed: z.array(z.string()).min(1),
      /** An account-wide switch of a region: one environment of an account may own it. */
      blockPublicIngress: z.boolean(),
    }),
    tasks: z.strictObject({
      corsOrigins: z.array(z.url()).min(1),
      requestsPerSecond: positive,
      burst: positive,
      attemptsMax: z.number().int().min(1).max(100),
      functionTimeoutSeconds: z.number().int().min(1).max(120),
    }),
    events: z.strictObject({
      corsOrigins: z.array(z.url()).min(1),
      databaseClass: z.string(),
      databaseEdition: z.enum(['sqlserver-ex', 'sqlserver-web', 'sqlserver-se']),
      storageGb: z.number().int().min(20),
      multiAz: z.boolean(),
    }),
    uploads: z.strictObject({
      corsOrigins: z.array(z.url()).min(1),
      natGateways: z.union([z.literal(1), z.literal(3)]),
      api: z.strictObject({ min: positive, max: positive, cpu: positive, memoryMb: positive }),
      worker: z.strictObject({
        concurrencyPerTask: positive,
        concurrencyMin: positive,
        concurrencyMax: positive,
        cpu: positive,
        memoryMb: positive,
      }),
      databaseClass: z.string(),
      databaseReaders: z.number().int().min(0).max(2),
      cacheNode: z.string(),
      cacheNodes: z.union([z.literal(1), z.literal(2), z.literal(3)]),
      /** Share of /api/uploads/* that the new service takes; the rest goes to the legacy host. */
      migrationWeight: z.union([
        z.literal(0),
        z.literal(10),
        z.literal(25),
        z.literal(50),
        z.literal(100),
      ]),
      legacyHostIps: z.array(z.ipv4()),
      guardDuty: z.boolean(),
      /** Work that must still fit when a zone is gone: tasks of the API, files at once. */
      peak: z.strictObject({ apiTasks: positive, workerConcurrency: positive }),
    }),
    shop: z.strictObject({
      frontendTasks: z.strictObject({ min: positive, max: positive, peak: positive }),
      cpu: positive,
      memoryMb: positive,
      databaseClass: z.string(),
      databaseReaders: z.number().int().min(0).max(2),
      firewall: z.boolean(),
      /** S3 replication needs the other bucket first: the first deployment of both leaves it out. */
      replicateBuckets: z.boolean(),
    }),
  })
  .check((ctx) => {
    const { primary, standby } = ctx.value.regions;
    if (primary.name === standby.name)
      ctx.issues.push({
        code: 'custom',
        message: 'primary and standby must be different regions',
        path: ['regions', 'standby', 'name'],
        input: standby.name,
      });
    const cidrs = [
      ctx.value.network.shop.primary,
      ctx.value.network.shop.standby,
      ctx.value.network.uploads,
      ctx.value.network.events,
    ];
    if (new Set(cidrs).size !== cidrs.length)
      ctx.issues.push({
        code: 'custom',
        message: 'networks must not overlap',
        path: ['network'],
        input: cidrs,
      });
  });

export type Config = z.infer<typeof configSchema>;
export type Region = z.infer<typeof region>;
/** A region's part in the pair. Names of stacks carry it, so it does not change in a failover. */
export type Site = 'a' | 'b';
