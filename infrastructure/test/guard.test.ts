// Each of our rules (policy/*.guard) is shown a template that breaks it, and has to say so; that
// none of them finds anything in what is deployed is sealed-room.test.ts.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { App } from 'aws-cdk-lib';
import type { Fields } from '../lib/report/assembly.js';
import { HouseRules } from '../lib/house-rules.js';
import { environments } from './support.js';
import { assemblies, root } from './synth/run.js';

const rules = new HouseRules(path.join(root, 'policy'));

const everybody = (from: number, to: number): Fields => ({
  GroupDescription: 'open',
  SecurityGroupIngress: [{ CidrIp: '0.0.0.0/0', IpProtocol: 'tcp', FromPort: from, ToPort: to }],
});
const fn = {
  Runtime: 'provided.al2023',
  Handler: 'bootstrap',
  LoggingConfig: { LogGroup: 'hoist' },
  Environment: { Variables: { HOIST_FUNCTION: 'x' } },
};
const queue = { SqsManagedSseEnabled: true, MessageRetentionPeriod: 1209600 };
const closed = {
  BlockPublicAcls: true,
  BlockPublicPolicy: true,
  IgnorePublicAcls: true,
  RestrictPublicBuckets: true,
};
const database = { PubliclyAccessible: false, StorageEncrypted: true, Engine: 'sqlserver-se' };
const consumer = { FunctionResponseTypes: ['ReportBatchItemFailures'], BatchSize: 10 };
const service = {
  NetworkConfiguration: { AwsvpcConfiguration: { AssignPublicIp: 'DISABLED' } },
  DeploymentConfiguration: { Alarms: { Rollback: true } },
};
const container = { ReadonlyRootFilesystem: true, LogConfiguration: {} };
const method = { HttpMethod: 'GET', Integration: { Type: 'AWS_PROXY' } };
const alarm = { AlarmActions: ['topic'], TreatMissingData: 'ignore' };
const permission = { SourceArn: 'arn', Principal: 'apigateway.amazonaws.com' };
const statement = (more: Fields): Fields => ({
  PolicyDocument: { Statement: [{ Effect: 'Allow', Action: 'sqs:SendMessage', ...more }] },
});

function without(properties: Fields, key: string): Fields {
  return Object.fromEntries(Object.entries(properties).filter(([name]) => name !== key));
}

type Case = [type: string, properties: Fields];
interface Judged {
  readonly bad: Case[];
  readonly good: Case[];
}

