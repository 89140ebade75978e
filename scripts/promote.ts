import { describeForecast, readPace } from "../delivery/canary/forecast.ts";
import { rulesOf } from "../delivery/canary/rules.ts";
import { DeliveryError, inputError } from "../delivery/errors.ts";
import { requireThawed } from "../delivery/rollout/freeze.ts";
import { canaryProgress } from "../delivery/rollout/log-state.ts";
import {
  type OpenEnvironment,
  type Opening,
  openEnvironment,
  requireNoDrift,
  settle,
} from "../delivery/rollout/open.ts";
import { abort, type Promotion, promote, recordHold, type Shift, shift } from "../delivery/rollout/promote.ts";
import { withTurn } from "../delivery/rollout/turn.ts";
import { describeChange, requireCanary } from "../delivery/rollout.ts";
import {
  type Command,
  type Context,
  type ExitCode,
  integerFlag,
  numberFlag,
  type Outcome,
  required,
  runCommand,
} from "./support/command.ts";
import { ENVIRONMENT, MODELS_PATH, OVERRIDE_FREEZE } from "./support/flags.ts";

const EXIT: Record<Promotion["end"], ExitCode> = { done: 0, back: 1, frozen: 1, overtaken: 1, hold: 2, paused: 2 };

const JUDGE = [
  "node scripts/analyze-canary.ts --json --environment {environment} --canary {canary} --baseline {baseline} --since {since}",
  "--endpoint-name {endpoint} --workspace {workspace} --resource-group {resource-group} --subscription {subscription}",
].join(" ");

export const command: Command = {
  name: "promote",
  summary:
    "Takes the canary through the steps of rollout.steps: each after its bake, on a pass of the judge. Run again it goes on.",
  example: "--environment production",
  flags: {
    environment: ENVIRONMENT,
    to: { help: "straight to so many per cent, without a judge; the record says so", value: "1..100" },
    pause: { help: "record that no step is to be taken, and stop there" },
    resume: { help: "lift the pause and go on" },
    abort: { help: "all traffic back to what was live before; the canary stays, with 0 %" },
    reason: { help: "why, for --pause, --resume, --abort and --to; recorded", value: "TEXT" },
    judge: {
      help: "command that judges the canary by exit code: 0 pass, 1 fail, 2 inconclusive, 3 could not look; {environment}, {canary}, {baseline}, {since}, {endpoint}, {workspace}, {resource-group} and {subscription} stand for their values; default analyze-canary",
      value: "COMMAND",
    },
    "bake-minutes": { help: "minutes to watch at each step; default rollout.bakeMinutes", value: "M" },
    "max-wait-minutes": {
      help: "minutes after a bake during which an undecided judge is asked again",
      value: "M",
      default: "60",
    },
    "override-freeze": OVERRIDE_FREEZE,
    "models-path": MODELS_PATH,
  },
  async run(context) {
    const opening = {
      name: required(context, "environment"),
      folder: process.cwd(),
      modelsPath: context.flags["models-path"],
    };
    const modes = ["to", "pause", "abort"].filter((mode) => context.flags[mode] !== undefined);
    if (modes.length > 1 || (modes.length === 1 && context.flags["resume"] !== undefined)) {
      throw inputError("give one of --to, --pause, --resume and --abort");
    }
    if (modes[0] === "pause") return hold(opening, context);
    if (modes[0] === "abort") return abortNow(opening, context);
    if (modes[0] === "to") return straight(opening, integerFlag(context, "to", 1, 100), context);
    if (context.flags["resume"] !== undefined) {
      await recordHold(await openEnvironment(opening, context.say), "resume", context.flags["reason"]);
    }
    return stepwise(opening, context);
  },
};

