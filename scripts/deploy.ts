import { readCandidate, requireSignature } from "../delivery/candidate.ts";
import type { Environment } from "../delivery/environment.ts";
import { DeliveryError, inputError } from "../delivery/errors.ts";
import { judge } from "../delivery/gate.ts";
import { parseJson } from "../delivery/json.ts";
import { formatLocation, parseLocation, within } from "../delivery/location.ts";
import { copyPackage } from "../delivery/package.ts";
import { previewRelease, release } from "../delivery/release.ts";
import { requireThawed } from "../delivery/rollout/freeze.ts";
import { openEnvironment, requireNoDrift, settle } from "../delivery/rollout/open.ts";
import { withTurn } from "../delivery/rollout/turn.ts";
import { deploymentName, describeChange, planDeployment, type RolloutRequest } from "../delivery/rollout.ts";
import { type Command, type Context, integerFlag, type Outcome, required, runCommand } from "./support/command.ts";
import { ENVIRONMENT, MODEL_PATH, MODELS_PATH, OVERRIDE_FREEZE } from "./support/flags.ts";

export const command: Command = {
  name: "deploy",
  summary:
    "Deploys a model that passes the gate: copies it to the environment, edits the stack file, updates the stack, commits.",
  example:
    "--model-path s3://bucket/models/latest/ --environment production --endpoint-name plant-classifier-prod --traffic-percentage 10",
  flags: {
    "model-path": MODEL_PATH,
    environment: ENVIRONMENT,
    "endpoint-name": { help: "endpoint, as a check: it must be the one in the stack file", value: "NAME" },
    "traffic-percentage": {
      help: "whole per cent of requests for this model, default 100; the first model of an endpoint gets 100",
      value: "0..100",
    },
    "mirror-percentage": {
      help: "whole per cent of requests to copy to this model, which then answers nobody: a shadow without traffic",
      value: "1..50",
    },
    instances: {
      help: "instances of a new deployment; default as many as the live one has, else endpoint.instances",
      value: "N",
    },
    "restart-canary": { help: "where another model is a canary, abort it and start with this one" },
    "override-freeze": OVERRIDE_FREEZE,
    "models-path": MODELS_PATH,
    "dry-run": { help: "show what would change and change nothing" },
  },
  async run(context) {
    const opening = {
      name: required(context, "environment"),
      folder: process.cwd(),
      modelsPath: context.flags["models-path"],
    };
    const shares = sharesAsked(context);
    const dryRun = context.flags["dry-run"] !== undefined;
    const act = async () => {
      const found = await openEnvironment(opening, context.say);
      requireEndpoint(found.environment, context.flags["endpoint-name"]);
      const { path, ...candidate } = await passGate(found.environment, context);
      if (dryRun) return preview(found.environment, candidate.version, shares, context);
      const freeze = requireThawed(found.environment, new Date(), context.flags["override-freeze"]);
      requireNoDrift(found);
      const { environment, live } = await settle(found, opening, context.say);
      const plan = planFor(environment, candidate.version, shares, context);
      const told = { ...describePlan(environment, candidate.version, plan) };
      if (plan.changes.length === 0) return nothingToDo(told, context);
      await copyPackage(path, environment.modelsPath);
      context.say(`model ${candidate.version} is at ${modelPathOf(environment, candidate.version)}`);
      const evidence = { ...candidate.evidence, ...freeze };
      const step = { what: "deploy", plan, version: candidate.version, evidence, endpointId: live?.id } as const;
      const released = await release(environment, step, context.say);
      return {
        exitCode: 0 as const,
        report: { ...told.report, ...released },
        text: `model ${candidate.version} is deployed to ${environment.name}\n${told.text}`,
        outputs: told.outputs,
      };
    };
    return dryRun ? act() : withTurn(opening.folder, opening.name, act);
  },
};

type Shares = Pick<RolloutRequest, "percentage" | "mirror">;

function sharesAsked(context: Context): Shares {
  const given = context.flags["traffic-percentage"] !== undefined;
  if (context.flags["mirror-percentage"] === undefined) {
    return { percentage: given ? integerFlag(context, "traffic-percentage", 0, 100) : 100 };
  }
  const mirror = integerFlag(context, "mirror-percentage", 1, 50);
  return { percentage: given ? integerFlag(context, "traffic-percentage", 0, 100) : 0, mirror };
}

function modelPathOf(environment: Environment, version: string): string {
  return formatLocation(within(parseLocation(environment.modelsPath), version));
}

function planFor(environment: Environment, version: string, shares: Shares, context: Context) {
  const instances = context.flags["instances"] === undefined ? undefined : integerFlag(context, "instances", 1, 50);
  const modelPath = modelPathOf(environment, version);
  const request = { version, modelPath, ...shares, ...(instances !== undefined && { instances }) };
  return planDeployment(environment.endpoint, request, {
    keepPrevious: environment.rollout.keepPrevious,
    restartCanary: context.flags["restart-canary"] !== undefined,
  });
}

function describePlan(environment: Environment, version: string, plan: ReturnType<typeof planDeployment>) {
  const { traffic, mirror } = plan.endpoint;
  const deployment = deploymentName(version);
  const report = {
    version,
    deployment,
    environment: environment.name,
    changes: plan.changes,
    traffic,
    ...(mirror !== undefined && { mirror }),
  };
  const outputs = { version, deployment, traffic: JSON.stringify(traffic) };
  return { report, outputs, text: plan.changes.map(describeChange).join("\n") || "no change" };
}

function preview(environment: Environment, version: string, shares: Shares, context: Context): Outcome {
  const plan = planFor(environment, version, shares, context);
  const { report, text } = describePlan(environment, version, plan);
  const diff = previewRelease(environment, plan);
  return { exitCode: 0, report: { ...report, diff, dry_run: true }, text: `${text}\n\n${diff}`.trimEnd() };
}

function nothingToDo({ report, outputs }: ReturnType<typeof describePlan>, context: Context): Outcome {
  const { version, environment, deployment, traffic } = report;
  const text = `model ${version} is live in ${environment} already: \`${deployment}\` has ${traffic[deployment] ?? 0} %; nothing was changed`;
  context.say(text);
  return { exitCode: 0, report: { ...report, commit: null, record: null, diff: "" }, text, outputs };
}

function requireEndpoint(environment: Environment, given: string | undefined): void {
  if (given === undefined || given === environment.endpointName) return;
  throw inputError(
    `\`--endpoint-name\` is \`${given}\`, but \`${environment.file.name}\` has \`${environment.endpointName}\`; check the environment`,
  );
}

/** The model's bytes are its manifest's, it is signed where that is asked, and its metrics pass the environment's own limits. */
async function passGate(environment: Environment, context: Context) {
  const candidate = await readCandidate(required(context, "model-path"), process.env["MODELS_BUCKET"]);
  requireSignature(candidate, environment.signing);
  const { verdict, reasons } = judge(candidate, environment.limits);
  if (verdict !== "pass") {
    const against = reasons.filter((reason) => reason.verdict !== "pass").map((reason) => reason.message);
    const kind = verdict === "fail" ? "refused" : "input";
    throw new DeliveryError(
      kind,
      `gate says \`${verdict}\` to model ${candidate.manifest.version}: ${against.join("; ")}`,
    );
  }
  const metrics = parseJson(candidate.metrics ?? "", "`metrics.json`") as Record<string, number>;
  const { accuracy = 0, avg_latency_ms = 0 } = metrics;
  return {
    version: candidate.manifest.version,
    path: candidate.path,
    evidence: { gate: verdict, accuracy, avg_latency_ms },
  };
}

if (import.meta.main) await runCommand(command);
