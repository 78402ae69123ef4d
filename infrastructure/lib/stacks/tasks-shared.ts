import { CfnOutput, Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as sns from 'aws-cdk-lib/aws-sns';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { AlarmTopic } from '../constructs/alarms.js';
import { hoistLog } from '../constructs/log-group.js';
import { HoistStack, named, regionOf, type HoistStackProps } from '../hoist-stack.js';

/** What the API and the processor share: the queue and its dead letters, effects, logs, alarms. */
export class TasksSharedStack extends HoistStack {
  readonly queue: sqs.Queue;
  readonly deadLetters: sqs.Queue;
  readonly effects: dynamodb.ITableV2;
  readonly apiLog: logs.LogGroup;
  readonly accessLog: logs.LogGroup;
  readonly processorLog: logs.LogGroup;
  readonly alarmTopic: sns.Topic;

  constructor(scope: Construct, id: string, props: HoistStackProps) {
    super(scope, id, { ...props, stateful: true });
    this.deadLetters = this.fifo('DeadLetters', {
      retentionPeriod: Duration.days(14),
      redriveAllowPolicy: { redrivePermission: sqs.RedrivePermission.ALLOW_ALL },
    });
    this.queue = this.fifo('Queue', {
      retentionPeriod: Duration.days(14),
      // Six times the function's time: Lambda may ask again before it gives a batch back.
      visibilityTimeout: Duration.seconds(6 * this.config.tasks.functionTimeoutSeconds),
      receiveMessageWaitTime: Duration.seconds(20),
      deadLetterQueue: {
        queue: this.deadLetters,
        maxReceiveCount: this.config.tasks.attemptsMax,
      },
    });
    this.effects = this.effectTable();
    this.apiLog = this.log('api');
    this.accessLog = this.log('access');
    this.processorLog = this.log('processor');
    this.alarmTopic = new AlarmTopic(this, 'Alarms', this.config).topic;
    new CfnOutput(this, 'QueueUrl', { value: this.queue.queueUrl });
    new CfnOutput(this, 'DeadLetterUrl', { value: this.deadLetters.queueUrl });
  }

  // Identical tasks are two tasks: the sender's task id is the deduplication id, not the content.
  private fifo(id: string, props: sqs.QueueProps): sqs.Queue {
    return new sqs.Queue(this, id, {
      fifo: true,
      contentBasedDeduplication: false,
      encryption: sqs.QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      removalPolicy: this.keep,
      ...props,
    });
  }

  // One row per effect key. The replica carries it to the other region, where a task that comes a
  // second time after a switch finds its effect already there. The table belongs to site a.
  private effectTable(): dynamodb.ITableV2 {
    const tableName = named(this.config, 'task-effects');
    if (this.site === 'b') return dynamodb.TableV2.fromTableName(this, 'Effects', tableName);
    return new dynamodb.TableV2(this, 'Effects', {
      tableName,
      partitionKey: { name: 'effect_key', type: dynamodb.AttributeType.STRING },
      timeToLiveAttribute: 'expires_at',
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: this.config.protectData,
      removalPolicy: this.keep,
      replicas: [{ region: regionOf(this.config, 'b').name }],
    });
  }

  private log(what: string): logs.LogGroup {
    return hoistLog(this, `${what}Log`, this.config, `tasks/${what}`);
  }

  private get keep(): RemovalPolicy {
    return this.config.protectData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
  }
}
