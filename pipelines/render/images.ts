import { isRunStep } from "../check.ts";
import type { Job, Literal, MatrixValue, SetUp } from "../model.ts";

/**
 * The container image that a job's steps run in, for systems whose machines bring nothing along: Node.js, with Pulumi's
 * CLI of the same version where the job sets it up.
 *
 * @param text how the version of Node.js is written, which may come from a matrix
 * @throws where the job sets up no Node.js, naming it
 */
export function imageOf(job: Job, text: (version: Literal | MatrixValue) => string): string {
  const setUps: readonly SetUp[] = job.steps.flatMap((step) => (isRunStep(step) ? [] : step.setUp));
  const node = setUps.find((setUp) => setUp.tool === "node");
  if (!node) throw new Error(`Job \`${job.id}\` sets up no Node.js to choose its image by; add the set-up step.`);
  const pulumi = setUps.find((setUp) => setUp.tool === "pulumi");
  return pulumi ? `pulumi/pulumi-nodejs-${text(node.version)}:${pulumi.version}` : `node:${text(node.version)}`;
}