const cases: Record<string, Judged> = {
  QUEUES_ARE_ENCRYPTED: {
    bad: [['AWS::SQS::Queue', { ...queue, SqsManagedSseEnabled: false }]],
    good: [['AWS::SQS::Queue', queue]],
  },
  QUEUES_KEEP_MESSAGES_14_DAYS: {
    bad: [
      ['AWS::SQS::Queue', without(queue, 'MessageRetentionPeriod')],
      ['AWS::SQS::Queue', { ...queue, MessageRetentionPeriod: 345600 }],
    ],
    good: [['AWS::SQS::Queue', queue]],
  },
  QUEUES_DEDUPLICATE_BY_ID: {
    bad: [['AWS::SQS::Queue', { ...queue, ContentBasedDeduplication: true }]],
    good: [['AWS::SQS::Queue', { ...queue, ContentBasedDeduplication: false }]],
  },
  QUEUES_GIVE_UP_SOON: {
    bad: [['AWS::SQS::Queue', { ...queue, RedrivePolicy: { maxReceiveCount: 1000 } }]],
    good: [['AWS::SQS::Queue', { ...queue, RedrivePolicy: { maxReceiveCount: 3 } }]],
  },
  BUCKETS_ARE_PRIVATE: {
    bad: [
      ['AWS::S3::Bucket', {}],
      ...Object.keys(closed).map((key): Case => [
        'AWS::S3::Bucket',
        { PublicAccessBlockConfiguration: { ...closed, [key]: false } },
      ]),
    ],
    good: [['AWS::S3::Bucket', { PublicAccessBlockConfiguration: closed }]],
  },
  DATABASES_ARE_PRIVATE_AND_ENCRYPTED: {
    bad: [
      ['AWS::RDS::DBInstance', { ...database, PubliclyAccessible: true }],
      ['AWS::RDS::DBInstance', { ...database, StorageEncrypted: false }],
      ['AWS::RDS::DBInstance', { ...database, MasterUserPassword: 'x' }],
      ['AWS::RDS::DBInstance', { Engine: 'aurora-postgresql' }],
    ],
    good: [
      ['AWS::RDS::DBInstance', database],
      ['AWS::RDS::DBInstance', { Engine: 'aurora-postgresql', PubliclyAccessible: false }],
    ],
  },
  CLUSTERS_ARE_ENCRYPTED: {
    bad: [
      ['AWS::RDS::DBCluster', {}],
      ['AWS::RDS::DBCluster', { StorageEncrypted: true, MasterUserPassword: 'x' }],
    ],
    good: [['AWS::RDS::DBCluster', { StorageEncrypted: true }]],
  },
  TABLES_CAN_BE_RESTORED: {
    bad: [
      ['AWS::DynamoDB::GlobalTable', { Replicas: [recovery(true), recovery(false)] }],
      ['AWS::DynamoDB::GlobalTable', { Replicas: [recovery(true), { Region: 'x' }] }],
    ],
    good: [['AWS::DynamoDB::GlobalTable', { Replicas: [recovery(true), recovery(true)] }]],
  },
  KEYS_ROTATE: {
    bad: [
      ['AWS::KMS::Key', {}],
      ['AWS::KMS::Key', { EnableKeyRotation: false }],
    ],
    good: [['AWS::KMS::Key', { EnableKeyRotation: true }]],
  },
  THE_WORLD_COMES_IN_ON_80_AND_443: {
    bad: [
      ['AWS::EC2::SecurityGroup', everybody(22, 22)],
      ['AWS::EC2::SecurityGroup', everybody(80, 443)],
      ['AWS::EC2::SecurityGroup', everybody(443, 8443)],
    ],
    good: [
      ['AWS::EC2::SecurityGroup', everybody(80, 80)],
      ['AWS::EC2::SecurityGroup', everybody(443, 443)],
    ],
  },
  GROUPS_NAME_THE_PORTS_THEY_OPEN: {
    bad: [['AWS::EC2::SecurityGroup', { SecurityGroupIngress: [{ IpProtocol: '-1' }] }]],
    good: [['AWS::EC2::SecurityGroup', { SecurityGroupIngress: [{ IpProtocol: 'tcp' }] }]],
  },
  GROUPS_NAME_THE_PORTS_THEY_CALL: {
    bad: [['AWS::EC2::SecurityGroup', { SecurityGroupEgress: [{ IpProtocol: '-1' }] }]],
    good: [['AWS::EC2::SecurityGroup', { SecurityGroupEgress: [{ IpProtocol: 'tcp' }] }]],
  },
  SUBNETS_GIVE_NO_PUBLIC_ADDRESS: {
    bad: [['AWS::EC2::Subnet', { MapPublicIpOnLaunch: true }]],
    good: [
      ['AWS::EC2::Subnet', {}],
      ['AWS::EC2::Subnet', { MapPublicIpOnLaunch: false }],
    ],
  },
  LISTENERS_SPEAK_TLS_1_2_OR_LATER: {
    bad: [
      ['AWS::ElasticLoadBalancingV2::Listener', { Protocol: 'HTTPS' }],
      [
        'AWS::ElasticLoadBalancingV2::Listener',
        { Protocol: 'HTTPS', SslPolicy: 'ELBSecurityPolicy-2016-08' },
      ],
      [
        'AWS::ElasticLoadBalancingV2::Listener',
        { Protocol: 'HTTP', DefaultActions: [{ Type: 'forward' }] },
      ],
    ],
    good: [
      [
        'AWS::ElasticLoadBalancingV2::Listener',
        { Protocol: 'HTTPS', SslPolicy: 'ELBSecurityPolicy-TLS13-1-2-2021-06' },
      ],
      [
        'AWS::ElasticLoadBalancingV2::Listener',
        { Protocol: 'HTTP', DefaultActions: [{ Type: 'redirect' }] },
      ],
    ],
  },
  FUNCTIONS_ARE_THE_BINARY: {
    bad: [
      ['AWS::Lambda::Function', { ...fn, Runtime: 'nodejs22.x' }],
      ['AWS::Lambda::Function', without(fn, 'Handler')],
      ['AWS::Lambda::Function', without(fn, 'LoggingConfig')],
      ['AWS::Lambda::Function', { ...fn, Environment: { Variables: {} } }],
    ],
    good: [['AWS::Lambda::Function', fn]],
  },
  CONSUMERS_REPORT_WHAT_FAILED: {
    bad: [
      ['AWS::Lambda::EventSourceMapping', { BatchSize: 10 }],
      ['AWS::Lambda::EventSourceMapping', { ...consumer, BatchSize: 100 }],
      ['AWS::Lambda::EventSourceMapping', { ...consumer, MaximumBatchingWindowInSeconds: 5 }],
    ],
    good: [['AWS::Lambda::EventSourceMapping', consumer]],
  },
  FUNCTIONS_ARE_CALLED_BY_NAMED_SOURCES: {
    bad: [
      ['AWS::Lambda::Permission', { Principal: 'apigateway.amazonaws.com' }],
      ['AWS::Lambda::Permission', { ...permission, Principal: '*' }],
    ],
    good: [['AWS::Lambda::Permission', permission]],
  },
  SERVICES_HAVE_NO_PUBLIC_ADDRESS: {
    bad: [
      [
        'AWS::ECS::Service',
        {
          ...service,
          NetworkConfiguration: { AwsvpcConfiguration: { AssignPublicIp: 'ENABLED' } },
        },
      ],
      ['AWS::ECS::Service', { ...service, EnableExecuteCommand: true }],
      ['AWS::ECS::Service', { ...service, DeploymentConfiguration: {} }],
    ],
    good: [['AWS::ECS::Service', service]],
  },
  CONTAINERS_CANNOT_CHANGE_THEMSELVES: {
    bad: [
      taskOf({ ...container, ReadonlyRootFilesystem: false }),
      taskOf({ ...container, Privileged: true }),
      taskOf({ ReadonlyRootFilesystem: true }),
    ],
    good: [taskOf(container)],
  },
  SETTINGS_HOLD_NO_SECRETS: {
    bad: [
      [
        'AWS::Lambda::Function',
        { ...fn, Environment: { Variables: { HOIST_FUNCTION: 'x', DATABASE_PASSWORD: 'x' } } },
      ],
    ],
    good: [['AWS::Lambda::Function', fn]],
  },
  POLICIES_NAME_THEIR_ACTIONS: {
    bad: [
      ['AWS::IAM::Policy', statement({ Action: 'sqs:*' })],
      ['AWS::IAM::Policy', statement({ Action: ['sqs:SendMessage', '*'] })],
      ['AWS::IAM::Policy', statement({ NotAction: 'sqs:SendMessage' })],
      ['AWS::IAM::Policy', statement({ NotResource: 'arn' })],
    ],
    good: [
      ['AWS::IAM::Policy', statement({})],
      ['AWS::IAM::Policy', statement({ Effect: 'Deny', Action: 's3:*' })],
    ],
  },
  PROGRAM_ROLES_TAKE_NO_MANAGED_POLICY: {
    bad: [
      ['AWS::IAM::Role', { ...takenBy('lambda'), ManagedPolicyArns: ['arn'] }],
      ['AWS::IAM::Role', { ...takenBy('ecs-tasks'), ManagedPolicyArns: ['arn'] }],
    ],
    good: [
      ['AWS::IAM::Role', takenBy('lambda')],
      ['AWS::IAM::Role', { ...takenBy('backup'), ManagedPolicyArns: ['arn'] }],
    ],
  },
  METHODS_ASK_WHO_CALLS: {
    bad: [
      ['AWS::ApiGateway::Method', method],
      ['AWS::ApiGateway::Method', { ...method, AuthorizationType: 'NONE' }],
    ],
    good: [
      ['AWS::ApiGateway::Method', { ...method, ApiKeyRequired: true }],
      ['AWS::ApiGateway::Method', { ...method, AuthorizationType: 'AWS_IAM' }],
      ['AWS::ApiGateway::Method', { HttpMethod: 'OPTIONS', Integration: { Type: 'MOCK' } }],
    ],
  },
  LOGS_END: {
    bad: [['AWS::Logs::LogGroup', {}]],
    good: [['AWS::Logs::LogGroup', { RetentionInDays: 7 }]],
  },
  ALARMS_REACH_SOMEBODY: {
    bad: [
      ['AWS::CloudWatch::Alarm', { ...alarm, AlarmActions: [] }],
      ['AWS::CloudWatch::Alarm', { AlarmActions: ['topic'] }],
    ],
    good: [
      ['AWS::CloudWatch::Alarm', alarm],
      [
        'AWS::CloudWatch::Alarm',
        { AlarmActions: ['x'], AlarmDescription: 'Upper threshold scaling alarm' },
      ],
    ],
  },
};

