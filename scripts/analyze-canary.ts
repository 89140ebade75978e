import { readFile, writeFile } from "node:fs/promises";
import { AzureError } from "../delivery/azure.ts";
import { type Judgement, judge } from "../delivery/canary/judge.ts";
import { type MetricResult, probability, type Verdict } from "../delivery/canary/metric.ts";
import { plotCanary } from "../delivery/canary/plot/plot.ts";
import { parseRecording, type Recording } from "../delivery/canary/recording.ts";
import { type CanaryRules, DEFAULT_RULES, parseRules, rulesOf } from "../delivery/canary/rules.ts";
import { addPredictions, recordCanary } from "../delivery/canary/watch.ts";
import { type Environment, readEnvironment } from "../delivery/environment.ts";
import { DeliveryError, inputError } from "../delivery/errors.ts";
import { endpointId, endpointIdOf } from "../delivery/rollout/live.ts";
import { canaryOf, shadowOf } from "../delivery/rollout.ts";
import { type Command, type Context, type ExitCode, integerFlag, runCommand } from "./support/command.ts";
import { WORKSPACE_FLAGS, workspaceName } from "./support/flags.ts";

const EXIT: Record<Verdict, ExitCode> = { pass: 0, fail: 1, inconclusive: 2 };

/** A recording needs no cloud, so these are asked for only where one is read. */
const CLOUD_FLAGS = Object.fromEntries(
  Object.entries(WORKSPACE_FLAGS).map(([name, { required: _, ...flag }]) => [name, flag]),
);

export const command: Command = {
  name: "analyze-canary",
  summary:
    "Judges a canary or a shadow by Azure Monitor's metrics and collected answers: pass (exit 0), fail (1), inconclusive (2); they cannot be read (3).",
  example: "--environment production --since 2026-03-01T12:00:00Z --record canary.json --plot canary.svg",
  flags: {
    environment: {
      help: "stack whose canary to judge: Pulumi.<environment>.yaml in the current folder",
      value: "NAME",
    },
    "endpoint-name": {
      help: "instead of the stack's, an online endpoint of the workspace named by flags",
      value: "NAME",
    },
    ...CLOUD_FLAGS,
    canary: { help: "deployment to judge; by default the stack's newest that shares traffic", value: "NAME" },
    shadow: {
      help: "judge the deployment that requests are copied to: also whether it gives the labels that were answered",
    },
    labels: { help: "also compare the labels that both predicted; always where rules make them critical" },
    baseline: { help: "deployment to compare with; by default the other one with most requests", value: "NAME" },
    since: {
      help: "when the canary got its share (ISO 8601); keep it the same from one judgement to the next",
      value: "TIME",
    },
    minutes: { help: "without --since, how many minutes to look back", value: "N", default: "60" },
    settle: { help: "minutes that figures may take to arrive: the newest ones are left out", value: "N", default: "3" },
    attempts: { help: "tries to read the metrics before giving up", value: "N", default: "5" },
    rules: {
      help: "rules that differ from the defaults, a JSON file; see docs/decisions/canary-judge.md",
      value: "FILE",
    },
    replay: { help: "judge this recording instead of asking the cloud", value: "FILE" },
    record: { help: "write what was judged to a file that --replay reads", value: "FILE" },
    plot: { help: "draw failures and latencies to an SVG file", value: "FILE" },
  },
  async run(context) {
    const { flags } = context;
    const stack =
      flags["environment"] === undefined ? undefined : await readEnvironment(flags["environment"], process.cwd());
    const rules = await rulesAsked(flags["rules"], stack);
    const recording =
      flags["replay"] === undefined
        ? await ask(context, stack, rules)
        : parseRecording(await read(flags["replay"]), flags["replay"]);
    if (flags["record"] !== undefined) await writeFile(flags["record"], `${JSON.stringify(recording)}\n`);
    const judgement = judge(recording, rules);
    if (flags["plot"] !== undefined) await writeFile(flags["plot"], plotCanary(recording, judgement));
    const { endpoint, from, to } = recording;
    const [canary, baseline] = [recording.canary.deployment, recording.baseline.deployment];
    const environment = flags["environment"] ?? null;
    const report = { environment, endpoint, canary, baseline, from, to, ...judgement, rules };
    const outputs = { verdict: judgement.verdict };
    return { exitCode: EXIT[judgement.verdict], report, text: describe(recording, judgement), outputs };
  },
};

