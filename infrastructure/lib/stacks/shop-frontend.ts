import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as elb from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type * as logs from 'aws-cdk-lib/aws-logs';
import * as route53 from 'aws-cdk-lib/aws-route53';
import type * as sns from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { AlarmTopic, addAlarm } from '../constructs/alarms.js';
import { privateBucket } from '../constructs/buckets.js';
import { HoistService } from '../constructs/hoist-service.js';
import { LoadBalancer, targetGroup } from '../constructs/load-balancer.js';
import { hoistLog } from '../constructs/log-group.js';
import { allow } from '../constructs/roles.js';
import { HoistStack, named, type HoistStackProps } from '../hoist-stack.js';
import type { BackendApp, ShopBackendStack } from './shop-backend.js';
import { frontendPort, type ShopNetworkStack } from './shop-network.js';

export interface ShopFrontendProps extends HoistStackProps {
  readonly networkStack: ShopNetworkStack;
  readonly backend: ShopBackendStack;
  /** Of the zone that holds the shop's name; it may be in the other region's stack. */
  readonly zoneId: string;
}

/** home and checkout, and the balancer in front of them. */
export class ShopFrontendStack extends HoistStack {
  readonly balancer: elb.ApplicationLoadBalancer;
  private readonly props: ShopFrontendProps;
  private readonly balancerGroup: ec2.SecurityGroup;
  private readonly listener: elb.ApplicationListener;
  private readonly cluster: ecs.Cluster;
  private readonly topic: sns.Topic;
  private readonly log: logs.LogGroup;

  constructor(scope: Construct, id: string, props: ShopFrontendProps) {
    super(scope, id, props);
    this.props = props;
    const { network } = props.networkStack;
    this.topic = new AlarmTopic(this, 'Alarms', this.config).topic;
    this.log = hoistLog(this, 'Log', this.config, 'shop/frontend');
    this.cluster = new ecs.Cluster(this, 'Cluster', {
      vpc: network.vpc,
      clusterName: named(this.config, 'shop'),
      containerInsightsV2: ecs.ContainerInsights.ENABLED,
      enableFargateCapacityProviders: true,
    });
    this.balancerGroup = new ec2.SecurityGroup(this, 'BalancerGroup', {
      vpc: network.vpc,
      allowAllOutbound: false,
      description: 'load balancer of home and checkout',
    });
    for (const port of [80, 443])
      this.balancerGroup.addIngressRule(ec2.Peer.anyIpv4(), ec2.Port.tcp(port), 'everybody');
    const front = new LoadBalancer(this, 'Front', {
      config: this.config,
      vpc: network.vpc,
      subnets: network.selection('public'),
      group: this.balancerGroup,
      zone: route53.PublicHostedZone.fromHostedZoneAttributes(this, 'Zone', {
        zoneName: this.config.domain,
        hostedZoneId: props.zoneId,
      }),
      names: [`shop.${this.config.domain}`, `${this.site}.shop.${this.config.domain}`],
      logs: privateBucket(this, 'BalancerLogs', this.config, {
        lifecycleRules: [{ id: 'old-logs', expiration: Duration.days(90) }],
      }),
      redirectFromHttp: true,
    });
    this.balancer = front.balancer;
    this.listener = front.listener;
    this.applicationHealth();
    this.frontend(
      'checkout',
      10,
      ['/checkout', '/checkout/*'],
      ['payments', 'products', 'shipping'],
    );
    this.frontend('home', 20, ['/*'], ['products']);
  }

  // Both regions know its name: the region switch plan measures by it when the application was well.
  private applicationHealth(): void {
    const metrics = this.balancer.metrics;
    const period = Duration.minutes(1);
    const errors = new cloudwatch.MathExpression({
      expression: 'IF(requests > 0, 100 * (mine + theirs) / requests, 0)',
      usingMetrics: {
        requests: metrics.requestCount({ period }),
        mine: metrics.httpCodeElb(elb.HttpCodeElb.ELB_5XX_COUNT, { period }),
        theirs: metrics.httpCodeTarget(elb.HttpCodeTarget.TARGET_5XX_COUNT, { period }),
      },
      period,
    });
    const alarm = addAlarm(this, 'ApplicationHealth', this.topic, {
      metric: errors,
      threshold: 5,
      periods: 3,
      what: 'more than 5 % of requests fail in this region',
    });
    (alarm.node.defaultChild as cloudwatch.CfnAlarm).alarmName = healthAlarm(
      this.config.environment,
      this.site,
    );
  }

