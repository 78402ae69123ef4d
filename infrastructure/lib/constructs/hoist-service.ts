import { Duration, Stack } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { Config } from '../../config/schema.js';
import { allow, emptyRole } from './roles.js';

export interface HoistServiceProps {
  readonly config: Config;
  readonly cluster: ecs.ICluster;
  readonly serviceName: string;
  /** `serve` or `worker`. */
  readonly command: string[];
  readonly role: string;
  readonly environment: Record<string, string>;
  readonly cpu: number;
  readonly memoryMb: number;
  readonly desired: number;
  readonly subnets: ec2.SubnetSelection;
  readonly group: ec2.ISecurityGroup;
  readonly logGroup: logs.ILogGroup;
  /** Bad ones roll a deployment back by themselves. */
  readonly deploymentAlarms: readonly cloudwatch.IAlarm[];
  /** Shifts a tenth of the traffic first, and the rest when it held for `bake`. */
  readonly canary?: { readonly bake: Duration };
  readonly port?: number;
}

/** The Hoist binary as an ECS service over three zones, on demand capacity only. */
export class HoistService extends Construct {
  readonly service: ecs.FargateService;
  readonly taskRole: iam.Role;
  readonly container: ecs.ContainerDefinition;

  constructor(scope: Construct, id: string, props: HoistServiceProps) {
    super(scope, id);
    this.taskRole = emptyRole(this, 'TaskRole', props.role, 'ecs-tasks.amazonaws.com');
    const task = new ecs.FargateTaskDefinition(this, 'Task', {
      cpu: props.cpu,
      memoryLimitMiB: props.memoryMb,
      taskRole: this.taskRole,
      executionRole: this.executionRole(props),
      runtimePlatform: {
        cpuArchitecture: ecs.CpuArchitecture.X86_64,
        operatingSystemFamily: ecs.OperatingSystemFamily.LINUX,
      },
    });
    this.container = this.hoist(task, props);
    this.scratch(task);
    this.service = new ecs.FargateService(this, 'Service', {
      cluster: props.cluster,
      serviceName: props.serviceName,
      taskDefinition: task,
      desiredCount: props.desired,
      minHealthyPercent: 100,
      maxHealthyPercent: 200,
      vpcSubnets: props.subnets,
      securityGroups: [props.group],
      assignPublicIp: false,
      availabilityZoneRebalancing: ecs.AvailabilityZoneRebalancing.ENABLED,
      capacityProviderStrategies: [{ capacityProvider: 'FARGATE', base: props.desired, weight: 1 }],
      circuitBreaker: { rollback: true },
      deploymentAlarms: {
        alarmNames: props.deploymentAlarms.map((alarm) => alarm.alarmName),
        behavior: ecs.AlarmBehavior.ROLLBACK_ON_ALARM,
      },
      ...(props.port ? { healthCheckGracePeriod: Duration.seconds(60) } : {}),
      ...(props.canary
        ? {
            deploymentStrategy: ecs.DeploymentStrategy.CANARY,
            canaryConfiguration: { stepPercent: 10, stepBakeTime: props.canary.bake },
            bakeTime: props.canary.bake,
          }
        : {}),
    });
  }

  // The only place that the container may write to; it is gone with the task.
  private scratch(task: ecs.FargateTaskDefinition): void {
    task.addVolume({ name: 'scratch' });
    this.container.addMountPoints({
      sourceVolume: 'scratch',
      containerPath: '/scratch',
      readOnly: false,
    });
  }

  // The agent's own rights: fetch the image and open the log.
  private executionRole(props: HoistServiceProps): iam.IRole {
    const role = emptyRole(
      this,
      'ExecutionRole',
      `${props.role}-execution`,
      'ecs-tasks.amazonaws.com',
    );
    const repository = this.repository(props);
    allow(role, ['ecr:GetAuthorizationToken'], ['*']);
    allow(
      role,
      ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
      [repository.repositoryArn],
    );
    allow(role, ['logs:CreateLogStream', 'logs:PutLogEvents'], [`${props.logGroup.logGroupArn}:*`]);
    return role.withoutPolicyUpdates();
  }

  private repository(props: HoistServiceProps): ecr.IRepository {
    const id = 'Repository';
    const found = this.node.tryFindChild(id);
    if (found) return found as unknown as ecr.IRepository;
    return ecr.Repository.fromRepositoryName(this, id, props.config.image.repository);
  }

  private hoist(task: ecs.TaskDefinition, props: HoistServiceProps): ecs.ContainerDefinition {
    return task.addContainer('hoist', {
      image: ecs.ContainerImage.fromEcrRepository(
        this.repository(props),
        props.config.image.reference,
      ),
      command: props.command,
      environment: {
        AWS_REGION: Stack.of(this).region,
        HOIST_SERVER_DATA: '/scratch',
        TMPDIR: '/scratch',
        HOIST_LOG_FORMAT: 'json',
        ...props.environment,
      },
      readonlyRootFilesystem: true,
      stopTimeout: Duration.seconds(60),
      logging: ecs.LogDrivers.awsLogs({
        logGroup: props.logGroup,
        streamPrefix: props.serviceName,
        mode: ecs.AwsLogDriverMode.NON_BLOCKING,
      }),
      ...(props.port ? { portMappings: [{ containerPort: props.port }] } : {}),
    });
  }
}
