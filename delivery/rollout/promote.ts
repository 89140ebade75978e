import { setTimeout as delay } from "node:timers/promises";
import { DeliveryError } from "../errors.ts";
import { type Released, release } from "../release.ts";
import { actor, appendRelease, type TrafficStep } from "../release-log.ts";
import { type Change, liveNames, planShift, requireCanary } from "../rollout.ts";
import { withoutZeros } from "../traffic.ts";
import { requireThawed } from "./freeze.ts";
import { askJudge, type Verdict } from "./judge.ts";
import { type CanaryProgress, canaryProgress, lastGood } from "./log-state.ts";
import { type OpenEnvironment, type Opening, openEnvironment, requireNoDrift, settle } from "./open.ts";
import { type Move, nextMove, type Situation } from "./promotion.ts";
import { describeShares, soleLive } from "./shares.ts";
import { withTurn } from "./turn.ts";

/** How a promotion is done. */
export type PromoteOptions = {
  /** Command of the judge: see {@link askJudge}. */
  readonly judge: string;
  /** Minutes at each step. @default - the environment's */
  readonly bakeMinutes?: number;
  /** Minutes after the bake during which an undecided judge is asked again. */
  readonly patienceMinutes: number;
  /** Says how long a verdict will take, where that can be told. @default - nothing is said */
  readonly forecast?: (opened: OpenEnvironment) => Promise<string | undefined>;
  /** Why it goes on within a freeze window. @default - it does not */
  readonly overrideFreeze?: string | undefined;
  readonly say: (line: string) => void;
};

/** One step that was taken. */
export type Shift = Released & {
  readonly what: TrafficStep;
  readonly traffic: Readonly<Record<string, number>>;
  readonly changes: readonly Change[];
};

/** How a promotion ended. */
export type Promotion = {
  readonly end: Exclude<Move["kind"], "wait" | "ask" | "shift"> | "overtaken";
  readonly because: string;
  readonly canary: string;
  readonly traffic: Readonly<Record<string, number>>;
  readonly steps: readonly Shift[];
  /** The judge's last words. */
  readonly said: unknown;
};

/** What the judge said since the canary got its share. Another share, or another canary, is another question. */
type Seen = { readonly state: string; readonly verdict?: Verdict | undefined; readonly unreachable: number };

/**
 * Takes the canary through the environment's steps, each after its bake and on a pass. Everything is decided anew on
 * the stack file and the release log, so a run that died is continued by the next, and what others do meanwhile (pause,
 * roll back) is seen.
 */
export async function promote(opening: Opening, options: PromoteOptions): Promise<Promotion> {
  const steps: Shift[] = [];
  let opened = await begin(opening, options.say);
  const canary = requireCanary(opened.environment.endpoint, opening.name);
  const tellForecast = async () => {
    const told = await options.forecast?.(opened);
    if (told !== undefined) options.say(told);
  };
  await tellForecast();
  let seen: Seen = { state: "", unreachable: 0 };
  for (;;) {
    seen = seenOf(opened, seen);
    const move = decide(opened, canary, seen, options);
    switch (move.kind) {
      case "ask":
        seen = await ask(opened, canary, seen, options);
        // Nothing is read again between a question and its answer: what is decided on it is checked before it is done.
        continue;
      case "wait":
        options.say(move.why);
        if (seen.verdict?.verdict === "inconclusive") await tellForecast();
        await delay(move.ms);
        // A judge that could not decide is asked anew.
        seen = { ...seen, verdict: undefined };
        break;
      case "shift":
      case "back": {
        const taken = await take(opening, opened, move, evidenceOf(opened, canary, seen, options), options.say);
        if (taken !== undefined) steps.push(taken);
        if (taken !== undefined && move.kind === "back")
          return ended(move, canary, steps, seen, taken.traffic, options);
        break;
      }
      default:
        return ended(move, canary, steps, seen, opened.environment.endpoint.traffic, options);
    }
    opened = await openEnvironment(opening, () => {});
  }
}

type End = Extract<Move, { kind: Promotion["end"] }> | { readonly kind: "overtaken" };

function seenOf({ environment, records }: OpenEnvironment, seen: Seen): Seen {
  const progress = canaryProgress(records, environment.endpoint);
  const state = `${progress?.canary} ${progress?.share}`;
  return state === seen.state ? seen : { state, unreachable: 0 };
}

function decide(opened: OpenEnvironment, canary: string, seen: Seen, options: PromoteOptions): Move | End {
  const { endpoint } = opened.environment;
  const progress = canaryProgress(opened.records, endpoint);
  const overtaken = progress === undefined ? soleLive(endpoint.traffic) !== canary : progress.canary !== canary;
  return overtaken ? { kind: "overtaken" } : nextMove(situationOf(opened, progress, seen, options));
}

function ended(
  move: End,
  canary: string,
  steps: readonly Shift[],
  { verdict }: Seen,
  traffic: Shift["traffic"],
  options: PromoteOptions,
): Promotion {
  const because = becauseOf(move, options, traffic);
  return { end: move.kind, because, canary, traffic: withoutZeros(traffic), steps, said: verdict?.said ?? null };
}

function situationOf(
  { environment }: OpenEnvironment,
  progress: CanaryProgress | undefined,
  { verdict, unreachable }: Seen,
  { bakeMinutes, overrideFreeze, patienceMinutes }: PromoteOptions,
): Situation {
  const rollout = { ...environment.rollout, ...(bakeMinutes !== undefined && { bakeMinutes }) };
  const overridden = overrideFreeze !== undefined;
  return { progress, rollout, now: new Date(), overridden, patienceMinutes, verdict: verdict?.verdict, unreachable };
}

