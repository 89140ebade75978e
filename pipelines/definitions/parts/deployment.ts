import type { Approval, Condition, Job } from "../../model.ts";
import { all, env, jobOutput, onBranch, secret } from "../../values.ts";
import {
  BRANCH,
  COMMITS,
  oneUpdateAtATime,
  PREPARE,
  PREPARE_RELEASE,
  SESSION,
  STACK_ENV,
  type Stack,
  signIn,
} from "./set-up.ts";

export interface DeploymentOptions {
  /** Share of production's requests that a new model gets first, percent. @default 10 */
  readonly canaryPercentage?: number;
  /** @default "plant-classifier-staging" */
  readonly stagingEndpoint?: string;
  /** @default "plant-classifier-prod" */
  readonly productionEndpoint?: string;
}

/** What a way to production adds to it. */
export interface Way extends DeploymentOptions {
  /** On top of the branch. */
  readonly if?: Condition;
  /** Before production. @default - whatever production's environment asks for */
  readonly approval?: Approval;
}

/** From job `train-model` to a canary: staging, tests there, a share of production's requests. */
export function deployModel(way: Way): readonly Job[] {
  const { stagingEndpoint = "plant-classifier-staging", productionEndpoint = "plant-classifier-prod" } = way;
  const condition = way.if ? all(onBranch(BRANCH), way.if) : onBranch(BRANCH);
  return [
    deploy({ stack: "staging", needs: ["train-model"], if: condition, endpoint: stagingEndpoint }),
    integrationTests(),
    deploy({
      stack: "production",
      needs: ["train-model", "integration-tests"],
      if: condition,
      endpoint: productionEndpoint,
      trafficPercentage: way.canaryPercentage ?? 10,
      ...(way.approval && { approval: way.approval }),
    }),
  ];
}

interface Deployment {
  readonly stack: Stack;
  readonly needs: readonly string[];
  readonly if: Condition;
  readonly endpoint: string;
  readonly trafficPercentage?: number;
  readonly approval?: Approval;
}

function deploy({ stack, needs, if: condition, endpoint, trafficPercentage, approval }: Deployment): Job {
  return {
    id: `deploy-${stack}`,
    name: `Deploy to ${stack}`,
    stage: "deploy",
    needs,
    if: condition,
    environment: stack,
    ...(approval && { approval }),
    permissions: { contents: COMMITS, idToken: SESSION },
    timeoutMinutes: 90,
    concurrency: oneUpdateAtATime(stack),
    env: {
      TRAINED_BUCKET: jobOutput("train-model", "models_bucket"),
      MODEL_VERSION: jobOutput("train-model", "version"),
    },
    steps: [
      ...PREPARE_RELEASE,
      ...signIn("DEPLOY"),
      {
        name: `Deploy to ${stack}`,
        id: "deploy",
        pushes: true,
        env: STACK_ENV,
        run: [
          "node",
          "scripts/deploy.ts",
          "--model-path",
          ["s3://", env("TRAINED_BUCKET"), "/models/", env("MODEL_VERSION"), "/"],
          "--environment",
          stack,
          "--endpoint-name",
          endpoint,
          ...(trafficPercentage === undefined ? [] : ["--traffic-percentage", String(trafficPercentage)]),
        ],
      },
    ],
  };
}

function integrationTests(): Job {
  return {
    id: "integration-tests",
    name: "Test the staging endpoint",
    stage: "deploy",
    needs: ["deploy-staging"],
    environment: "staging",
    permissions: { contents: "read" },
    timeoutMinutes: 15,
    steps: [
      ...PREPARE,
      {
        name: "Run integration tests",
        env: {
          // Required here and not in the tests: without it they would start a server of their own and prove nothing.
          STAGING_ENDPOINT_URL: secret("STAGING_ENDPOINT_URL"),
          STAGING_API_KEY: secret("STAGING_API_KEY"),
        },
        run: ["node", "tests/integration/run.ts", "--endpoint-url", [env("STAGING_ENDPOINT_URL")]],
      },
    ],
  };
}
