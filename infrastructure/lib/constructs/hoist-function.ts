import { Duration } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { Config } from '../../config/schema.js';
import { named } from '../hoist-stack.js';
import { allow, emptyRole } from './roles.js';

/** The zip of the binary, or the placeholder that stands in where it was not built. */
export interface Artefact {
  readonly path: string;
  readonly placeholder: boolean;
}

export interface HoistFunctionProps {
  readonly config: Config;
  readonly artefact: Artefact;
  /** Which of the binary's functions this is; also the key of its role. */
  readonly role: string;
  readonly logGroup: logs.ILogGroup;
  readonly environment: Record<string, string>;
  readonly timeoutSeconds: number;
  readonly memoryMb?: number;
  readonly reservedConcurrency?: number;
  readonly network?: {
    vpc: ec2.IVpc;
    subnets: ec2.SubnetSelection;
    group: ec2.ISecurityGroup;
  };
}

/** The Hoist binary as a function: no rights but its log, no environment but what is given. */
export class HoistFunction extends Construct {
  readonly fn: lambda.Function;
  readonly role: iam.Role;

  constructor(scope: Construct, id: string, props: HoistFunctionProps) {
    super(scope, id);
    this.role = emptyRole(this, 'Role', props.role, 'lambda.amazonaws.com');
    allow(
      this.role,
      ['logs:CreateLogStream', 'logs:PutLogEvents'],
      [`${props.logGroup.logGroupArn}:*`],
    );
    if (props.network) allow(this.role, networkInterfaceActions, ['*']);
    this.fn = new lambda.Function(this, 'Function', {
      // The region switch plan calls functions of the other region, whose names it has to know.
      functionName: named(props.config, props.role),
      runtime: lambda.Runtime.PROVIDED_AL2023,
      architecture:
        props.config.lambda.architecture === 'arm64'
          ? lambda.Architecture.ARM_64
          : lambda.Architecture.X86_64,
      handler: 'bootstrap',
      code: lambda.Code.fromAsset(props.artefact.path),
      description: `Hoist ${props.role}`,
      role: this.role,
      logGroup: props.logGroup,
      tracing: lambda.Tracing.ACTIVE,
      timeout: Duration.seconds(props.timeoutSeconds),
      memorySize: props.memoryMb ?? 256,
      environment: {
        HOIST_FUNCTION: props.role,
        HOIST_LOG_FORMAT: 'json',
        ...props.environment,
      },
      ...(props.reservedConcurrency
        ? { reservedConcurrentExecutions: props.reservedConcurrency }
        : {}),
      ...(props.network
        ? {
            vpc: props.network.vpc,
            vpcSubnets: props.network.subnets,
            securityGroups: [props.network.group],
          }
        : {}),
    });
    if (props.artefact.placeholder) {
      const resource = this.fn.node.defaultChild as lambda.CfnFunction;
      resource.addMetadata('hoist:artefact', 'placeholder: run `make lambda` before deploying');
    }
  }
}

// The service itself calls these in the function's name to attach it to a network. None of them
// can be narrowed to a resource that exists before the function does.
const networkInterfaceActions = [
  'ec2:AssignPrivateIpAddresses',
  'ec2:CreateNetworkInterface',
  'ec2:DeleteNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:UnassignPrivateIpAddresses',
];