async function rulesAsked(file: string | undefined, stack: Environment | undefined): Promise<CanaryRules> {
  if (file !== undefined) return parseRules(await read(file), file);
  return stack === undefined ? DEFAULT_RULES : rulesOf(stack);
}

const read = (path: string) => readFile(path, "utf8");

async function ask(context: Context, stack: Environment | undefined, rules: CanaryRules): Promise<Recording> {
  const { flags } = context;
  const attempts = integerFlag(context, "attempts", 1, 20);
  const minutes = integerFlag(context, "minutes", 1, 7 * 24 * 60);
  const settle = integerFlag(context, "settle", 0, 60);
  const since = flags["since"] === undefined ? undefined : readTime(flags["since"]);
  const shadow = flags["shadow"] !== undefined;
  const canary = flags["canary"] ?? (stack && (shadow ? shadowOf : canaryOf)(stack.endpoint));
  if (canary === undefined) {
    const what = shadow ? "shadow" : "canary";
    throw inputError(`there is no ${what} to judge; give --canary, or the --environment of a stack that has one`);
  }
  const id = await locate(context, stack);
  const to = new Date(Math.floor(Date.now() / 60_000 - settle) * 60_000);
  const from = since ?? new Date(to.getTime() - minutes * 60_000);
  try {
    const subject = { endpointId: id, canary, baseline: flags["baseline"] || undefined };
    const recording = await recordCanary(subject, { from, to }, { attempts });
    const asked = shadow || flags["labels"] !== undefined || rules.labels.mode === "critical";
    return asked ? await addPredictions(recording, subject, { shadow }) : recording;
  } catch (error) {
    if (!(error instanceof AzureError)) throw error;
    throw new DeliveryError(
      "surroundings",
      `the metrics could not be read in ${attempts} tries, so nothing is known about the canary: ${error.message}`,
      { cause: error },
    );
  }
}

/** The endpoint's ARM id: from flags where an endpoint is named, else from the stack's outputs. */
async function locate(context: Context, stack: Environment | undefined): Promise<string> {
  const endpoint = context.flags["endpoint-name"];
  if (endpoint !== undefined) return endpointId({ ...workspaceName(context), endpoint });
  if (stack === undefined) throw inputError("no endpoint is named; give --environment, or --endpoint-name");
  const id = await endpointIdOf({ name: stack.name, folder: stack.folder });
  if (id === undefined) {
    throw inputError(`stack \`${stack.name}\` has no endpoint yet; run \`pulumi up --stack ${stack.name}\` first`);
  }
  return id;
}

function readTime(text: string): Date {
  const time = new Date(text);
  if (!/^\d{4}-\d{2}-\d{2}T/.test(text) || Number.isNaN(time.getTime()) || time.getTime() > Date.now()) {
    throw inputError(`\`--since\` is \`${text}\`; give a time that has passed, as 2026-03-01T12:00:00Z`);
  }
  return time;
}

function describe(recording: Recording, judgement: Judgement): string {
  const { canary, baseline, endpoint } = recording;
  return [
    `${judgement.verdict}: canary ${canary.deployment} of ${endpoint} against ${baseline.deployment}, ${judgement.minutes} minutes`,
    ...judgement.reasons.map((reason) => `- ${reason}`),
    "",
    table(judgement.metrics),
  ].join("\n");
}

function table(metrics: readonly MetricResult[]): string {
  const number = (value: number | null) => (value === null ? "-" : value.toPrecision(3));
  const rows = [
    ["metric", "canary", "baseline", "effect", "p", "verdict"],
    ...metrics.map(({ metric, mode, canary, baseline, effect, p, verdict }) => {
      const word = mode === "dry-run" ? `(${verdict})` : verdict;
      return [metric, canary, baseline, number(effect), p === null ? "-" : probability(p), word];
    }),
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  const dry = metrics.some(({ mode }) => mode === "dry-run") ? ["(…) is a dry run: shown, of no effect"] : [];
  return [...lines, ...dry].join("\n");
}

if (import.meta.main) await runCommand(command);
