import * as arc from 'aws-cdk-lib/aws-arcregionswitch';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import {
  isGroup,
  type FailoverGroup,
  type FailoverPlan,
  type FailoverStep,
} from '../failover-plan.js';

/** One value for each of the two regions. */
export interface Pair {
  readonly a: string;
  readonly b: string;
}

export interface SwitchTargets {
  readonly regions: Pair;
  readonly functionArn: (name: string, site: 'a' | 'b') => string;
  readonly serviceArn: (service: string, site: 'a' | 'b') => string;
  readonly clusterArn: Pair;
  readonly consumerArn: Pair;
  readonly databaseArn: Pair;
  readonly globalDatabase: string;
  readonly approvalRole: string;
  readonly hostedZoneId: string;
  readonly recordName: string;
}

export interface RegionSwitchPlanProps {
  readonly name: string;
  readonly plan: FailoverPlan;
  readonly targets: SwitchTargets;
  readonly role: iam.IRole;
  readonly healthAlarms: Pair;
  readonly reports: s3.IBucket;
}

type Step = arc.CfnPlan.StepProperty;
type Block = Pick<Step, 'executionBlockType' | 'executionBlockConfiguration'>;

/** deploy/failover.json as a plan of ARC Region switch: same names, same order, same timeouts. */
export class RegionSwitchPlan extends Construct {
  readonly plan: arc.CfnPlan;

  constructor(scope: Construct, id: string, props: RegionSwitchPlanProps) {
    super(scope, id);
    const { plan, targets } = props;
    this.plan = new arc.CfnPlan(this, 'Plan', {
      name: props.name,
      description: 'moves the three tiers and the task consumers to the other region',
      executionRole: props.role.roleArn,
      // One workflow without a target region: pressed for the other region, the same plan goes back.
      recoveryApproach: 'activePassive',
      primaryRegion: targets.regions.a,
      regions: [targets.regions.a, targets.regions.b],
      recoveryTimeObjectiveMinutes: plan.rto_minutes,
      associatedAlarms: Object.fromEntries(
        (['a', 'b'] as const).map((site) => [
          `health-${site}`,
          { alarmType: 'applicationHealth', resourceIdentifier: props.healthAlarms[site] },
        ]),
      ),
      reportConfiguration: {
        reportOutput: [{ s3Configuration: { bucketPath: `${props.reports.bucketName}/switches` } }],
      },
      workflows: [
        {
          workflowTargetAction: 'activate',
          workflowDescription: 'ready, approve, fence, database, open, traffic, finish',
          steps: plan.steps.map((step) => render(step, targets)),
        },
      ],
    });
  }
}

function render(step: FailoverStep | FailoverGroup, targets: SwitchTargets): Step {
  if (!isGroup(step)) return { name: step.name, description: step.says, ...block(step, targets) };
  return {
    name: step.name,
    executionBlockType: 'Parallel',
    executionBlockConfiguration: {
      parallelConfig: { steps: step.parallel.map((part) => render(part, targets)) },
    },
  };
}

function block(step: FailoverStep, targets: SwitchTargets): Block {
  const timeoutMinutes = step.timeout_s / 60;
  switch (step.action.type) {
    case 'function':
      return functionBlock(step, step.action, timeoutMinutes, targets);
    case 'capacity':
      return capacityBlock(step.action.service, timeoutMinutes, targets);
    case 'approval':
      return {
        executionBlockType: 'ManualApproval',
        executionBlockConfiguration: {
          executionApprovalConfig: { approvalRole: targets.approvalRole, timeoutMinutes },
        },
      };
    case 'consumers':
      return consumerBlock(step, step.action.enable, timeoutMinutes, targets);
    case 'database':
      return databaseBlock(timeoutMinutes, targets);
    case 'traffic':
      return trafficBlock(timeoutMinutes, targets);
  }
}

function functionBlock(
  step: FailoverStep,
  action: { function: string; argument: string },
  timeoutMinutes: number,
  targets: SwitchTargets,
): Block {
  const payload = JSON.stringify({ argument: action.argument });
  return {
    executionBlockType: 'CustomActionLambda',
    executionBlockConfiguration: {
      customActionLambdaConfig: {
        lambdas: (['a', 'b'] as const).map((site) => ({
          arn: targets.functionArn(action.function, site),
          payload,
        })),
        regionToRun: step.runs_in === 'activating' ? 'activatingRegion' : 'deactivatingRegion',
        retryIntervalMinutes: 0.1,
        timeoutMinutes,
        ...(step.ungraceful === 'skip' ? { ungraceful: { behavior: 'skip' } } : {}),
      },
    },
  };
}

// The standby runs as many tasks as the other region at all times: this step confirms it, and adds
// what is missing. A region that is half there is let through rather than held back.
function capacityBlock(service: string, timeoutMinutes: number, targets: SwitchTargets): Block {
  return {
    executionBlockType: 'ECSServiceScaling',
    executionBlockConfiguration: {
      ecsCapacityIncreaseConfig: {
        services: (['a', 'b'] as const).map((site) => ({
          clusterArn: targets.clusterArn[site],
          serviceArn: targets.serviceArn(service, site),
        })),
        targetPercent: 100,
        capacityMonitoringApproach: 'containerInsightsMaxInLast24Hours',
        timeoutMinutes,
        ungraceful: { minimumSuccessPercentage: 66 },
      },
    },
  };
}

function consumerBlock(
  step: FailoverStep,
  enable: boolean,
  timeoutMinutes: number,
  targets: SwitchTargets,
): Block {
  const { regions, consumerArn } = targets;
  return {
    executionBlockType: 'LambdaEventSourceMapping',
    executionBlockConfiguration: {
      lambdaEventSourceMappingConfig: {
        action: enable ? 'enable' : 'disable',
        regionEventSourceMappings: {
          [regions.a]: { arn: consumerArn.a },
          [regions.b]: { arn: consumerArn.b },
        },
        timeoutMinutes,
        ...(step.ungraceful === 'skip' ? { ungraceful: { behavior: 'skip' } } : {}),
      },
    },
  };
}

function databaseBlock(timeoutMinutes: number, targets: SwitchTargets): Block {
  return {
    executionBlockType: 'AuroraGlobalDatabase',
    executionBlockConfiguration: {
      globalAuroraConfig: {
        globalClusterIdentifier: targets.globalDatabase,
        databaseClusterArns: [targets.databaseArn.a, targets.databaseArn.b],
        // Planned: nothing is lost. Unplanned, after the approval: what lag had not carried over.
        behavior: 'switchoverOnly',
        ungraceful: { ungraceful: 'failover' },
        timeoutMinutes,
      },
    },
  };
}

function trafficBlock(timeoutMinutes: number, targets: SwitchTargets): Block {
  return {
    executionBlockType: 'Route53HealthCheck',
    executionBlockConfiguration: {
      route53HealthCheckConfig: {
        hostedZoneId: targets.hostedZoneId,
        recordName: targets.recordName,
        recordSets: (['a', 'b'] as const).map((site) => ({
          recordSetIdentifier: `site-${site}`,
          region: targets.regions[site],
        })),
        timeoutMinutes,
      },
    },
  };
}
