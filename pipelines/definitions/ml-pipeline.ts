import type { Pipeline } from "../model.ts";
import { allTests, auditDependencies, lint, unitTests } from "./parts/checks.ts";
import { BRANCH } from "./parts/set-up.ts";

/** What every change has to pass, a stranger's too: it has no rights, no secrets and no environment. */
export function mlPipeline(): Pipeline {
  return {
    name: "ml-pipeline",
    source: "pipelines/definitions/ml-pipeline.ts",
    on: { push: { branches: [BRANCH] }, pullRequest: { branches: [BRANCH] } },
    whenBusy: "cancelRunning",
    jobs: [lint, unitTests, allTests, auditDependencies],
  };
}
