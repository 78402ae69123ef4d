// deploy/failover.json as types. The file is the one source of the steps of a region switch: the
// plan that AWS runs is made from it here, and a local drill reads the same file.
import { z } from 'zod';

const action = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('function'), function: z.string(), argument: z.string() }),
  z.strictObject({ type: z.literal('capacity'), service: z.enum(['home', 'checkout']) }),
  z.strictObject({ type: z.literal('approval') }),
  z.strictObject({ type: z.literal('consumers'), enable: z.boolean() }),
  z.strictObject({ type: z.literal('database') }),
  z.strictObject({ type: z.literal('traffic') }),
]);

const name = z.string().regex(/^[a-z][a-z-]{1,30}$/);

const single = z.strictObject({
  name,
  says: z.string().min(10),
  action,
  runs_in: z.enum(['activating', 'deactivating']),
  /** AWS counts in whole minutes. */
  timeout_s: z.number().int().min(60).multipleOf(60),
  /** In an unplanned failover, where the old region may not answer. */
  ungraceful: z.enum(['run', 'skip']),
  loses_data: z.boolean().optional(),
  evidence: z.array(z.string()).min(1),
});

const group = z.strictObject({ name, parallel: z.array(single).min(2) });

export const failoverPlanSchema = z.strictObject({
  name: z.string().max(28),
  rto_minutes: z.number().int().positive(),
  rpo_minutes: z.number().int().positive(),
  steps: z.array(z.union([single, group])).min(1),
});

export type FailoverPlan = z.infer<typeof failoverPlanSchema>;
export type FailoverStep = z.infer<typeof single>;
export type FailoverGroup = z.infer<typeof group>;

export const isGroup = (step: FailoverStep | FailoverGroup): step is FailoverGroup =>
  'parallel' in step;

/** The longest that the plan can take: groups last as long as their slowest step. */
export function criticalPathSeconds(plan: FailoverPlan): number {
  return plan.steps
    .map((step) =>
      isGroup(step) ? Math.max(...step.parallel.map((s) => s.timeout_s)) : step.timeout_s,
    )
    .reduce((sum, seconds) => sum + seconds, 0);
}
