import { RemovalPolicy } from 'aws-cdk-lib';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { Config } from '../../config/schema.js';

/** A log that is kept as long as the environment says, under `/hoist/<environment>/<name>`. */
export function hoistLog(
  scope: Construct,
  id: string,
  config: Config,
  name: string,
): logs.LogGroup {
  return new logs.LogGroup(scope, id, {
    logGroupName: `/hoist/${config.environment}/${name}`,
    retention: config.logRetentionDays as logs.RetentionDays,
    removalPolicy: RemovalPolicy.DESTROY,
  });
}
