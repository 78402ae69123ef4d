import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as elb from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type * as logs from 'aws-cdk-lib/aws-logs';
import * as route53 from 'aws-cdk-lib/aws-route53';
import * as route53targets from 'aws-cdk-lib/aws-route53-targets';
import * as secrets from 'aws-cdk-lib/aws-secretsmanager';
import * as elbTargets from 'aws-cdk-lib/aws-elasticloadbalancingv2-targets';
import type * as sns from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { AlarmTopic, addAlarm, ownMetric } from '../constructs/alarms.js';
import { databaseUrl, postgresPort } from '../constructs/aurora-postgres.js';
import { privateBucket } from '../constructs/buckets.js';
import { HoistService } from '../constructs/hoist-service.js';
import { LoadBalancer, targetGroup } from '../constructs/load-balancer.js';
import { hoistLog } from '../constructs/log-group.js';
import { allow } from '../constructs/roles.js';
import type { SegmentedVpc } from '../constructs/segmented-vpc.js';
import { UploadsObservability } from '../constructs/uploads-observability.js';
import { HoistStack, named, type HoistStackProps } from '../hoist-stack.js';
import type { UploadsDataStack } from './uploads-data.js';
import { redisPort, servicePort } from './uploads-network.js';
import type { UploadsStorageStack } from './uploads-storage.js';

export interface UploadsServiceProps extends HoistStackProps {
  readonly network: SegmentedVpc;
  readonly storage: UploadsStorageStack;
  readonly data: UploadsDataStack;
  readonly zone: route53.IHostedZone;
}

/** Paths that the new service answers; a legacy host keeps the rest while it is being replaced. */
const ownPaths = ['/api/uploads', '/api/uploads/*', '/api/batches', '/api/batches/*'];
const otherPaths = ['/api/*', '/health', '/ws'];

/** The API and the workers on ECS, and the load balancer's rules between old and new. */
export class UploadsServiceStack extends HoistStack {
  private readonly props: UploadsServiceProps;
  private readonly cluster: ecs.Cluster;
  private readonly topic: sns.Topic;
  private readonly log: logs.LogGroup;

  constructor(scope: Construct, id: string, props: UploadsServiceProps) {
    super(scope, id, props);
    this.props = props;
    this.topic = new AlarmTopic(this, 'Alarms', this.config).topic;
    this.cluster = new ecs.Cluster(this, 'Cluster', {
      vpc: props.network.vpc,
      clusterName: named(this.config, 'uploads'),
      containerInsightsV2: ecs.ContainerInsights.ENABLED,
      enableFargateCapacityProviders: true,
    });
    this.log = hoistLog(this, 'Log', this.config, 'uploads');
    const front = this.front();
    const api = this.api(front);
    const worker = this.worker();
    new UploadsObservability(this, 'Observability', {
      config: this.config,
      topic: this.topic,
      log: this.log,
      balancer: front.balancer,
      blue: front.blue,
      arrivals: props.storage.arrivals,
      deadLetters: props.storage.deadLetters,
      services: [api.service, worker.service],
      database: props.data.database,
    });
  }

  private front(): Front {
    const { network, zone } = this.props;
    const group = new ec2.SecurityGroup(this, 'BalancerGroup', {
      vpc: network.vpc,
      allowAllOutbound: false,
      description: 'load balancer of the upload API',
    });
    group.addIngressRule(ec2.Peer.anyIpv4(), ec2.Port.tcp(443), 'clients, by way of the edge');
    const name = `origin.uploads.${this.config.domain}`;
    const { balancer, listener } = new LoadBalancer(this, 'Front', {
      config: this.config,
      vpc: network.vpc,
      subnets: network.selection('public'),
      group,
      zone,
      names: [name],
      logs: privateBucket(this, 'BalancerLogs', this.config, {
        lifecycleRules: [{ id: 'old-logs', expiration: Duration.days(90) }],
      }),
      redirectFromHttp: false,
    });
    new route53.ARecord(this, 'Name', {
      zone,
      recordName: name,
      target: route53.RecordTarget.fromAlias(new route53targets.LoadBalancerTarget(balancer)),
    });
    const blue = targetGroup(this, 'Blue', network.vpc, servicePort, '/health');
    const green = targetGroup(this, 'Green', network.vpc, servicePort, '/health');
    return { group, balancer, listener, blue, green, secret: this.edgeSecret() };
  }

