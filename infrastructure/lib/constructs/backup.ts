import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as backup from 'aws-cdk-lib/aws-backup';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Schedule } from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';
import type { Config } from '../../config/schema.js';
import { emptyRole } from './roles.js';

/** Daily copies in a locked vault: replication carries a mistake everywhere, a copy does not. */
export class BackupPlan extends Construct {
  constructor(scope: Construct, id: string, config: Config, product: string, arns: string[]) {
    super(scope, id);
    const vault = new backup.BackupVault(this, 'Vault', {
      removalPolicy: config.protectData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
      // A lock for ever only where the data is real: nobody, the account's owner included, can
      // delete a copy before its time.
      ...(config.protectData
        ? {
            lockConfiguration: { minRetention: Duration.days(35), changeableFor: Duration.days(3) },
          }
        : {}),
    });
    const plan = new backup.BackupPlan(this, 'Plan', { backupVault: vault });
    plan.addRule(
      new backup.BackupPlanRule({
        ruleName: 'daily',
        scheduleExpression: Schedule.cron({ hour: '3', minute: '15' }),
        startWindow: Duration.hours(1),
        completionWindow: Duration.hours(4),
        deleteAfter: Duration.days(35),
      }),
    );
    const role = emptyRole(this, 'Role', `${product}-backup`, 'backup.amazonaws.com');
    for (const policy of ['ForBackup', 'ForRestores'])
      role.addManagedPolicy(
        iam.ManagedPolicy.fromAwsManagedPolicyName(
          `service-role/AWSBackupServiceRolePolicy${policy}`,
        ),
      );
    new backup.BackupSelection(this, 'Selection', {
      backupPlan: plan,
      role,
      resources: arns.map((arn) => backup.BackupResource.fromArn(arn)),
      disableDefaultBackupPolicy: true,
    });
  }
}
