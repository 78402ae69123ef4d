// What every role may do, as lists that can be compared: action by action, resource by resource.
import {
  fields,
  list,
  text,
  type Assembly,
  type Fields,
  type Json,
  type Resource,
} from './assembly.js';

export interface Grants {
  readonly role: Resource;
  readonly key: string;
  readonly trusted: string;
  /** `action` -> resources, both sorted. Resources are paths in the code where they are ours. */
  readonly allowed: Map<string, string[]>;
  readonly managed: string[];
}

/** Every role, under the key that its description carries; others under their path. */
export function grantsOf(assembly: Assembly): Grants[] {
  return assembly.ofType('AWS::IAM::Role').map((role) => {
    const description = text(role.properties.Description);
    const key = description.startsWith('hoist:') ? description.slice(6) : sitelessPath(role);
    const allowed = new Map<string, Set<string>>();
    for (const { statement, stack } of statements(assembly, role)) {
      if (statement.Effect !== 'Allow') continue;
      for (const action of list(statement.Action).map(text)) {
        const known = allowed.get(action) ?? new Set<string>();
        for (const resource of list(statement.Resource))
          known.add(label(assembly, resource, stack));
        allowed.set(action, known);
      }
    }
    return {
      role,
      key,
      trusted: trustOf(role.properties.AssumeRolePolicyDocument),
      allowed: new Map([...allowed].sort().map(([action, on]) => [action, [...on].sort()])),
      managed: list(role.properties.ManagedPolicyArns).map((arn) =>
        assembly.resolve(arn, role.stack).replace(/^.*:policy\//, ''),
      ),
    };
  });
}

const sitelessPath = (role: Resource): string => role.path.replace(/^([A-Za-z]+)-[ab]\//, '$1/');

function statements(assembly: Assembly, role: Resource): { statement: Fields; stack: string }[] {
  const inline = list(role.properties.Policies).map((policy) => ({
    document: fields(policy).PolicyDocument,
    stack: role.stack,
  }));
  const attached = assembly
    .ofType('AWS::IAM::Policy')
    .filter((policy) =>
      list(policy.properties.Roles).some((r) => assembly.resolve(r, policy.stack) === role.id),
    )
    .map((policy) => ({ document: policy.properties.PolicyDocument, stack: policy.stack }));
  return [...inline, ...attached].flatMap(({ document, stack }) =>
    list(fields(document).Statement).map((statement) => ({ statement: fields(statement), stack })),
  );
}

function trustOf(document: Json): string {
  const [first] = list(fields(document).Statement);
  const principal = fields(fields(first).Principal);
  return text(principal.Service) || (principal.AWS ? 'this account' : '');
}

/** Resources of ours by their path in the code, without what differs between environments. */
function label(assembly: Assembly, resource: Json, stack: string): string {
  return assembly
    .resolve(resource, stack)
    .replace(
      /([A-Za-z]+-[a-z-]+)\.([A-Za-z0-9]+)(\.[A-Za-z]+)?/g,
      (whole, at: string, id: string) => assembly.get(`${at}.${id}`)?.path ?? whole,
    )
    .replace(/^arn:.*:table\/(.*)$/, (whole, name: string) => tablePath(assembly, name) ?? whole)
    .replace(new RegExp(`-${assembly.environment}\\b`, 'g'), '')
    .replaceAll('<Partition>', 'aws')
    .replaceAll('<AccountId>', '*')
    .replaceAll('<Region>', '*')
    .replace(/\b[a-z]{2}-[a-z]+-\d\b/g, '*')
    .replace(/([A-Z][A-Za-z]+)-[ab]\//g, '$1/')
    .replace(/-\*-[ab]\/\*$/, '-*-<other site>/*');
}

function tablePath(assembly: Assembly, name: string): string | undefined {
  return assembly
    .ofType('AWS::DynamoDB::GlobalTable')
    .find((table) => table.properties.TableName === name)?.path;
}
