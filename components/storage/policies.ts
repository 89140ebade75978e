import { getCallerIdentityOutput } from "@pulumi/aws/getCallerIdentity.js";
import * as pulumi from "@pulumi/pulumi";

/** A statement of an AWS policy. */
export type Statement = Readonly<Record<string, unknown>>;

/** The policy's text. */
export function policyOf(statements: readonly Statement[]): pulumi.Output<string> {
  return pulumi.jsonStringify({ Version: "2012-10-17", Statement: statements });
}

/** Refuses plain HTTP and TLS before 1.2, to everybody, on a bucket and on all in it. */
export function tlsOnly(arn: pulumi.Output<string>): Statement[] {
  const deny = { Effect: "Deny", Principal: "*", Action: "s3:*", Resource: [arn, pulumi.interpolate`${arn}/*`] };
  return [
    { Sid: "TlsOnly", ...deny, Condition: { Bool: { "aws:SecureTransport": "false" } } },
    { Sid: "Tls12", ...deny, Condition: { NumericLessThan: { "s3:TlsVersion": "1.2" } } },
  ];
}

/**
 * Refuses the deletion of a version for good, to everybody but the principals named. An ordinary deletion, which leaves
 * the versions, stays what IAM says it is.
 */
export function keepVersions(arn: pulumi.Output<string>, breakGlass: readonly string[]): Statement {
  const deny = {
    Effect: "Deny",
    Principal: "*",
    Action: "s3:DeleteObjectVersion",
    Resource: pulumi.interpolate`${arn}/*`,
  };
  const others = { ArnNotEquals: { "aws:PrincipalArn": breakGlass } };
  return { Sid: "KeepVersions", ...deny, ...(breakGlass.length > 0 ? { Condition: others } : {}) };
}

/** Lets S3 write access logs of this account's `buckets`, and of no other. */
export function takeLogs(arn: pulumi.Output<string>, buckets: readonly string[], parent: pulumi.Resource): Statement {
  return {
    Sid: "TakeLogs",
    Effect: "Allow",
    Principal: { Service: "logging.s3.amazonaws.com" },
    Action: "s3:PutObject",
    Resource: pulumi.interpolate`${arn}/*`,
    Condition: {
      ArnEquals: { "aws:SourceArn": buckets.map((bucket) => `arn:aws:s3:::${bucket}`) },
      StringEquals: { "aws:SourceAccount": accountOf(parent) },
    },
  };
}

/** Leaves the use of a key to what IAM allows in the account, as AWS does by default. */
export function governedByIam(parent: pulumi.Resource): Statement {
  const account = pulumi.interpolate`arn:aws:iam::${accountOf(parent)}:root`;
  return { Sid: "GovernedByIam", Effect: "Allow", Principal: { AWS: account }, Action: "kms:*", Resource: "*" };
}

function accountOf(parent: pulumi.Resource): pulumi.Output<string> {
  return getCallerIdentityOutput({}, { parent }).accountId;
}
