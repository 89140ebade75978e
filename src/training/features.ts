import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { InputError } from "../command-line.ts";
import type { Dataset } from "../dataset.ts";
import type { Matrix } from "../preprocessing.ts";

/** What a feature worker is given. Each takes every `stride`-th picture, from `first` on. */
export interface FeatureTask {
  readonly model: Uint8Array;
  readonly files: readonly string[];
  readonly shared: SharedArrayBuffer;
  readonly featureCount: number;
  /** Views of each picture, itself the first. */
  readonly views: number;
  readonly seed: number;
  readonly first: number;
  readonly stride: number;
}

/** What a feature worker reports after each picture. */
export interface FeatureReport {
  readonly index: number;
  /** Why the picture was not read, if it was not. */
  readonly problem?: string;
}

const namedAtMost = 10;

export interface FeatureOptions {
  readonly featureCount: number;
  readonly views: number;
  readonly seed: number;
  readonly workers: number;
  readonly onPicture: (done: number) => void;
}

/**
 * The features of every view of every picture, a row each, pictures in the data set's order. A view is a run of its own on
 * one thread, so the numbers do not depend on how many workers share the work. Throws `InputError` naming the pictures
 * that do not decode.
 */
export async function extractFeatures(model: Uint8Array, dataset: Dataset, options: FeatureOptions): Promise<Matrix> {
  const { featureCount, views, seed, workers, onPicture } = options;
  const rows = dataset.pictures.length * views;
  const shared = new SharedArrayBuffer(rows * featureCount * Float32Array.BYTES_PER_ELEMENT);
  const files = dataset.pictures.map(({ path }) => join(dataset.folder, path));
  const problems: FeatureReport[] = [];
  let done = 0;
  const onReport = (report: FeatureReport): void => {
    if (report.problem !== undefined) problems.push(report);
    onPicture(++done);
  };
  const stride = Math.min(workers, files.length);
  await Promise.all(
    Array.from({ length: stride }, (_, first) =>
      runWorker({ model, files, shared, featureCount, views, seed, first, stride }, onReport),
    ),
  );
  if (problems.length > 0) throw new InputError(describeProblems(problems, dataset));
  return { data: new Float32Array(shared), rows, columns: featureCount };
}

function runWorker(task: FeatureTask, onReport: (report: FeatureReport) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./feature-worker.ts", import.meta.url), { workerData: task });
    worker.on("message", onReport);
    worker.once("error", reject);
    worker.once("exit", (code) => (code === 0 ? resolve() : reject(new Error(`a feature worker ended with ${code}`))));
  });
}

function describeProblems(problems: readonly FeatureReport[], { folder, pictures }: Dataset): string {
  const sorted = problems.toSorted((a, b) => a.index - b.index);
  const lines = sorted.slice(0, namedAtMost).map(({ index, problem }) => `  ${pictures[index]?.path}: ${problem}`);
  const more = problems.length > namedAtMost ? `\n  and ${problems.length - namedAtMost} more` : "";
  return (
    `${problems.length} of ${pictures.length} pictures in \`${folder}\` cannot be used; mend or remove them\n` +
    `${lines.join("\n")}${more}`
  );
}