  // The edge adds it to every request; what comes past the edge does not know it.
  private edgeSecret(): secrets.Secret {
    const { edgeRegion } = this.config;
    return new secrets.Secret(this, 'EdgeSecret', {
      secretName: named(this.config, 'uploads-edge'),
      description: 'proves to the load balancer that a request came through the edge',
      generateSecretString: { excludePunctuation: true, passwordLength: 40 },
      ...(edgeRegion === this.region ? {} : { replicaRegions: [{ region: edgeRegion }] }),
    });
  }

  private serviceGroup(id: string, description: string): ec2.SecurityGroup {
    const { network, data } = this.props;
    const group = new ec2.SecurityGroup(this, id, {
      vpc: network.vpc,
      allowAllOutbound: false,
      description,
    });
    group.addEgressRule(ec2.Peer.anyIpv4(), ec2.Port.tcp(443), 'AWS APIs and webhooks');
    this.connect(group, data.database.group, postgresPort, 'database');
    this.connect(group, data.cacheGroup, redisPort, 'cache');
    return group;
  }

  // Both halves of a rule belong to this stack: the data stack knows nothing of its callers.
  private connect(
    from: ec2.SecurityGroup,
    to: ec2.SecurityGroup,
    port: number,
    what: string,
  ): void {
    const id = `${from.node.id}To${what}`;
    const range = { ipProtocol: 'tcp', fromPort: port, toPort: port };
    new ec2.CfnSecurityGroupEgress(this, `${id}Out`, {
      ...range,
      groupId: from.securityGroupId,
      destinationSecurityGroupId: to.securityGroupId,
    });
    new ec2.CfnSecurityGroupIngress(this, `${id}In`, {
      ...range,
      groupId: to.securityGroupId,
      sourceSecurityGroupId: from.securityGroupId,
      description: `${from.node.id} to ${what}`,
    });
  }

  private settings(login: string): Record<string, string> {
    const { storage, data } = this.props;
    const { cluster } = data.database;
    return {
      HOIST_OBJECTS_BUCKET: storage.files.bucketName,
      HOIST_OBJECTS_QUARANTINE_BUCKET: storage.quarantine.bucketName,
      HOIST_OBJECTS_REGION: this.region,
      HOIST_OBJECTS_ACCELERATE: 'true',
      HOIST_ARRIVALS_QUEUE_URL: storage.arrivals.queueUrl,
      HOIST_DATABASE_URL: databaseUrl(login, cluster.attrEndpointAddress, 'hoist'),
      HOIST_CACHE_HOST: data.cache.attrPrimaryEndPointAddress,
      HOIST_SERVER_CORS_ORIGINS: this.config.uploads.corsOrigins.join(','),
      HOIST_SERVER_TRUSTED_PROXIES: this.config.network.uploads,
    };
  }

  private api(front: Front): HoistService {
    const { uploads } = this.config;
    const group = this.serviceGroup('ApiGroup', 'upload API');
    group.addIngressRule(front.group, ec2.Port.tcp(servicePort), 'load balancer');
    front.group.addEgressRule(group, ec2.Port.tcp(servicePort), 'upload API');
    const whole = uploads.migrationWeight === 100;
    const rule = this.rules(front);
    const api = new HoistService(this, 'Api', {
      config: this.config,
      cluster: this.cluster,
      serviceName: 'api',
      command: ['serve'],
      role: 'uploads-api',
      environment: {
        ...this.settings('hoist_api'),
        HOIST_SERVER_LISTEN: `0.0.0.0:${servicePort}`,
        HOIST_SERVER_ROLE: 'api',
      },
      cpu: uploads.api.cpu,
      memoryMb: uploads.api.memoryMb,
      desired: uploads.api.min,
      subnets: this.props.network.selection('service'),
      group,
      logGroup: this.log,
      port: servicePort,
      deploymentAlarms: this.deploymentAlarms(front),
      ...(whole ? { canary: { bake: Duration.minutes(10) } } : {}),
    });
    this.attach(api, front, whole ? rule : undefined);
    this.apiRights(api);
    this.scaleApi(api);
    return api;
  }

