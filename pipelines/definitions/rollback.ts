import type { Job, Pipeline } from "../model.ts";
import { env, equals, input } from "../values.ts";
import {
  COMMITS,
  oneUpdateAtATime,
  PREPARE_RELEASE,
  SESSION,
  STACK_ENV,
  STACKS,
  type Stack,
  signIn,
} from "./parts/set-up.ts";

/** Moves all of an environment's traffic back to its last good deployment, by hand, with the reason on record. */
export function rollback(): Pipeline {
  return {
    name: "rollback",
    source: "pipelines/definitions/rollback.ts",
    on: {
      manual: {
        inputs: {
          environment: {
            description: "Where to roll back",
            required: true,
            default: "production",
            options: STACKS,
          },
          reason: { description: "Why: it stands in the record", required: true },
        },
      },
    },
    whenBusy: "wait",
    jobs: STACKS.map(rollBack),
  };
}

function rollBack(stack: Stack): Job {
  return {
    id: `rollback-${stack}`,
    name: `Roll ${stack} back`,
    stage: "deploy",
    if: equals(input("environment"), stack),
    environment: stack,
    permissions: { contents: COMMITS, idToken: SESSION },
    timeoutMinutes: 30,
    concurrency: oneUpdateAtATime(stack),
    steps: [
      ...PREPARE_RELEASE,
      ...signIn("ROLLBACK"),
      {
        name: `Roll ${stack} back`,
        pushes: true,
        env: { ...STACK_ENV, REASON: input("reason") },
        run: ["node", "scripts/rollback.ts", "--environment", stack, "--reason", [env("REASON")]],
      },
    ],
  };
}
