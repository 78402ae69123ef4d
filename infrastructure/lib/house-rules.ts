// Our own rules for templates, policy/*.guard, run by the CDK's validator beside its own on every
// synthesis: a finding is an error, and its name is that of the rule.
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import {
  CloudFormationValidatePlugin,
  type IPolicyValidationContext,
  type PolicyValidationPluginReport,
} from 'aws-cdk-lib';

interface RuleFile {
  readonly name: string;
  readonly content: string;
}

/** The validator of the CDK with our rules added; its report says by name which ones ran. */
export class HouseRules extends CloudFormationValidatePlugin {
  readonly names: string[];

  constructor(folder: string) {
    const files = ruleFiles(folder);
    super({ guardRules: files, includeDefaultRules: true });
    this.names = files.flatMap(({ content }) =>
      [...content.matchAll(/^rule (\w+)/gm)].map(([, name = '']) => name),
    );
  }

  override validate(context: IPolicyValidationContext): PolicyValidationPluginReport {
    return { ...super.validate(context), metadata: { houseRules: this.names.join(' ') } };
  }
}

function ruleFiles(folder: string): RuleFile[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.guard'))
    .sort()
    .map((name) => ({ name, content: readFileSync(path.join(folder, name), 'utf8') }));
}
