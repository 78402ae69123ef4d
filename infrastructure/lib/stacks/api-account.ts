import * as apigateway from 'aws-cdk-lib/aws-apigateway';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { emptyRole } from '../constructs/roles.js';
import { HoistStack, type HoistStackProps } from '../hoist-stack.js';

/** API Gateway writes access logs with one role per account and region. It is set here, once. */
export class ApiAccountStack extends HoistStack {
  constructor(scope: Construct, id: string, props: HoistStackProps) {
    super(scope, id, props);
    const role = emptyRole(this, 'Role', 'api-gateway-logs', 'apigateway.amazonaws.com');
    role.addManagedPolicy(
      iam.ManagedPolicy.fromAwsManagedPolicyName(
        'service-role/AmazonAPIGatewayPushToCloudWatchLogs',
      ),
    );
    new apigateway.CfnAccount(this, 'Account', { cloudWatchRoleArn: role.roleArn });
  }
}
