import type { Job, Pipeline } from "../model.ts";
import { PREPARE_STACK, previewOf, SESSION, STACK_ENV, STACKS, type Stack, signIn } from "./parts/set-up.ts";

/** Every morning, and by hand: did somebody change something in the clouds? It fails where somebody did. */
export function drift(): Pipeline {
  return {
    name: "drift",
    source: "pipelines/definitions/drift.ts",
    on: { schedule: ["0 5 * * *"], manual: { inputs: {} } },
    whenBusy: "wait",
    jobs: STACKS.map(lookAt),
  };
}

function lookAt(stack: Stack): Job {
  return {
    id: `drift-${stack}`,
    name: `Compare ${stack} with its clouds`,
    environment: previewOf(stack),
    permissions: { contents: "read", idToken: SESSION },
    timeoutMinutes: 30,
    steps: [
      ...PREPARE_STACK,
      ...signIn("PREVIEW"),
      {
        name: `Compare ${stack} with its clouds`,
        id: "drift",
        env: STACK_ENV,
        run: ["node", "scripts/drift.ts", "--environment", stack],
      },
    ],
  };
}