  private frontend(app: string, priority: number, paths: string[], calls: BackendApp[]): void {
    const { network, endpointGroup } = this.props.networkStack;
    const group = new ec2.SecurityGroup(this, `${app}Group`, {
      vpc: network.vpc,
      allowAllOutbound: false,
      description: `${app}: from the balancer, to the endpoints`,
    });
    this.groupRules(app, group, endpointGroup);
    const blue = targetGroup(this, `${app}Blue`, network.vpc, frontendPort, '/health');
    const green = targetGroup(this, `${app}Green`, network.vpc, frontendPort, '/health');
    const rule = new elb.ApplicationListenerRule(this, `${app}Rule`, {
      listener: this.listener,
      priority,
      conditions: [elb.ListenerCondition.pathPatterns(paths)],
      action: elb.ListenerAction.weightedForward([
        { targetGroup: blue, weight: 100 },
        { targetGroup: green, weight: 0 },
      ]),
    });
    const service = this.service(app, group, blue, calls);
    service.service
      .loadBalancerTarget({
        containerName: service.container.containerName,
        containerPort: frontendPort,
        alternateTarget: new ecs.AlternateTarget(`${app}Alternate`, {
          alternateTargetGroup: green,
          productionListener: ecs.ListenerRuleConfiguration.applicationListenerRule(rule),
        }),
      })
      .attachToApplicationTargetGroup(blue);
  }

  private groupRules(app: string, group: ec2.SecurityGroup, endpoints: ec2.SecurityGroup): void {
    group.addIngressRule(this.balancerGroup, ec2.Port.tcp(frontendPort), 'load balancer');
    this.balancerGroup.addEgressRule(group, ec2.Port.tcp(frontendPort), app);
    // No route leads from here to the internet: this reaches S3 through its gateway and no further.
    group.addEgressRule(ec2.Peer.anyIpv4(), ec2.Port.tcp(443), 'image layers in S3');
    const tls = { ipProtocol: 'tcp', fromPort: 443, toPort: 443 };
    new ec2.CfnSecurityGroupEgress(this, `${app}ToEndpoints`, {
      ...tls,
      groupId: group.securityGroupId,
      destinationSecurityGroupId: endpoints.securityGroupId,
    });
    new ec2.CfnSecurityGroupIngress(this, `EndpointsFrom${app}`, {
      ...tls,
      groupId: endpoints.securityGroupId,
      sourceSecurityGroupId: group.securityGroupId,
      description: app,
    });
  }

  private service(
    app: string,
    group: ec2.SecurityGroup,
    blue: elb.ApplicationTargetGroup,
    calls: BackendApp[],
  ): HoistService {
    const { shop } = this.config;
    const { backend, networkStack } = this.props;
    const service = new HoistService(this, app, {
      config: this.config,
      cluster: this.cluster,
      serviceName: app,
      command: ['serve', `--front=${app}`],
      role: `shop-${app}`,
      environment: {
        HOIST_SERVER_LISTEN: `0.0.0.0:${frontendPort}`,
        ...Object.fromEntries(
          calls.map((name) => [`HOIST_SHOP_${name.toUpperCase()}_URL`, backend.apis[name].url]),
        ),
      },
      cpu: shop.cpu,
      memoryMb: shop.memoryMb,
      desired: shop.frontendTasks.min,
      subnets: networkStack.network.selection('frontend'),
      group,
      logGroup: this.log,
      port: frontendPort,
      canary: { bake: Duration.minutes(10) },
      deploymentAlarms: [
        addAlarm(this, `${app}Errors`, this.topic, {
          metric: blue.metrics.httpCodeTarget(elb.HttpCodeTarget.TARGET_5XX_COUNT, {
            period: Duration.minutes(1),
          }),
          threshold: 5,
          what: `${app} answers 5xx: a deployment under way is rolled back`,
        }),
      ],
    });
    for (const name of calls)
      allow(service.taskRole, ['execute-api:Invoke'], [backend.apis[name].arnForExecuteApi()]);
    const scaling = service.service.autoScaleTaskCount({
      minCapacity: shop.frontendTasks.min,
      maxCapacity: shop.frontendTasks.max,
    });
    scaling.scaleOnCpuUtilization('Cpu', {
      targetUtilizationPercent: 50,
      scaleInCooldown: Duration.minutes(5),
      scaleOutCooldown: Duration.seconds(30),
    });
    return service;
  }
}

export const healthAlarm = (environment: string, site: string): string =>
  `hoist-shop-health-${environment}-${site}`;
