import { judge } from "../delivery/canary/judge.ts";
import type { Recording } from "../delivery/canary/recording.ts";
import { wilsonInterval } from "../delivery/statistics.ts";
import { seededRandom } from "./canary/random.ts";
import { BASELINE, CANARY, SCENARIOS, type Watched } from "./canary/scenarios.ts";
import { watchTasks } from "./canary/threads.ts";
import { MINUTES, simulate, until } from "./canary/traffic.ts";

/** How one rule did in one scenario. */
export interface CanaryRow {
  readonly scenario: string;
  readonly rule: string;
  readonly runs: number;
  readonly failed: number;
  /** Share of runs in which the canary was failed, with Wilson's 95 % interval. */
  readonly share: number;
  readonly low: number;
  readonly high: number;
  /** Median minute of the failures; null where none failed. */
  readonly medianMinute: number | null;
  /** Runs in which the canary was passed at any look, before it failed if it did. */
  readonly passed: number;
  /** Median minute of the first passes. */
  readonly medianPass: number | null;
}

export interface CanaryResult {
  readonly seed: number;
  readonly rows: readonly CanaryRow[];
  /** Passes among recordings that hold nothing, or too little. Must be 0. */
  readonly passedWithoutData: number;
  readonly recordingsWithoutData: number;
  readonly seconds: number;
}

/** Parts that a scenario's runs are cut into, whatever the machine, so that figures are the same everywhere. */
const PARTS = 10;

/** Judges simulated hours of traffic, each looked at after every minute. */
export async function runCanaryBenchmark(options: {
  runs: number;
  seed?: number;
}): Promise<CanaryResult & { table: string }> {
  const { runs, seed = 1 } = options;
  const started = performance.now();
  const tasks = SCENARIOS.flatMap((_, scenario) =>
    Array.from({ length: PARTS }, (_part, part) => ({
      scenario,
      runs: Math.floor((runs * (part + 1)) / PARTS) - Math.floor((runs * part) / PARTS),
      seed: seed * 1000 + scenario * PARTS + part,
    })),
  );
  const results = await watchTasks(tasks, (done) => {
    if (done % PARTS === 0) process.stderr.write(`  ${Math.round((100 * done) / tasks.length)} %\n`);
  });
  const rows = SCENARIOS.flatMap(({ name, rules }, scenario) => {
    const parts = results.filter((_, task) => tasks[task]?.scenario === scenario);
    return rules.map((rule, i) =>
      rowOf(
        name,
        rule.name,
        runs,
        parts.flatMap((part) => part[i] ?? []),
      ),
    );
  });
  const empty = withoutData(seed);
  const result = {
    seed,
    rows,
    passedWithoutData: empty.filter((recording) => judge(recording).verdict === "pass").length,
    recordingsWithoutData: empty.length,
    seconds: Math.round((performance.now() - started) / 100) / 10,
  };
  return { ...result, table: table(result) };
}

function rowOf(scenario: string, rule: string, runs: number, parts: readonly Watched[]): CanaryRow {
  const sorted = (minutes: readonly number[]) => minutes.toSorted((a, b) => a - b);
  const failedAt = sorted(parts.flatMap((part) => part.failedAt));
  const passedAt = sorted(parts.flatMap((part) => part.passedAt));
  const failed = failedAt.length;
  const { low, high } = wilsonInterval(failed, runs);
  const [medianMinute, medianPass] = [middle(failedAt), middle(passedAt)];
  return {
    scenario,
    rule,
    runs,
    failed,
    share: failed / runs,
    low,
    high,
    medianMinute,
    passed: passedAt.length,
    medianPass,
  };
}

/** The lower median of sorted values. */
function middle(sorted: readonly number[]): number | null {
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? null;
}

/** Hours in which one side is silent, both are, there are only bad requests, or it is much too soon. */
function withoutData(seed: number): Recording[] {
  const random = seededRandom(seed);
  const silent = { ...CANARY, requestsPerSecond: 0 };
  const rare = { ...CANARY, requestsPerSecond: 0.01, failures: 0 };
  const spoilt = { ...CANARY, badRequests: 1 };
  return Array.from({ length: 10 }, () => [
    simulate(random, silent, BASELINE),
    simulate(random, CANARY, silent),
    simulate(random, silent, silent),
    simulate(random, rare, BASELINE),
    simulate(random, spoilt, BASELINE),
    until(simulate(random, CANARY, BASELINE), 5),
    until(simulate(random, CANARY, BASELINE), 0),
  ]).flat();
}

function table({ rows, passedWithoutData, recordingsWithoutData, seconds }: CanaryResult): string {
  const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
  const cells = [
    ["scenario", "rule", "failed", "95 % interval", "median minute", "passed", "median minute"],
    ...rows.map((row) => [
      row.scenario,
      row.rule,
      percent(row.share),
      `${percent(row.low)} to ${percent(row.high)}`,
      row.medianMinute === null ? "-" : String(row.medianMinute),
      percent(row.passed / row.runs),
      row.medianPass === null ? "-" : String(row.medianPass),
    ]),
  ];
  const widths = cells[0]?.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return [
    `${rows[0]?.runs ?? 0} simulated hours a row: 10 requests a second, 10 % to the canary, watched for ${MINUTES} minutes`,
    "",
    ...lines,
    "",
    `without data, or too little: ${passedWithoutData} of ${recordingsWithoutData} recordings passed`,
    `took ${seconds} s`,
    "",
  ].join("\n");
}
