import { MACHINES, type Pipeline } from "../model.ts";
import { matrix } from "../values.ts";
import { READ } from "./parts/checks.ts";
import { BRANCH, prepareOn, setUpNode } from "./parts/set-up.ts";

/** Node.js versions that are kept up, the oldest being the first that runs TypeScript as it is. */
const NODE_VERSIONS = ["22", "24", "26"];

/** The parts' tests on each runtime and operating system. */
export function testMatrix(): Pipeline {
  return {
    name: "test-matrix",
    source: "pipelines/definitions/test-matrix.ts",
    on: { push: { branches: [BRANCH] }, pullRequest: { branches: [BRANCH] } },
    whenBusy: "cancelRunning",
    jobs: [
      {
        id: "test",
        name: "Test the parts",
        stage: "test",
        machine: matrix("machine"),
        matrix: { machine: MACHINES, node: NODE_VERSIONS },
        permissions: READ,
        timeoutMinutes: 30,
        steps: [
          ...prepareOn(setUpNode(matrix("node"))),
          { name: "Test", run: ["node", "--test", "tests/unit/**/*.test.ts"] },
        ],
      },
    ],
  };
}
