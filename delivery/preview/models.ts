import type { Environment } from "../environment.ts";
import { inputError, messageOf } from "../errors.ts";
import { parseJson } from "../json.ts";
import { readPackage } from "../package.ts";
import { liveNames } from "../rollout.ts";
import type { Shares } from "../traffic.ts";
import { bar, cell, shortened } from "./markdown.ts";

/** What was measured of a model before it was let in. */
export interface Figures {
  readonly deployment: string;
  readonly version: string;
  readonly accuracy: number | undefined;
  readonly latencyMs: number | undefined;
  readonly sizeMb: number | undefined;
  /** Share of the pictures of a class that were recognised, by class. */
  readonly recalls: Readonly<Record<string, number>>;
  /** Fingerprint of the pictures it was measured on. */
  readonly testData: string | undefined;
}

/** A model that the change brings, beside the one that has most of the traffic now. */
export interface ModelChange {
  readonly candidate: Figures;
  readonly champion: Figures | undefined;
}

/** A package whose figures could not be read, and why. */
export interface Unread {
  readonly deployment: string;
  readonly reason: string;
}

/** Classes that differ most are shown, no more than these. */
const CLASSES = 12;

/**
 * The figures of the models that the stack file has and the endpoint has not.
 *
 * @param now the endpoint's traffic as it is, every deployment named
 */
export async function readModelChanges(
  { endpoint }: Environment,
  now: Shares,
): Promise<{ changes: ModelChange[]; unread: Unread[] }> {
  const added = Object.keys(endpoint.deployments).filter((name) => now[name] === undefined);
  if (added.length === 0) return { changes: [], unread: [] };
  const [champion] = liveNames({ traffic: now });
  const unread: Unread[] = [];
  const read = async (deployment: string): Promise<Figures | undefined> => {
    const model = endpoint.deployments[deployment]?.model;
    try {
      if (model === undefined) return undefined;
      const { manifest, metrics, path } = await readPackage(model);
      if (metrics === undefined) throw inputError(`\`${path}\` has no metrics.json: it was never evaluated`);
      return figuresOf(deployment, manifest.version, parseJson(metrics, `\`${path}metrics.json\``));
    } catch (error) {
      unread.push({ deployment, reason: messageOf(error) });
      return undefined;
    }
  };
  const before = champion === undefined ? undefined : await read(champion);
  const candidates = await Promise.all(added.map(read));
  const changes = candidates.flatMap((candidate) => (candidate ? { candidate, champion: before } : []));
  return { changes, unread };
}

/** Figures of a package; what is no number is not known. */
export function figuresOf(deployment: string, version: string, metrics: unknown): Figures {
  const { accuracy, avg_latency_ms, model_size_mb, classes, test_data_sha256 } = recordOf(metrics);
  const recalls = Object.entries(recordOf(classes)).flatMap(([name, one]) => {
    const recall = share(recordOf(one)["recall"]);
    return recall === undefined ? [] : [[name, recall] as const];
  });
  return {
    deployment,
    version,
    accuracy: share(accuracy),
    latencyMs: figure(avg_latency_ms),
    sizeMb: figure(model_size_mb),
    recalls: Object.fromEntries(recalls),
    testData: typeof test_data_sha256 === "string" ? test_data_sha256 : undefined,
  };
}

/** A table of both, and a bar for each class. */
export function modelTable({ candidate, champion }: ModelChange): string {
  const name = (one: Figures) => `${cell(one.deployment)} (${cell(one.version.slice(0, 8))})`;
  if (champion === undefined) {
    return [
      `${name(candidate)} is the first model here; there is none to compare it with.`,
      "",
      ...["| | new |", "|---|--:|", `| accuracy | ${percent(candidate.accuracy)} |`],
      ...[`| milliseconds a picture | ${rounded(candidate.latencyMs)} |`, `| MB | ${rounded(candidate.sizeMb)} |`],
    ].join("\n");
  }
  const row = (what: string, get: (one: Figures) => number | undefined, show: typeof percent, digits: number) =>
    `| ${what} | ${show(get(champion))} | ${show(get(candidate))} | ${moved(get(champion), get(candidate), digits)} |`;
  const same = champion.testData !== undefined && champion.testData === candidate.testData;
  const classes = Object.keys(candidate.recalls).filter((label) => champion.recalls[label] !== undefined);
  const shift = (label: string) => (candidate.recalls[label] ?? 0) - (champion.recalls[label] ?? 0);
  const shown = classes.sort((a, b) => Math.abs(shift(b)) - Math.abs(shift(a))).slice(0, CLASSES);
  return [
    `| | champion ${name(champion)} | new ${name(candidate)} | |`,
    "|---|--:|--:|--:|",
    row("accuracy", (one) => one.accuracy, percent, 4),
    row("milliseconds a picture", (one) => one.latencyMs, rounded, 1),
    row("MB", (one) => one.sizeMb, rounded, 1),
    ...(same ? [] : ["", "The two were measured on **different test data**: these figures do not compare them."]),
    ...(shown.length === 0
      ? []
      : [
          "",
          ...["| recognised of each class | champion | new | |", "|---|---|---|--:|"],
          ...shown.map((label) => {
            const [was, is] = [champion.recalls[label] ?? 0, candidate.recalls[label] ?? 0];
            const drawn = (value: number) => `\`${bar(value)}\` ${percent(value)}`;
            return `| ${cell(shortened(label, 40))} | ${drawn(was)} | ${drawn(is)} | ${moved(was, is, 4)} |`;
          }),
          ...(classes.length > shown.length ? ["", `${classes.length - shown.length} more classes moved less.`] : []),
        ]),
  ].join("\n");
}

const percent = (value: number | undefined) => (value === undefined ? "not known" : `${(value * 100).toFixed(1)} %`);
const rounded = (value: number | undefined) => (value === undefined ? "not known" : value.toFixed(1));

function moved(before: number | undefined, after: number | undefined, digits: number): string {
  if (before === undefined || after === undefined) return "";
  const difference = after - before;
  const shown = digits === 4 ? (difference * 100).toFixed(1) : difference.toFixed(digits);
  return `${difference >= 0 ? "+" : "−"}${shown.replace("-", "")}`;
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

const figure = (value: unknown) =>
  typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined;

function share(value: unknown): number | undefined {
  const known = figure(value);
  return known !== undefined && known <= 1 ? known : undefined;
}