async function stepwise(opening: Opening, context: Context): Promise<Outcome> {
  const bake = context.flags["bake-minutes"] === undefined ? undefined : numberFlag(context, "bake-minutes", 0, 1440);
  const promotion = await promote(opening, {
    judge: context.flags["judge"] ?? JUDGE,
    // Another judge has rules of its own.
    ...(context.flags["judge"] === undefined && { forecast }),
    ...(bake !== undefined && { bakeMinutes: bake }),
    patienceMinutes: numberFlag(context, "max-wait-minutes", 0, 10_080),
    overrideFreeze: context.flags["override-freeze"],
    say: context.say,
  });
  const { end, because, canary, traffic, steps } = promotion;
  const report = { environment: opening.name, ...promotion };
  const shifts = steps.map(({ what, changes }) => `${what}: ${changes.map(describeChange).join(", ")}`);
  const text = [`${end}: \`${canary}\` of ${opening.name}: ${because}`, ...shifts].join("\n");
  return { exitCode: EXIT[end], report, text, outputs: { canary, end, traffic: JSON.stringify(traffic) } };
}

/** How long the default judge will take at the present rate of requests; undefined where that is not known. */
async function forecast({ environment, records, live }: OpenEnvironment): Promise<string | undefined> {
  const progress = canaryProgress(records, environment.endpoint);
  if (live === undefined || progress === undefined) return undefined;
  const now = new Date();
  const pace = await readPace(live.id, now).catch(() => undefined);
  if (pace === undefined) return "the present rate of requests could not be read";
  const watched = (now.getTime() - (progress.since ?? now).getTime()) / 60_000;
  return `${progress.canary}: ${describeForecast(pace, progress.share, watched, rulesOf(environment))}`;
}

/** Straight to a share: somebody decided, and says so. */
async function straight(opening: Opening, to: number, context: Context): Promise<Outcome> {
  return withTurn(opening.folder, opening.name, async () => {
    const found = await openEnvironment(opening, context.say);
    const canary = requireCanary(found.environment.endpoint, opening.name);
    const { share, paused } = canaryProgress(found.records, found.environment.endpoint) ?? { share: 0 };
    if (to < share) {
      throw new DeliveryError("refused", `\`${canary}\` has ${share} % already; to take traffic away, use rollback`);
    }
    if (paused !== undefined) {
      throw new DeliveryError(
        "refused",
        `paused by ${paused.who} at ${paused.at} (${paused.reason}); give --resume first`,
      );
    }
    const freeze = requireThawed(found.environment, new Date(), context.flags["override-freeze"]);
    requireNoDrift(found);
    const opened = await settle(found, opening, context.say);
    const evidence = { canary, judge: "not asked (--to)", ...reasonOf(context), ...freeze };
    const taken = await shift(opened, to, evidence, context.say);
    return outcome(opening, canary, taken, `\`${canary}\` has ${to} % of ${opening.name}`);
  });
}

async function abortNow(opening: Opening, context: Context): Promise<Outcome> {
  return withTurn(opening.folder, opening.name, async () => {
    const opened = await openEnvironment(opening, context.say);
    const canary = requireCanary(opened.environment.endpoint, opening.name);
    const taken = await abort(opened, { canary, reason: "aborted", ...reasonOf(context) }, context.say);
    return outcome(
      opening,
      canary,
      taken,
      `the rollout of \`${canary}\` to ${opening.name} is aborted; it stays, with 0 %`,
    );
  });
}

async function hold(opening: Opening, context: Context): Promise<Outcome> {
  const opened = await openEnvironment(opening, context.say);
  const record = await recordHold(opened, "pause", context.flags["reason"]);
  const canary = requireCanary(opened.environment.endpoint, opening.name);
  const report = {
    environment: opening.name,
    canary,
    traffic: opened.environment.endpoint.traffic,
    paused: true,
    record,
  };
  return {
    exitCode: 0,
    report,
    text: `the rollout of \`${canary}\` to ${opening.name} is paused; go on with --resume`,
  };
}

function outcome({ name }: Opening, canary: string, taken: Shift, line: string): Outcome {
  return {
    exitCode: 0,
    report: { environment: name, canary, ...taken },
    text: [line, ...taken.changes.map(describeChange)].join("\n"),
    outputs: { canary, traffic: JSON.stringify(taken.traffic) },
  };
}

function reasonOf(context: Context): { reason?: string } {
  const reason = context.flags["reason"];
  return reason ? { reason } : {};
}

if (import.meta.main) await runCommand(command);
