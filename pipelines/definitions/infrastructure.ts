import type { Condition, Job, Pipeline, RunStep } from "../model.ts";
import { env, jobOutput, jobToken, onBranch, ownPullRequest, stepOutput } from "../values.ts";
import {
  BRANCH,
  oneUpdateAtATime,
  PREPARE_STACK,
  previewOf,
  SESSION,
  STACK_ENV,
  STACKS,
  type Stack,
  signIn,
} from "./parts/set-up.ts";

const PATHS = [
  "*.ts",
  "Pulumi*.yaml",
  "components/**",
  "delivery/**",
  "pipelines/**",
  "policy/**",
  "package-lock.json",
] as const;

/** What every preview and update must keep. */
const RULES = ["--policy-pack", "policy"];

/**
 * What a change does to the clouds: shown on its pull request, and carried out once it is on the branch.
 *
 * On the branch each stack is planned anew, for the clouds as they are then. The plan is in the run for whoever approves
 * it, and the update may do what the plan says and nothing else. Production is planned when staging is done.
 */
export function infrastructure(): Pipeline {
  return {
    name: "infrastructure",
    source: "pipelines/definitions/infrastructure.ts",
    on: {
      push: { branches: [BRANCH], paths: PATHS },
      pullRequest: { branches: [BRANCH], paths: PATHS },
      manual: { inputs: {} },
    },
    whenBusy: "wait",
    jobs: [
      ...STACKS.map(preview),
      plan("staging", []),
      apply("staging"),
      plan("production", ["apply-staging"]),
      apply("production"),
    ],
  };
}

const looking = (stack: Stack, condition: Condition) =>
  ({
    if: condition,
    environment: previewOf(stack),
    permissions: { contents: "read", idToken: SESSION },
    timeoutMinutes: 30,
  }) as const;

/** Not for forks: a pull request of theirs gets no session, and nobody to write a comment for it. */
function preview(stack: Stack): Job {
  const job = looking(stack, ownPullRequest);
  return {
    id: `preview-${stack}`,
    name: `Preview ${stack}`,
    ...job,
    permissions: { ...job.permissions, pullRequests: { write: "the comment that says what the change does" } },
    steps: [
      ...PREPARE_STACK,
      ...signIn("PREVIEW"),
      // First, as it tells a failure as well; the diff after it is for whoever wants all of it.
      {
        name: `Comment on what changes in ${stack}`,
        env: { ...STACK_ENV, COMMENT_TOKEN: jobToken },
        run: ["node", "scripts/preview-comment.ts", "--environment", stack, "--stacks", String(STACKS.length)],
      },
      previewStack(stack, []),
    ],
  };
}

function plan(stack: Stack, needs: readonly string[]): Job {
  const file = planOf(stack);
  return {
    id: `plan-${stack}`,
    name: `Plan ${stack}`,
    needs,
    ...looking(stack, onBranch(BRANCH)),
    steps: [
      ...PREPARE_STACK,
      ...signIn("PREVIEW"),
      { ...previewStack(stack, ["--save-plan", file]), artifacts: { name: file, paths: [file] } },
      { name: "Take the plan's fingerprint", id: "fingerprint", run: ["node", "pipelines/tools/fingerprint.ts", file] },
    ],
    outputs: { sha256: stepOutput("fingerprint", "sha256") },
  };
}

function previewStack(stack: Stack, flags: readonly string[]): RunStep {
  return {
    name: `Preview ${stack}`,
    env: STACK_ENV,
    run: ["pulumi", "preview", "--stack", stack, ...RULES, "--non-interactive", "--diff", ...flags],
  };
}

function apply(stack: Stack): Job {
  const file = planOf(stack);
  return {
    id: `apply-${stack}`,
    name: `Apply ${stack}`,
    needs: [`plan-${stack}`],
    if: onBranch(BRANCH),
    environment: stack,
    permissions: { contents: "read", idToken: SESSION },
    timeoutMinutes: 90,
    concurrency: oneUpdateAtATime(stack),
    steps: [
      ...PREPARE_STACK,
      ...signIn("DEPLOY"),
      { name: "Take the plan", setUp: { tool: "artifact", name: file } },
      {
        name: "Check that it is the plan that was shown",
        env: { SHA256: jobOutput(`plan-${stack}`, "sha256") },
        run: ["node", "pipelines/tools/fingerprint.ts", file, "--must-be", [env("SHA256")]],
      },
      {
        name: `Apply ${stack}`,
        env: STACK_ENV,
        run: [
          "pulumi",
          "up",
          "--stack",
          stack,
          ...RULES,
          "--yes",
          "--skip-preview",
          "--non-interactive",
          "--plan",
          file,
        ],
      },
    ],
  };
}

const planOf = (stack: Stack) => `${stack}.plan.json`;
