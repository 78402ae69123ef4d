import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import * as elb from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as logs from 'aws-cdk-lib/aws-logs';
import type * as sns from 'aws-cdk-lib/aws-sns';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Config } from '../../config/schema.js';
import { addAlarm, ownMetric, type AlarmRule } from './alarms.js';
import type { AuroraPostgres } from './aurora-postgres.js';

export interface UploadsObservabilityProps {
  readonly config: Config;
  readonly topic: sns.ITopic;
  readonly log: logs.ILogGroup;
  readonly balancer: elb.ApplicationLoadBalancer;
  readonly blue: elb.ApplicationTargetGroup;
  readonly arrivals: sqs.Queue;
  readonly deadLetters: sqs.Queue;
  readonly services: readonly ecs.FargateService[];
  readonly database: AuroraPostgres;
}

/** An alarm for every promise about uploads, and a dashboard that shows each tenant by itself. */
export class UploadsObservability extends Construct {
  constructor(scope: Construct, id: string, props: UploadsObservabilityProps) {
    super(scope, id);
    for (const [name, rule] of Object.entries({ ...promises(props), ...health(props) }))
      addAlarm(this, name, props.topic, rule);
    tenantMetrics(this, props);
    this.dashboard(props);
  }

  private dashboard(props: UploadsObservabilityProps): void {
    const { environment } = props.config;
    const perTenant = (title: string, metric: string, statistic: string): cloudwatch.GraphWidget =>
      new cloudwatch.GraphWidget({
        title,
        width: 12,
        left: [
          new cloudwatch.MathExpression({
            expression: `SEARCH('{Hoist/Tenants,tenant} MetricName="${metric}"', '${statistic}', 300)`,
            label: '',
            usingMetrics: {},
          }),
        ],
      });
    new cloudwatch.Dashboard(this, 'Tenants', {
      dashboardName: `hoist-uploads-tenants-${environment}`,
      widgets: [
        [
          perTenant('Completed files', 'uploads_completed', 'Sum'),
          perTenant('Failed files', 'uploads_failed', 'Sum'),
        ],
        [
          perTenant('Time from request to stored, p95 (s)', 'upload_seconds', 'p95'),
          perTenant('Stored bytes', 'stored_bytes', 'Maximum'),
        ],
      ],
    });
  }
}

const minutes = (count: number): { period: Duration } => ({ period: Duration.minutes(count) });

/** The service level objectives, with the number that each promises. */
function promises(props: UploadsObservabilityProps): Record<string, AlarmRule> {
  const { config } = props;
  const success = new cloudwatch.MathExpression({
    expression: 'IF(done + failed > 0, 100 * done / (done + failed), 100)',
    usingMetrics: {
      done: ownMetric(config, 'uploads_completed', 'Sum'),
      failed: ownMetric(config, 'uploads_failed', 'Sum'),
    },
    ...minutes(5),
  });
  return {
    SloSuccess: {
      metric: success,
      threshold: 98,
      below: true,
      periods: 3,
      what: 'SLO: less than 98 % of uploads succeed',
    },
    SloUploadTime: {
      metric: ownMetric(config, 'upload_seconds', 'p95'),
      threshold: 30,
      periods: 3,
      what: 'SLO: p95 of uploads takes more than 30 s',
    },
    SloApi: {
      metric: props.balancer.metrics.targetResponseTime({ ...minutes(5), statistic: 'p99' }),
      threshold: 0.5,
      periods: 3,
      what: 'SLO: API p99 above 500 ms',
    },
    SloUrlIssue: {
      metric: ownMetric(config, 'url_issue_ms', 'p99'),
      threshold: 200,
      periods: 3,
      what: 'SLO: issuing a URL takes more than 200 ms (p99)',
    },
    SloNoDowntime: {
      metric: props.blue.metrics.healthyHostCount({ ...minutes(1), statistic: 'Maximum' }),
      threshold: 1,
      below: true,
      silence: 'bad',
      what: 'SLO: no healthy API task, deployments included',
    },
  };
}

function health(props: UploadsObservabilityProps): Record<string, AlarmRule> {
  const { config } = props;
  return {
    DeadLetters: {
      metric: props.deadLetters.metricApproximateNumberOfMessagesVisible(minutes(1)),
      threshold: 1,
      what: 'a file could not be processed in 3 tries: docs/aws/runbooks.md, dead letters',
    },
    OldestArrival: {
      metric: props.arrivals.metricApproximateAgeOfOldestMessage(minutes(1)),
      threshold: 600,
      periods: 3,
      what: 'the oldest file waits for more than 10 minutes for a worker',
    },
    WorkersSilent: {
      metric: ownMetric(config, 'worker_heartbeat', 'Sum'),
      threshold: 1,
      below: true,
      silence: 'bad',
      what: 'no worker reported for 5 minutes',
    },
    OneUserFloods: {
      metric: ownMetric(config, 'uploads_of_busiest_user', 'Maximum', Duration.hours(1)),
      threshold: 10000,
      what: 'one user started 10,000 uploads within an hour',
    },
    QuotaNear: {
      metric: ownMetric(config, 'fullest_tenant_percent', 'Maximum', Duration.hours(1)),
      threshold: 80,
      what: 'a tenant has used 80 % of its storage',
    },
    DatabaseBusy: {
      metric: new cloudwatch.Metric({
        namespace: 'AWS/RDS',
        metricName: 'CPUUtilization',
        dimensionsMap: { DBClusterIdentifier: props.database.cluster.ref },
        statistic: 'Maximum',
        ...minutes(5),
      }),
      threshold: 80,
      periods: 3,
      what: 'the database is above 80 % CPU',
    },
    ...Object.fromEntries(props.services.map((service) => tasksMissing(service))),
  };
}

function tasksMissing(service: ecs.FargateService): [string, AlarmRule] {
  const count = (metricName: string): cloudwatch.Metric =>
    new cloudwatch.Metric({
      namespace: 'ECS/ContainerInsights',
      metricName,
      dimensionsMap: {
        ClusterName: service.cluster.clusterName,
        ServiceName: service.serviceName,
      },
      statistic: 'Minimum',
      ...minutes(1),
    });
  const missing = new cloudwatch.MathExpression({
    expression: 'desired - running',
    usingMetrics: { desired: count('DesiredTaskCount'), running: count('RunningTaskCount') },
    ...minutes(1),
  });
  return [
    `TasksMissing${service.node.scope?.node.id ?? ''}`,
    { metric: missing, threshold: 1, periods: 5, what: 'fewer tasks run than should' },
  ];
}

// One metric per tenant out of the log, so that no task needs the right to write metrics.
function tenantMetrics(scope: Construct, props: UploadsObservabilityProps): void {
  const filter = (name: string, field: string): void => {
    new logs.MetricFilter(scope, `Tenant-${name}`, {
      logGroup: props.log,
      metricNamespace: 'Hoist/Tenants',
      metricName: name,
      metricValue: `$.${field}`,
      filterPattern: logs.FilterPattern.exists(`$.${field}`),
      dimensions: { tenant: '$.tenant' },
    });
  };
  for (const name of ['uploads_completed', 'uploads_failed', 'upload_seconds', 'stored_bytes'])
    filter(name, name);
}
