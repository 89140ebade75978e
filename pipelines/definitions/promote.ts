import type { Pipeline, RunStep } from "../model.ts";
import { equals, input, variable } from "../values.ts";
import { COMMITS, oneUpdateAtATime, PREPARE_RELEASE, SESSION, STACK_ENV, signIn } from "./parts/set-up.ts";

/**
 * Takes production's canary on, by hand: step by step on the judge's verdict, or holds it, or sends it back.
 *
 * A run lasts an hour, as long as its sessions in the clouds. A canary that bakes longer is taken on by running it again.
 */
export function promote(): Pipeline {
  return {
    name: "promote",
    source: "pipelines/definitions/promote.ts",
    on: {
      manual: {
        inputs: {
          action: {
            description: "Go on with the canary, let it stay as it is, or send all requests back",
            required: true,
            default: "go on",
            options: ["go on", "pause", "abort"],
          },
        },
      },
    },
    whenBusy: "wait",
    jobs: [
      {
        id: "promote",
        name: "Promote production's canary",
        stage: "deploy",
        environment: "production",
        permissions: { contents: COMMITS, idToken: SESSION },
        timeoutMinutes: 60,
        concurrency: oneUpdateAtATime("production"),
        steps: [
          ...PREPARE_RELEASE,
          ...signIn("PROMOTE"),
          act("Go on with the canary", "go on", ["--resume", "--max-wait-minutes", "15"]),
          act("Let the canary stay", "pause", ["--pause"]),
          act("Send all requests back", "abort", ["--abort"]),
        ],
      },
    ],
  };
}

function act(name: string, action: string, flags: readonly string[]): RunStep {
  return {
    name,
    if: equals(input("action"), action),
    pushes: true,
    env: {
      ...STACK_ENV,
      // The judge reads the endpoint's metrics.
      AZURE_RESOURCE_GROUP: variable("AZURE_RESOURCE_GROUP"),
      AZURE_ML_WORKSPACE: variable("AZURE_ML_WORKSPACE"),
    },
    run: ["node", "scripts/promote.ts", "--environment", "production", ...flags],
  };
}
