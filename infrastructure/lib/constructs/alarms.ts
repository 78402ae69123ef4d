import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as actions from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as subscriptions from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import type { Config } from '../../config/schema.js';

export interface AlarmRule {
  readonly metric: cloudwatch.IMetric;
  readonly threshold: number;
  readonly what: string;
  readonly below?: boolean;
  readonly periods?: number;
  /** What silence means: nothing happened, or what should report is gone. */
  readonly silence?: 'good' | 'bad';
}

/** Adds an alarm that tells `topic`, with defaults that wake nobody for a single data point. */
export function addAlarm(
  scope: Construct,
  id: string,
  topic: sns.ITopic,
  rule: AlarmRule,
): cloudwatch.Alarm {
  const alarm = new cloudwatch.Alarm(scope, id, {
    metric: rule.metric,
    threshold: rule.threshold,
    alarmDescription: rule.what,
    evaluationPeriods: rule.periods ?? 1,
    comparisonOperator: rule.below
      ? cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD
      : cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    treatMissingData:
      rule.silence === 'bad'
        ? cloudwatch.TreatMissingData.BREACHING
        : cloudwatch.TreatMissingData.NOT_BREACHING,
  });
  alarm.addAlarmAction(new actions.SnsAction(topic));
  alarm.addOkAction(new actions.SnsAction(topic));
  return alarm;
}

export class AlarmTopic extends Construct {
  readonly topic: sns.Topic;

  constructor(scope: Construct, id: string, config: Config) {
    super(scope, id);
    this.topic = new sns.Topic(this, 'Topic', { enforceSSL: true });
    this.topic.addSubscription(new subscriptions.EmailSubscription(config.alarmEmail));
  }
}

/** Metrics that the binary writes to its log as embedded metrics, all under one namespace. */
export function ownMetric(
  config: Config,
  name: string,
  statistic: string,
  period = Duration.minutes(5),
): cloudwatch.Metric {
  return new cloudwatch.Metric({
    namespace: 'Hoist',
    metricName: name,
    dimensionsMap: { environment: config.environment },
    statistic,
    period,
  });
}
