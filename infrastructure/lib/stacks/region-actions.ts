import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { AlarmTopic, addAlarm } from '../constructs/alarms.js';
import { HoistFunction, type Artefact } from '../constructs/hoist-function.js';
import { hoistLog } from '../constructs/log-group.js';
import { allow } from '../constructs/roles.js';
import { HoistStack, named, type HoistStackProps } from '../hoist-stack.js';
import { healthAlarm } from './shop-frontend.js';
import type { ShopStorageStack } from './shop-storage.js';

export interface RegionActionsProps extends HoistStackProps {
  readonly artefact: Artefact;
  readonly storage: ShopStorageStack;
}

/** What a region does for a switch: looks at itself and the other, opens and closes the gate. */
export class RegionActionsStack extends HoistStack {
  constructor(scope: Construct, id: string, props: RegionActionsProps) {
    super(scope, id, props);
    const check = this.checker(props);
    this.gate(props);
    this.probe(check);
  }

  private step(
    props: RegionActionsProps,
    role: string,
    more: Record<string, string>,
  ): HoistFunction {
    return new HoistFunction(this, role, {
      config: this.config,
      artefact: props.artefact,
      role,
      logGroup: hoistLog(this, `${role}-log`, this.config, role),
      timeoutSeconds: 50,
      environment: {
        HOIST_SHOP_EPOCH_TABLE: props.storage.epoch.tableName,
        HOIST_SHOP_SITE: this.site,
        ...more,
      },
    });
  }

  private checker(props: RegionActionsProps): lambda.Function {
    const shop = `shop.${this.config.domain}`;
    const { fn, role } = this.step(props, 'region-check', {
      HOIST_REGION_GLOBAL_DATABASE: named(this.config, 'shop'),
      HOIST_REGION_PUBLIC_URL: `https://${shop}`,
      HOIST_REGION_OTHER_URL: `https://${this.site === 'a' ? 'b' : 'a'}.${shop}`,
    });
    allow(
      role,
      ['rds:DescribeGlobalClusters'],
      [`arn:${this.partition}:rds::${this.account}:global-cluster:${named(this.config, 'shop')}`],
    );
    allow(role, ['cloudwatch:GetMetricData'], ['*']);
    allow(role, ['dynamodb:GetItem'], [props.storage.epoch.tableArn]);
    return fn;
  }

  private gate(props: RegionActionsProps): void {
    const { role } = this.step(props, 'region-gate', {});
    allow(role, ['dynamodb:GetItem', 'dynamodb:UpdateItem'], [props.storage.epoch.tableArn]);
  }

  // Every minute this region asks for the other's front page. Only when the other is bad and this
  // one is good does anybody wake up: a region that cannot see must not accuse.
  private probe(check: lambda.Function): void {
    new events.Rule(this, 'EveryMinute', {
      schedule: events.Schedule.rate(Duration.minutes(1)),
      targets: [
        new targets.LambdaFunction(check, {
          event: events.RuleTargetInput.fromObject({ argument: 'probe' }),
          retryAttempts: 0,
        }),
      ],
    });
    const { topic } = new AlarmTopic(this, 'Alarms', this.config);
    const other = addAlarm(this, 'OtherRegionBad', topic, {
      metric: new cloudwatch.Metric({
        namespace: 'Hoist',
        metricName: 'other_region_ok',
        dimensionsMap: { environment: this.config.environment, site: this.site },
        statistic: 'Maximum',
        period: Duration.minutes(1),
      }),
      threshold: 1,
      below: true,
      periods: 3,
      what: 'the other region did not answer for 3 minutes',
    });
    const own = cloudwatch.Alarm.fromAlarmName(
      this,
      'Own',
      healthAlarm(this.config.environment, this.site),
    );
    new cloudwatch.CompositeAlarm(this, 'SwitchAdvised', {
      alarmDescription:
        'the other region is down and this one is well: docs/aws/runbooks.md, failover',
      alarmRule: cloudwatch.AlarmRule.allOf(
        cloudwatch.AlarmRule.fromAlarm(other, cloudwatch.AlarmState.ALARM),
        cloudwatch.AlarmRule.fromAlarm(own, cloudwatch.AlarmState.OK),
      ),
    });
  }
}
