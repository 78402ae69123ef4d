import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { Config } from '../../config/schema.js';

/** A bucket as all of ours are: private, TLS only, versioned, encrypted, tidied up after itself. */
export function privateBucket(
  scope: Construct,
  id: string,
  config: Config,
  more: s3.BucketProps = {},
): s3.Bucket {
  const { lifecycleRules = [], ...rest } = more;
  return new s3.Bucket(scope, id, {
    blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
    objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
    encryption: s3.BucketEncryption.S3_MANAGED,
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    versioned: true,
    removalPolicy: config.protectData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    lifecycleRules: [
      {
        id: 'unfinished-and-superseded',
        abortIncompleteMultipartUploadAfter: Duration.days(2),
        // Thirty days in which a deletion can be taken back.
        noncurrentVersionExpiration: Duration.days(30),
        expiredObjectDeleteMarker: true,
      },
      ...lifecycleRules,
    ],
    ...rest,
  });
}
