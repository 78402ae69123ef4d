import { CfnOutput, Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { addAlarm } from '../constructs/alarms.js';
import { HoistFunction, type Artefact } from '../constructs/hoist-function.js';
import { allow } from '../constructs/roles.js';
import { HoistStack, type HoistStackProps } from '../hoist-stack.js';
import type { TasksSharedStack } from './tasks-shared.js';

export interface TasksProcessingProps extends HoistStackProps {
  readonly shared: TasksSharedStack;
  readonly artefact: Artefact;
}

/** The processor: tasks of a group in order, one effect each, dead letters in order too. */
export class TasksProcessingStack extends HoistStack {
  readonly consumer: lambda.EventSourceMapping;
  private readonly fn: HoistFunction;

  constructor(scope: Construct, id: string, props: TasksProcessingProps) {
    super(scope, id, props);
    const { shared } = props;
    this.fn = new HoistFunction(this, 'Processor', {
      config: this.config,
      artefact: props.artefact,
      role: 'tasks-processor',
      logGroup: shared.processorLog,
      timeoutSeconds: this.config.tasks.functionTimeoutSeconds,
      environment: {
        HOIST_TASKS_QUEUE_URL: shared.queue.queueUrl,
        HOIST_TASKS_EFFECTS_TABLE: shared.effects.tableName,
      },
    });
    this.rights(shared);
    this.consumer = new lambda.EventSourceMapping(this, 'Consumer', {
      target: this.fn.fn,
      eventSourceArn: shared.queue.queueArn,
      // Each delivery of a message counts towards the dead letters, also of one that stood behind a
      // failed one of its batch: of ten, nine would go with a poison one (ADR 18).
      batchSize: 1,
      reportBatchItemFailures: true,
      // The standby's consumer is switched on by the region switch plan, as its last step.
      enabled: this.site === 'a',
    });
    this.alarms(shared);
    this.dashboard(shared);
    new CfnOutput(this, 'ConsumerId', { value: this.consumer.eventSourceMappingId });
  }

  private rights(shared: TasksSharedStack): void {
    allow(
      this.fn.role,
      [
        'sqs:ReceiveMessage',
        'sqs:DeleteMessage',
        'sqs:ChangeMessageVisibility',
        // Lambda refuses to poll for a role without it.
        'sqs:GetQueueAttributes',
      ],
      [shared.queue.queueArn],
    );
    allow(this.fn.role, ['dynamodb:GetItem', 'dynamodb:PutItem'], [shared.effects.tableArn]);
  }

  private alarms(shared: TasksSharedStack): void {
    const minute = { period: Duration.minutes(1) };
    const { alarmTopic: topic } = shared;
    addAlarm(this, 'DeadLetters', topic, {
      metric: shared.deadLetters.metricApproximateNumberOfMessagesVisible(minute),
      threshold: 1,
      what: 'a task is a dead letter: docs/aws/runbooks.md, dead letters',
    });
    addAlarm(this, 'OldestTask', topic, {
      metric: shared.queue.metricApproximateAgeOfOldestMessage(minute),
      threshold: 300,
      periods: 3,
      what: 'the oldest task waits for more than 5 minutes',
    });
    addAlarm(this, 'Errors', topic, {
      metric: this.fn.fn.metricErrors(minute),
      threshold: 1,
      what: 'the task processor failed as a whole',
    });
    addAlarm(this, 'Throttles', topic, {
      metric: this.fn.fn.metricThrottles(minute),
      threshold: 1,
      periods: 3,
      what: 'the task processor is throttled',
    });
  }

  private dashboard(shared: TasksSharedStack): void {
    const graph = (title: string, ...left: cloudwatch.IMetric[]): cloudwatch.GraphWidget =>
      new cloudwatch.GraphWidget({ title, left, width: 8 });
    new cloudwatch.Dashboard(this, 'Dashboard', {
      dashboardName: `hoist-tasks-${this.config.environment}-${this.site}`,
      widgets: [
        [
          graph(
            'Waiting tasks',
            shared.queue.metricApproximateNumberOfMessagesVisible(),
            shared.queue.metricApproximateNumberOfMessagesNotVisible(),
          ),
          graph('Oldest task (s)', shared.queue.metricApproximateAgeOfOldestMessage()),
          graph('Dead letters', shared.deadLetters.metricApproximateNumberOfMessagesVisible()),
        ],
        [
          graph('Accepted', shared.queue.metricNumberOfMessagesSent()),
          graph('Processed', this.fn.fn.metricInvocations(), this.fn.fn.metricErrors()),
          graph('Time taken (ms)', this.fn.fn.metricDuration({ statistic: 'p99' })),
        ],
      ],
    });
  }
}