  // While the legacy host still has a share, one rule divides the traffic between old and new, and
  // the service is replaced task by task. Once it has everything, ECS owns the rule and moves it
  // between two sets of tasks: nothing else may touch the weights of a rule that ECS moves.
  private rules(front: Front): elb.ApplicationListenerRule {
    const weight = this.config.uploads.migrationWeight;
    const secret = elb.ListenerCondition.httpHeader('x-hoist-edge', [
      front.secret.secretValue.unsafeUnwrap(),
    ]);
    const rule = (id: string, priority: number, paths: string[], action: elb.ListenerAction) =>
      new elb.ApplicationListenerRule(this, id, {
        listener: front.listener,
        priority,
        conditions: [secret, elb.ListenerCondition.pathPatterns(paths)],
        action,
      });
    if (weight === 100)
      return rule(
        'Production',
        20,
        ['/*'],
        elb.ListenerAction.weightedForward([
          { targetGroup: front.blue, weight: 100 },
          { targetGroup: front.green, weight: 0 },
        ]),
      );
    const legacy = this.legacyTargets();
    rule('Rest', 30, otherPaths, elb.ListenerAction.forward([legacy]));
    return rule(
      'Strangler',
      10,
      ownPaths,
      elb.ListenerAction.weightedForward([
        { targetGroup: front.blue, weight },
        { targetGroup: legacy, weight: 100 - weight },
      ]),
    );
  }

  private legacyTargets(): elb.ApplicationTargetGroup {
    const legacy = targetGroup(this, 'Legacy', this.props.network.vpc, servicePort, '/health');
    for (const ip of this.config.uploads.legacyHostIps)
      legacy.addTarget(new elbTargets.IpTarget(ip, servicePort));
    return legacy;
  }

  private attach(api: HoistService, front: Front, rule?: elb.ApplicationListenerRule): void {
    const target = api.service.loadBalancerTarget({
      containerName: api.container.containerName,
      containerPort: servicePort,
      ...(rule
        ? {
            alternateTarget: new ecs.AlternateTarget('Alternate', {
              alternateTargetGroup: front.green,
              productionListener: ecs.ListenerRuleConfiguration.applicationListenerRule(rule),
            }),
          }
        : {}),
    });
    target.attachToApplicationTargetGroup(front.blue);
  }

  private deploymentAlarms(front: Front): cloudwatch.Alarm[] {
    const minute = { period: Duration.minutes(1) };
    return [
      addAlarm(this, 'DeploymentErrors', this.topic, {
        metric: front.balancer.metrics.httpCodeTarget(elb.HttpCodeTarget.TARGET_5XX_COUNT, minute),
        threshold: 5,
        what: 'the upload API answers 5xx: a deployment under way is rolled back',
      }),
      addAlarm(this, 'DeploymentSlow', this.topic, {
        metric: front.balancer.metrics.targetResponseTime({ ...minute, statistic: 'p99' }),
        threshold: 0.5,
        periods: 3,
        what: 'upload API p99 above 500 ms: a deployment under way is rolled back',
      }),
    ];
  }

  private apiRights(api: HoistService): void {
    const { storage, data } = this.props;
    // Key layout: <tenant>/<project>/uploads/<id>. A signed URL can do no more than its signer.
    allow(
      api.taskRole,
      ['s3:AbortMultipartUpload', 's3:GetObject', 's3:ListMultipartUploadParts', 's3:PutObject'],
      [storage.files.arnForObjects('*/uploads/*')],
    );
    allow(api.taskRole, ['s3:DeleteObject'], [storage.files.arnForObjects('*/uploads/*')]);
    allow(api.taskRole, ['rds-db:connect'], [data.database.loginArn('hoist_api')]);
  }

