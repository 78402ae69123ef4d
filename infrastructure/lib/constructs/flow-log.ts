import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import type { Config } from '../../config/schema.js';
import { hoistLog } from './log-group.js';
import { emptyRole } from './roles.js';

/** What the network refused, and what it let through, kept as long as other logs. */
export function addFlowLog(scope: Construct, vpc: ec2.Vpc, config: Config, network: string): void {
  const group = hoistLog(scope, 'FlowLogGroup', config, `${network}/flows`);
  const role = emptyRole(
    scope,
    'FlowLogRole',
    `${network}-flow-log`,
    'vpc-flow-logs.amazonaws.com',
  );
  vpc.addFlowLog('FlowLog', {
    destination: ec2.FlowLogDestination.toCloudWatchLogs(group, role),
    trafficType: ec2.FlowLogTrafficType.ALL,
  });
}
