import { CfnOutput, Duration, Fn, ReferenceStrength, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import type { Construct } from 'constructs';
import type { Site } from '../../config/schema.js';
import { AlarmTopic } from '../constructs/alarms.js';
import { privateBucket } from '../constructs/buckets.js';
import {
  RegionSwitchPlan,
  type Pair,
  type SwitchTargets,
} from '../constructs/region-switch-plan.js';
import { allow, emptyRole } from '../constructs/roles.js';
import type { FailoverPlan } from '../failover-plan.js';
import { HoistStack, named, regionOf, type HoistStackProps } from '../hoist-stack.js';
import { shopCluster } from './shop-data.js';
import { healthAlarm } from './shop-frontend.js';

export interface RegionControlProps extends HoistStackProps {
  readonly plan: FailoverPlan;
  /** The event source mapping of each region's task processor: AWS makes its id. */
  readonly consumerIds: Pair;
  readonly hostedZoneId: string;
}

export const healthChecksOutput = 'HealthChecks';

/** The button: the plan, the role it runs with, who may press it, and its reports. */
export class RegionControlStack extends HoistStack {
  readonly switchPlan: RegionSwitchPlan;
  private readonly pair: Pair;

  constructor(scope: Construct, id: string, props: RegionControlProps) {
    super(scope, id, { ...props, stateful: true });
    this.pair = { a: regionOf(this.config, 'a').name, b: regionOf(this.config, 'b').name };
    const reports = privateBucket(this, 'Reports', this.config);
    const operator = this.operatorRole();
    const switchTargets = this.targets(props, operator);
    const role = this.planRole(props.plan, switchTargets);
    allow(role, ['s3:PutObject'], [reports.arnForObjects('switches/*')]);
    this.switchPlan = new RegionSwitchPlan(this, 'Switch', {
      name: `${props.plan.name}-${this.config.environment}`,
      plan: props.plan,
      targets: switchTargets,
      role,
      reports,
      healthAlarms: this.each((site) =>
        this.arn('cloudwatch', site, `alarm:${healthAlarm(this.config.environment, site)}`),
      ),
    });
    this.tell();
    new CfnOutput(this, 'PlanArn', { value: this.switchPlan.plan.attrArn });
    new CfnOutput(this, healthChecksOutput, {
      value: Fn.join(',', this.switchPlan.plan.attrPlanHealthChecks),
    });
    new CfnOutput(this, 'OperatorRole', { value: operator.roleArn });
  }

  private each(value: (site: Site) => string): Pair {
    return { a: value('a'), b: value('b') };
  }

  private arn(service: string, site: Site, rest: string): string {
    return `arn:${this.partition}:${service}:${this.pair[site]}:${this.account}:${rest}`;
  }

  private targets(props: RegionControlProps, operator: iam.Role): SwitchTargets {
    const shop = named(this.config, 'shop');
    const weak = (value: string): string => Stack.consumeReference(value, ReferenceStrength.WEAK);
    return {
      regions: this.pair,
      functionArn: (name, site) => this.arn('lambda', site, `function:${named(this.config, name)}`),
      serviceArn: (service, site) => this.arn('ecs', site, `service/${shop}/${service}`),
      clusterArn: this.each((site) => this.arn('ecs', site, `cluster/${shop}`)),
      consumerArn: this.each((site) =>
        this.arn('lambda', site, `event-source-mapping:${weak(props.consumerIds[site])}`),
      ),
      databaseArn: this.each((site) =>
        this.arn('rds', site, `cluster:${shopCluster(this.config.environment, site)}`),
      ),
      globalDatabase: shop,
      approvalRole: operator.roleArn,
      hostedZoneId: weak(props.hostedZoneId),
      recordName: `shop.${this.config.domain}`,
    };
  }

  // Whoever may become this role may press the button, agree to a loss, and see how it goes.
  private operatorRole(): iam.Role {
    const role = new iam.Role(this, 'Operator', {
      assumedBy: new iam.AccountRootPrincipal().withConditions({
        Bool: { 'aws:MultiFactorAuthPresent': 'true' },
      }),
      description: 'hoist:region-operator',
      maxSessionDuration: Duration.hours(2),
    });
    allow(role, operatorActions, [this.planArn()]);
    return role;
  }

  private planArn(): string {
    const name = `hoist-region-switch-${this.config.environment}`;
    return `arn:${this.partition}:arc-region-switch::${this.account}:plan/${name}*`;
  }

  private planRole(plan: FailoverPlan, at: SwitchTargets): iam.Role {
    const role = emptyRole(
      this,
      'PlanRole',
      'region-switch-plan',
      'arc-region-switch.amazonaws.com',
    );
    const both = (value: (site: Site) => string): string[] => [value('a'), value('b')];
    const functions = plan.steps
      .flatMap((step) => ('parallel' in step ? step.parallel : [step]))
      .flatMap(({ action }) => (action.type === 'function' ? [action.function] : []));
    allow(
      role,
      ['lambda:GetFunction', 'lambda:InvokeFunction'],
      [...new Set(functions)].flatMap((name) => both((site) => at.functionArn(name, site))),
    );
    allow(
      role,
      ['lambda:GetEventSourceMapping', 'lambda:UpdateEventSourceMapping'],
      [at.consumerArn.a, at.consumerArn.b],
    );
    allow(
      role,
      ['ecs:DescribeServices', 'ecs:UpdateService'],
      ['home', 'checkout'].flatMap((service) => both((site) => at.serviceArn(service, site))),
    );
    allow(role, ['ecs:DescribeClusters'], [at.clusterArn.a, at.clusterArn.b]);
    allow(
      role,
      ['rds:FailoverGlobalCluster', 'rds:SwitchoverGlobalCluster'],
      [
        `arn:${this.partition}:rds::${this.account}:global-cluster:${at.globalDatabase}`,
        at.databaseArn.a,
        at.databaseArn.b,
      ],
    );
    allow(role, planReads, ['*']);
    // Without it the plan's own evaluation cannot tell whether the role is enough.
    allow(
      role,
      ['iam:SimulatePrincipalPolicy'],
      [`arn:${this.partition}:iam::${this.account}:role/*RegionControl*PlanRole*`],
    );
    return role;
  }

  // Best effort on the side of AWS: the operator watches the plan itself, not only the messages.
  private tell(): void {
    const { topic } = new AlarmTopic(this, 'Alarms', this.config);
    new events.Rule(this, 'Progress', {
      description: 'each step of a region switch, as it happens',
      eventPattern: { source: ['aws.arc-region-switch'] },
      targets: [new targets.SnsTopic(topic)],
    });
  }
}

const operatorActions = [
  'arc-region-switch:ApprovePlanExecutionStep',
  'arc-region-switch:CancelPlanExecution',
  'arc-region-switch:GetPlan',
  'arc-region-switch:GetPlanEvaluationStatus',
  'arc-region-switch:GetPlanExecution',
  'arc-region-switch:ListPlanExecutionEvents',
  'arc-region-switch:ListPlanExecutions',
  'arc-region-switch:StartPlanExecution',
  'arc-region-switch:UpdatePlanExecution',
];
// Descriptions and lists, which AWS does not let one narrow to a resource.
const planReads = [
  'application-autoscaling:DescribeScalableTargets',
  'application-autoscaling:RegisterScalableTarget',
  'cloudwatch:DescribeAlarmHistory',
  'cloudwatch:DescribeAlarms',
  'cloudwatch:GetMetricData',
  'cloudwatch:GetMetricStatistics',
  'ecs:ListServices',
  'rds:DescribeDBClusters',
  'rds:DescribeGlobalClusters',
  'route53:GetHealthCheck',
  'route53:ListResourceRecordSets',
];
