import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';

/**
 * A role with nothing in it. Its key appears in the template as the role's description, and
 * test/data/calls.json says under the same key what its holder calls: neither may have more.
 */
export function emptyRole(scope: Construct, id: string, key: string, service: string): iam.Role {
  return new iam.Role(scope, id, {
    assumedBy: new iam.ServicePrincipal(service),
    description: `hoist:${key}`,
  });
}

export function allow(role: iam.IRole, actions: string[], resources: string[]): void {
  role.addToPrincipalPolicy(new iam.PolicyStatement({ actions, resources }));
}