  private scaleApi(api: HoistService): void {
    const { min, max } = this.config.uploads.api;
    const scaling = api.service.autoScaleTaskCount({ minCapacity: min, maxCapacity: max });
    scaling.scaleOnCpuUtilization('Cpu', {
      targetUtilizationPercent: 60,
      scaleInCooldown: Duration.minutes(5),
      scaleOutCooldown: Duration.seconds(30),
    });
    scaling.scaleOnMetric('Queue', {
      metric: this.props.storage.arrivals.metricApproximateNumberOfMessagesVisible({
        period: Duration.minutes(1),
      }),
      scalingSteps: [
        { upper: 50, change: -1 },
        { lower: 500, change: 1 },
        { lower: 2000, change: 2 },
      ],
      cooldown: Duration.minutes(2),
    });
  }

  private worker(): HoistService {
    const { storage, data, network } = this.props;
    const { worker } = this.config.uploads;
    const tasks = (concurrency: number): number =>
      Math.ceil(concurrency / worker.concurrencyPerTask);
    const service = new HoistService(this, 'Worker', {
      config: this.config,
      cluster: this.cluster,
      serviceName: 'worker',
      command: ['serve'],
      role: 'uploads-worker',
      environment: {
        ...this.settings('hoist_worker'),
        HOIST_SERVER_ROLE: 'worker',
        HOIST_PROCESSING_WORKERS: String(worker.concurrencyPerTask),
      },
      cpu: worker.cpu,
      memoryMb: worker.memoryMb,
      desired: tasks(worker.concurrencyMin),
      subnets: network.selection('service'),
      group: this.serviceGroup('WorkerGroup', 'upload workers'),
      logGroup: this.log,
      deploymentAlarms: [
        addAlarm(this, 'WorkerFailures', this.topic, {
          metric: ownMetric(this.config, 'processing_failed', 'Sum', Duration.minutes(1)),
          threshold: 20,
          what: 'files fail in the workers: a deployment under way is rolled back',
        }),
      ],
    });
    const { taskRole } = service;
    allow(
      taskRole,
      ['sqs:ChangeMessageVisibility', 'sqs:DeleteMessage', 'sqs:ReceiveMessage'],
      [storage.arrivals.queueArn],
    );
    allow(
      taskRole,
      ['s3:DeleteObject', 's3:GetObject', 's3:PutObject'],
      [storage.files.arnForObjects('*')],
    );
    allow(
      taskRole,
      ['s3:PutObject', 's3:PutObjectTagging'],
      [storage.quarantine.arnForObjects('*')],
    );
    allow(taskRole, ['rds-db:connect'], [data.database.loginArn('hoist_worker')]);
    this.scaleWorker(service, tasks);
    return service;
  }

  private scaleWorker(service: HoistService, tasks: (concurrency: number) => number): void {
    const { worker } = this.config.uploads;
    const scaling = service.service.autoScaleTaskCount({
      minCapacity: tasks(worker.concurrencyMin),
      maxCapacity: tasks(worker.concurrencyMax),
    });
    scaling.scaleOnMetric('Queue', {
      metric: this.props.storage.arrivals.metricApproximateNumberOfMessagesVisible({
        period: Duration.minutes(1),
      }),
      scalingSteps: [
        { upper: 20, change: -1 },
        { lower: 200, change: 3 },
        { lower: 1000, change: 10 },
      ],
      cooldown: Duration.minutes(1),
    });
  }
}

interface Front {
  readonly group: ec2.SecurityGroup;
  readonly balancer: elb.ApplicationLoadBalancer;
  readonly listener: elb.ApplicationListener;
  readonly blue: elb.ApplicationTargetGroup;
  readonly green: elb.ApplicationTargetGroup;
  readonly secret: secrets.Secret;
}
