import { CfnOutput, Duration } from 'aws-cdk-lib';
import * as apigateway from 'aws-cdk-lib/aws-apigateway';
import type { Construct } from 'constructs';
import { addAlarm } from '../constructs/alarms.js';
import { HoistFunction, type Artefact } from '../constructs/hoist-function.js';
import { allow } from '../constructs/roles.js';
import { HoistStack, type HoistStackProps } from '../hoist-stack.js';
import type { TasksSharedStack } from './tasks-shared.js';

export interface TasksApiProps extends HoistStackProps {
  readonly shared: TasksSharedStack;
  readonly artefact: Artefact;
}

/** POST /tasks and nothing else. */
export class TasksApiStack extends HoistStack {
  private readonly fn: HoistFunction;
  private readonly api: apigateway.RestApi;

  constructor(scope: Construct, id: string, props: TasksApiProps) {
    super(scope, id, props);
    const { shared } = props;
    this.fn = new HoistFunction(this, 'Api', {
      config: this.config,
      artefact: props.artefact,
      role: 'tasks-api',
      logGroup: shared.apiLog,
      timeoutSeconds: 10,
      environment: {
        HOIST_TASKS_QUEUE_URL: shared.queue.queueUrl,
        HOIST_SERVER_CORS_ORIGINS: this.config.tasks.corsOrigins.join(','),
      },
    });
    allow(this.fn.role, ['sqs:SendMessage'], [shared.queue.queueArn]);
    this.api = this.restApi(shared);
    this.route();
    this.answers();
    this.keys();
    this.alarms(shared);
    new CfnOutput(this, 'Url', { value: this.api.urlForPath('/tasks') });
  }

  private restApi(shared: TasksSharedStack): apigateway.RestApi {
    return new apigateway.RestApi(this, 'Rest', {
      restApiName: `hoist-tasks-${this.config.environment}`,
      cloudWatchRole: false,
      endpointTypes: [apigateway.EndpointType.REGIONAL],
      deployOptions: {
        stageName: this.config.environment,
        throttlingRateLimit: this.config.tasks.requestsPerSecond,
        throttlingBurstLimit: this.config.tasks.burst,
        metricsEnabled: true,
        tracingEnabled: true,
        accessLogDestination: new apigateway.LogGroupLogDestination(shared.accessLog),
        accessLogFormat: apigateway.AccessLogFormat.jsonWithStandardFields(),
      },
    });
  }

  private route(): void {
    const tasks = this.api.root.addResource('tasks');
    tasks.addCorsPreflight({
      allowOrigins: this.config.tasks.corsOrigins,
      allowMethods: ['POST'],
      allowHeaders: ['Content-Type', 'Idempotency-Key', 'X-Api-Key'],
      maxAge: Duration.hours(1),
    });
    // Only what could never name a field is refused here: the function names every wrong field at
    // once, which the gateway's own validation cannot.
    const body = this.api.addModel('Body', {
      contentType: 'application/json',
      schema: {
        schema: apigateway.JsonSchemaVersion.DRAFT4,
        type: apigateway.JsonSchemaType.OBJECT,
      },
    });
    tasks.addMethod('POST', new apigateway.LambdaIntegration(this.fn.fn), {
      apiKeyRequired: true,
      requestModels: { 'application/json': body },
      requestValidator: this.api.addRequestValidator('BodyIsAnObject', {
        validateRequestBody: true,
        validateRequestParameters: true,
      }),
    });
    this.refuseOthers(tasks);
  }

  private refuseOthers(tasks: apigateway.Resource): void {
    const problem = { title: 'Method Not Allowed', status: 405, code: 'method_not_allowed' };
    tasks.addMethod(
      'ANY',
      new apigateway.MockIntegration({
        requestTemplates: { 'application/json': '{"statusCode": 405}' },
        passthroughBehavior: apigateway.PassthroughBehavior.NEVER,
        integrationResponses: [
          {
            statusCode: '405',
            responseParameters: { 'method.response.header.Allow': "'POST, OPTIONS'" },
            responseTemplates: { 'application/json': JSON.stringify(problem) },
          },
        ],
      }),
      {
        methodResponses: [
          { statusCode: '405', responseParameters: { 'method.response.header.Allow': true } },
        ],
      },
    );
  }

  // The gateway's own refusals look like the function's, and an unknown path is 404 rather than
  // the gateway's "missing authentication token".
  private answers(): void {
    const origin = this.config.tasks.corsOrigins[0] ?? '';
    const answer = (
      id: string,
      type: apigateway.ResponseType,
      status: number,
      code: string,
    ): void => {
      const problem = `{"title":$context.error.messageString,"status":${status},"code":"${code}"}`;
      this.api.addGatewayResponse(id, {
        type,
        statusCode: String(status),
        responseHeaders: { 'Access-Control-Allow-Origin': `'${origin}'` },
        templates: { 'application/json': problem },
      });
    };
    answer('BadBody', apigateway.ResponseType.BAD_REQUEST_BODY, 400, 'validation');
    answer('NoSuchPath', apigateway.ResponseType.MISSING_AUTHENTICATION_TOKEN, 404, 'not_found');
    answer('BadKey', apigateway.ResponseType.INVALID_API_KEY, 401, 'unauthenticated');
    answer('Throttled', apigateway.ResponseType.THROTTLED, 429, 'rate_limited');
    answer('TooLarge', apigateway.ResponseType.REQUEST_TOO_LARGE, 413, 'too_large');
    answer('Failed', apigateway.ResponseType.DEFAULT_5XX, 503, 'unavailable');
  }

  private keys(): void {
    const plan = this.api.addUsagePlan('Plan', {
      throttle: {
        rateLimit: this.config.tasks.requestsPerSecond,
        burstLimit: this.config.tasks.burst,
      },
      apiStages: [{ api: this.api, stage: this.api.deploymentStage }],
    });
    plan.addApiKey(this.api.addApiKey('Key'));
  }

  private alarms(shared: TasksSharedStack): void {
    const minute = { period: Duration.minutes(1) };
    const { alarmTopic } = shared;
    addAlarm(this, 'Errors', alarmTopic, {
      metric: this.fn.fn.metricErrors(minute),
      threshold: 1,
      what: 'POST /tasks: the function failed',
    });
    addAlarm(this, 'Throttles', alarmTopic, {
      metric: this.fn.fn.metricThrottles(minute),
      threshold: 1,
      what: 'POST /tasks: the function was throttled, clients see 5xx',
    });
    addAlarm(this, 'ServerErrors', alarmTopic, {
      metric: this.api.metricServerError(minute),
      threshold: 1,
      periods: 2,
      what: 'POST /tasks answers 5xx',
    });
    addAlarm(this, 'Slow', alarmTopic, {
      metric: this.api.metricLatency({ ...minute, statistic: 'p99' }),
      threshold: 500,
      periods: 5,
      what: 'POST /tasks: p99 above 500 ms',
    });
  }
}
