import { delivery } from "../definitions/delivery.ts";
import { drift } from "../definitions/drift.ts";
import { infrastructure } from "../definitions/infrastructure.ts";
import { mlPipeline } from "../definitions/ml-pipeline.ts";
import { mlTraining } from "../definitions/ml-training.ts";
import type { DeploymentOptions } from "../definitions/parts/deployment.ts";
import type { GateOptions } from "../definitions/parts/training.ts";
import { promote } from "../definitions/promote.ts";
import { retrain } from "../definitions/retrain.ts";
import { rollback } from "../definitions/rollback.ts";
import { testMatrix } from "../definitions/test-matrix.ts";
import { watchdog } from "../definitions/watchdog.ts";
import type { Pipeline } from "../model.ts";
import { variable } from "../values.ts";
import { renderGitHub } from "./github.ts";
import { renderGitLab } from "./gitlab.ts";
import { renderJenkins } from "./jenkins.ts";

export const CI_SYSTEMS = ["github", "gitlab", "jenkins"] as const;
export type CiSystem = (typeof CI_SYSTEMS)[number];

export interface CiOptions extends GateOptions, DeploymentOptions {}

/** The pipelines that a repository at GitHub has. */
export function gitHubPipelines(options: CiOptions = {}): readonly Pipeline[] {
  return [
    mlPipeline(),
    mlTraining(options),
    testMatrix(),
    retrain(options),
    infrastructure(),
    promote(),
    rollback(),
    drift(),
    watchdog(),
  ];
}

/** The pipeline of a repository at GitLab, which keeps one. */
export function gitLabPipeline(options: CiOptions = {}): Pipeline {
  return delivery(options);
}

/** The pipeline of a repository that Jenkins builds. Jenkins tells nobody by itself: it mails to `DELIVERY_MAIL`. */
export function jenkinsPipeline(options: CiOptions = {}): Pipeline {
  return delivery({ ...options, notify: { to: variable("DELIVERY_MAIL"), on: ["success", "failure"] } });
}

/** The files that a CI system finds its pipelines in: path in the repository, and content. */
export function ciFiles(system: CiSystem, options: CiOptions = {}): Readonly<Record<string, string>> {
  switch (system) {
    case "github":
      return Object.fromEntries(
        gitHubPipelines(options).map((pipeline) => [`.github/workflows/${pipeline.name}.yml`, renderGitHub(pipeline)]),
      );
    case "gitlab":
      return { ".gitlab-ci.yml": renderGitLab(gitLabPipeline(options)) };
    case "jenkins":
      return { Jenkinsfile: renderJenkins(jenkinsPipeline(options)) };
  }
}
