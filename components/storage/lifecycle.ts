import type { types } from "@pulumi/aws";

type Rule = types.input.s3.BucketLifecycleConfigurationRule;

const everything = { prefix: "" };
const abandoned: Rule = {
  id: "abandoned-uploads",
  status: "Enabled",
  filter: everything,
  abortIncompleteMultipartUpload: { daysAfterInitiation: 7 },
};

/** What happens to objects as they grow old, by the purpose of their bucket. Days are whole ones of UTC. */
export const lifecycleOf: Readonly<Record<"data" | "models" | "logs", readonly Rule[]>> = {
  /** Pictures are read often while they are new; a version that was replaced is kept for a quarter of a year. */
  data: [
    abandoned,
    {
      id: "old-pictures",
      status: "Enabled",
      filter: { prefix: "data/" },
      transitions: [{ days: 90, storageClass: "STANDARD_IA" }],
    },
    {
      id: "replaced-versions",
      status: "Enabled",
      filter: everything,
      noncurrentVersionExpiration: { noncurrentDays: 90 },
    },
  ],
  /** Nothing of a model or a release is ever thrown away; what is hidden behind a newer version costs half. */
  models: [
    abandoned,
    {
      id: "replaced-versions",
      status: "Enabled",
      filter: everything,
      noncurrentVersionTransitions: [{ noncurrentDays: 30, storageClass: "STANDARD_IA" }],
    },
  ],
  /** A year of who asked for what. */
  logs: [
    abandoned,
    {
      id: "a-year",
      status: "Enabled",
      filter: everything,
      expiration: { days: 365 },
      noncurrentVersionExpiration: { noncurrentDays: 30 },
    },
  ],
};
