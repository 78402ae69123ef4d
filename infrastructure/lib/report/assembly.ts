// Reads synthesised templates and answers what they say across stacks: what a reference of one
// stack to another stands for, and what kind of thing it is. Knows JSON only, not the CDK.
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

export type Json = string | number | boolean | null | undefined | Json[] | { [key: string]: Json };
export type Fields = { [key: string]: Json };

export interface Resource {
  /** Stack and logical id: the name by which references resolve to it. */
  readonly id: string;
  readonly stack: string;
  readonly logicalId: string;
  readonly type: string;
  readonly properties: Fields;
  /** Where it is in the code, without the environment: TaskManagementShared/Queue. */
  readonly path: string;
  readonly region: string;
  readonly metadata: Fields;
  readonly raw: Fields;
}

export interface Template {
  readonly stack: string;
  readonly region: string;
  readonly body: Fields;
}

export const isFields = (value: Json): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
export const fields = (value: Json): Fields => (isFields(value) ? value : {});
export const list = (value: Json): Json[] =>
  Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];
export const text = (value: Json): string =>
  typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);

export class Assembly {
  readonly templates: Template[];
  readonly resources: Resource[];
  private readonly exports = new Map<string, { stack: string; value: Json }>();
  private readonly outputs = new Map<string, { stack: string; value: Json }>();
  private readonly byId: Map<string, Resource>;

  constructor(
    readonly environment: string,
    templates: Template[],
  ) {
    this.templates = templates;
    this.resources = templates.flatMap((template) => resourcesOf(template, environment));
    this.byId = new Map(this.resources.map((resource) => [resource.id, resource]));
    for (const { stack, body } of templates)
      for (const [name, output] of Object.entries(fields(body.Outputs))) {
        const { Value: value, Export: exported } = fields(output);
        this.outputs.set(`${stack}:${name}`, { stack, value });
        if (exported) this.exports.set(text(fields(exported).Name), { stack, value });
      }
  }

  static read(folder: string, environment: string): Assembly {
    const manifest = JSON.parse(readFileSync(path.join(folder, 'manifest.json'), 'utf8')) as Fields;
    const templates = readdirSync(folder)
      .filter((file) => file.endsWith('.template.json'))
      .map((file) => {
        const stack = file.replace('.template.json', '');
        const artifact = fields(fields(manifest.artifacts)[stack]);
        const region = text(artifact.environment).split('/').at(-1) ?? '';
        const body = JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as Fields;
        return { stack, region, body };
      });
    return new Assembly(environment, templates);
  }

  /** A copy whose templates `change` may alter: to show that a proof notices. */
  altered(change: (templates: Template[]) => void): Assembly {
    const copy = structuredClone(this.templates);
    change(copy);
    return new Assembly(this.environment, copy);
  }

  ofType(type: string): Resource[] {
    return this.resources.filter((resource) => resource.type === type);
  }

  inStack(prefix: string): Resource[] {
    return this.resources.filter((resource) => resource.stack.startsWith(prefix));
  }

  get(id: string): Resource | undefined {
    return this.byId.get(id);
  }

  /** The resource that a value refers to, through imports and outputs of other stacks. */
  target(value: Json, stack: string): Resource | undefined {
    const id = this.resolve(value, stack);
    return this.byId.get(id) ?? this.byId.get(id.split('.').slice(0, 2).join('.'));
  }

  /** A value as text: references become `stack.logicalId` and `stack.logicalId.Attribute`. */
  resolve(value: Json, stack: string): string {
    if (!isFields(value)) return Array.isArray(value) ? this.join(value, ',', stack) : text(value);
    const [[name, argument] = ['', undefined]] = Object.entries(value);
    switch (name) {
      case 'Ref':
        return this.reference(text(argument), stack);
      case 'Fn::GetAtt':
        return `${stack}.${list(argument).map(text).join('.')}`;
      case 'Fn::ImportValue':
        return this.elsewhere(this.exports.get(this.resolve(argument, stack)), argument);
      case 'Fn::GetStackOutput': {
        const { StackName: other, OutputName: output } = fields(argument);
        return this.elsewhere(this.outputs.get(`${text(other)}:${text(output)}`), argument);
      }
      case 'Fn::Join': {
        const [separator, parts] = list(argument);
        return this.join(list(parts), text(separator), stack);
      }
      default:
        return JSON.stringify(value);
    }
  }

  private join(parts: Json[], separator: string, stack: string): string {
    return parts.map((part) => this.resolve(part, stack)).join(separator);
  }

  private reference(name: string, stack: string): string {
    return name.startsWith('AWS::') ? `<${name.slice(5)}>` : `${stack}.${name}`;
  }

  private elsewhere(found: { stack: string; value: Json } | undefined, argument: Json): string {
    return found ? this.resolve(found.value, found.stack) : `<unknown ${JSON.stringify(argument)}>`;
  }
}

function resourcesOf(template: Template, environment: string): Resource[] {
  return Object.entries(fields(template.body.Resources)).map(([logicalId, raw]) => {
    const resource = fields(raw);
    const metadata = fields(resource.Metadata);
    const where = text(metadata['aws:cdk:path']) || `${template.stack}/${logicalId}`;
    return {
      id: `${template.stack}.${logicalId}`,
      stack: template.stack,
      logicalId,
      type: text(resource.Type),
      properties: fields(resource.Properties),
      path: where.replace(`-${environment}`, '').replace(/\/(Resource|Default)$/, ''),
      region: template.region,
      metadata,
      raw: resource,
    };
  });
}
