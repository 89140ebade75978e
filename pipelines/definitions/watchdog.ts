import type { Pipeline } from "../model.ts";
import { jobToken } from "../values.ts";
import { BRANCH, PREPARE } from "./parts/set-up.ts";

/**
 * Sees that what runs by the clock still runs. GitHub stops the schedules of a public repository where nothing happened
 * for 60 days, without a word where anybody looks.
 *
 * Daily it enables the scheduled workflows anew, which starts the 60 days again; and a push looks too, should the clock
 * of this very workflow have stopped.
 */
export function watchdog(): Pipeline {
  return {
    name: "watchdog",
    source: "pipelines/definitions/watchdog.ts",
    on: { schedule: ["0 6 * * *"], push: { branches: [BRANCH] }, manual: { inputs: {} } },
    whenBusy: "wait",
    jobs: [
      {
        id: "watch",
        name: "See that the schedules run",
        permissions: { contents: "read", actions: { write: "enables a schedule that stopped" } },
        timeoutMinutes: 10,
        steps: [
          ...PREPARE,
          {
            name: "Look at the schedules",
            env: { GITHUB_TOKEN: jobToken },
            // The file of each workflow, and how many days may pass without a good run of it.
            run: ["node", "pipelines/tools/watch-schedules.ts", "retrain.yml=8", "drift.yml=2", "watchdog.yml=2"],
          },
        ],
      },
    ],
  };
}