function recovery(enabled: boolean): Fields {
  return {
    Region: 'us-east-1',
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: enabled },
  };
}

function takenBy(service: string): Fields {
  const Principal = { Service: `${service}.amazonaws.com` };
  return { AssumeRolePolicyDocument: { Statement: [{ Effect: 'Allow', Principal }] } };
}

function taskOf(container: Fields): Case {
  return ['AWS::ECS::TaskDefinition', { ContainerDefinitions: [container] }];
}

/** What the rules find in one template with all cases: `RULE/bad0` and so on, by rule. */
function judge(): Map<string, Set<string>> {
  const folder = mkdtempSync(path.join(tmpdir(), 'hoist-guard-'));
  try {
    const file = path.join(folder, 'cases.template.json');
    writeFileSync(file, JSON.stringify({ Resources: resources() }));
    const place = { accountId: '123456789012', region: 'us-east-1' };
    const { violations } = rules.validate({
      appConstruct: new App(),
      stackTemplates: [{ stackConstructPath: 'Cases', templatePath: file, ...place }],
      templatePaths: [file],
    });
    const found = new Map<string, Set<string>>();
    for (const { ruleName, violatingResources = [] } of violations)
      for (const { resourceLogicalId = '' } of violatingResources)
        found.set(ruleName, (found.get(ruleName) ?? new Set()).add(resourceLogicalId));
    return found;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const idOf = (rule: string, kind: 'bad' | 'good', index: number): string =>
  `${rule.replaceAll('_', '')}${kind}${index}`;

function resources(): Record<string, Fields> {
  const all: Record<string, Fields> = {};
  for (const [rule, judged] of Object.entries(cases))
    for (const kind of ['bad', 'good'] as const)
      judged[kind].forEach(([Type, Properties], index) => {
        all[idOf(rule, kind, index)] = { Type, Properties };
      });
  return all;
}

const found = judge();

for (const [rule, { bad, good }] of Object.entries(cases))
  test(`${rule} is seen to fail, and to pass`, () => {
    const findings = found.get(rule) ?? new Set();
    bad.forEach(([type, properties], index) => {
      assert.ok(
        findings.has(idOf(rule, 'bad', index)),
        `${type} ${JSON.stringify(properties)} passes`,
      );
    });
    good.forEach(([type, properties], index) => {
      assert.ok(
        !findings.has(idOf(rule, 'good', index)),
        `${type} ${JSON.stringify(properties)} fails`,
      );
    });
  });

test('every rule has its cases here', () => {
  assert.deepEqual(Object.keys(cases).sort(), [...rules.names].sort());
});

test('every synthesis ran every rule', () => {
  for (const name of [...environments, 'elsewhere']) {
    const file = path.join(assemblies, name, 'validation-report.json');
    const { pluginReports } = JSON.parse(readFileSync(file, 'utf8')) as {
      pluginReports: { metadata?: { houseRules?: string } }[];
    };
    const ran = pluginReports.flatMap((report) => report.metadata?.houseRules?.split(' ') ?? []);
    assert.deepEqual(ran.sort(), [...rules.names].sort(), name);
  }
});