function evidenceOf(opened: OpenEnvironment, canary: string, { verdict }: Seen, { overrideFreeze }: PromoteOptions) {
  const freeze = overrideFreeze === undefined ? {} : requireThawed(opened.environment, new Date(), overrideFreeze);
  return { canary, verdict: verdict?.verdict, judge: verdict?.said ?? null, ...freeze };
}

/** Why a promotion ended, in words. */
function becauseOf(move: End, { patienceMinutes }: PromoteOptions, traffic: Shift["traffic"]): string {
  switch (move.kind) {
    case "done":
      return `traffic is ${describeShares(traffic)}`;
    case "overtaken":
      return `somebody else moved traffic meanwhile: it is ${describeShares(traffic)}`;
    case "paused":
      return `paused by ${move.who} at ${move.at} (${move.reason}); go on with --resume`;
    case "frozen":
      return `frozen until ${move.until.toISOString()}; run it again then, or give --override-freeze REASON`;
    case "hold":
      return `the judge is still ${move.because} after ${patienceMinutes} minutes more; the canary keeps its share`;
    case "back":
      return `the judge says ${move.because}: traffic is back on ${describeShares(traffic)}`;
    default:
      return move satisfies never;
  }
}

/** Opens the environment and ends what was cut short. */
async function begin(opening: Opening, say: (line: string) => void): Promise<OpenEnvironment> {
  return withTurn(opening.folder, opening.name, async () => {
    const opened = await openEnvironment(opening, say);
    requireNoDrift(opened);
    return settle(opened, opening, say);
  });
}

async function ask(opened: OpenEnvironment, canary: string, seen: Seen, options: PromoteOptions): Promise<Seen> {
  const { environment, records, live } = opened;
  const others = liveNames(environment.endpoint).filter((name) => name !== canary);
  const good = lastGood(records, environment.endpoint);
  const before = others.find((name) => good.kind === "target" && name === good.deployment);
  const verdict = await askJudge(
    options.judge,
    {
      environment: environment.name,
      canary,
      baseline: before ?? others[0] ?? "",
      since: canaryProgress(records, environment.endpoint)?.since ?? new Date(),
      endpointId: live?.id,
    },
    environment.folder,
  );
  options.say(`the judge says ${verdict.verdict} to ${canary}`);
  return { ...seen, verdict, unreachable: verdict.verdict === "unreachable" ? seen.unreachable + 1 : 0 };
}

/** Takes a step, unless somebody changed something since it was decided. */
async function take(
  opening: Opening,
  decided: OpenEnvironment,
  move: Extract<Move, { kind: "shift" | "back" }>,
  evidence: Readonly<Record<string, unknown>>,
  say: (line: string) => void,
): Promise<Shift | undefined> {
  return withTurn(opening.folder, opening.name, async () => {
    const opened = await openEnvironment(opening, say);
    const { environment, records } = opened;
    if (environment.file.text !== decided.environment.file.text || records.length !== decided.records.length) {
      return undefined;
    }
    if (move.kind === "back") return abort(opened, evidence, say);
    requireNoDrift(opened);
    return shift(opened, move.to, evidence, say);
  });
}

/** Gives the canary `to` per cent. */
export async function shift(
  { environment, live }: OpenEnvironment,
  to: number,
  evidence: Readonly<Record<string, unknown>>,
  say: (line: string) => void,
): Promise<Shift> {
  const plan = planShift(environment.endpoint, requireCanary(environment.endpoint, environment.name), to);
  const released = await release(environment, { what: "promote", plan, evidence, endpointId: live?.id }, say);
  return { ...released, what: "promote", traffic: plan.endpoint.traffic, changes: plan.changes };
}

/** Takes the canary's traffic and gives it back to what had all of it before. The canary stays, with 0. */
export async function abort(
  { environment, records, live }: OpenEnvironment,
  evidence: Readonly<Record<string, unknown>>,
  say: (line: string) => void,
): Promise<Shift> {
  const canary = requireCanary(environment.endpoint, environment.name);
  const good = lastGood(records, environment.endpoint);
  // Where what was live before is gone, the others share what the canary leaves.
  const plan =
    good.kind === "target"
      ? planShift(environment.endpoint, good.deployment, 100)
      : planShift(environment.endpoint, canary, 0);
  const step = { what: "abort", plan, evidence, refresh: true, endpointId: live?.id } as const;
  const released = await release(environment, step, say);
  return { ...released, what: "abort", traffic: plan.endpoint.traffic, changes: plan.changes };
}

/** Records a pause or its end. Traffic stays as it is. */
export async function recordHold(
  { environment, records }: OpenEnvironment,
  what: "pause" | "resume",
  reason: string | undefined,
): Promise<string> {
  const canary = requireCanary(environment.endpoint, environment.name);
  const paused = canaryProgress(records, environment.endpoint)?.paused;
  if (what === "resume" && paused === undefined) {
    throw new DeliveryError("refused", `the rollout of \`${canary}\` is not paused`);
  }
  if (what === "pause" && paused !== undefined) {
    throw new DeliveryError(
      "refused",
      `the rollout of \`${canary}\` was paused by ${paused.who} at ${paused.at} already (${paused.reason})`,
    );
  }
  const traffic = withoutZeros(environment.endpoint.traffic);
  return appendRelease(environment.modelsPath, {
    schema: 1,
    at: new Date().toISOString(),
    who: actor(),
    what,
    environment: environment.name,
    endpoint: environment.endpointName,
    from: traffic,
    to: traffic,
    evidence: { canary, ...(reason && { reason }) },
    commit: null,
  });
}
