import type { ContainerClient } from "@azure/storage-blob";
import { openContainer } from "../blobs.ts";
import { DeliveryError, inputError, messageOf } from "../errors.ts";
import type { Window } from "../monitor.ts";
import { findWorkspace } from "../workspace.ts";
import type { Agreement, Recording } from "./recording.ts";

/**
 * What Azure ML's data collector kept of a deployment's answers: payload logging of the collection `response`, JSON
 * lines under `modelDataCollector/<endpoint>/<deployment>/response/<yyyy>/<MM>/<dd>/<HH>/` of the workspace's blob store.
 */
export type Collected = { readonly container: ContainerClient; readonly endpoint: string };

/** One answer: what was predicted for which request. */
export type Prediction = {
  /** The same for a request and its copy; undefined where the line does not say. */
  readonly requestId: string | undefined;
  /** Undefined where it was no prediction, as an error. */
  readonly label: string | undefined;
};

const HOUR_MS = 3_600_000;

/** Finds where an endpoint's answers are collected. @param endpointId its ARM id */
export async function openCollected(endpointId: string): Promise<Collected> {
  const match =
    /^\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)\/providers\/[^/]+\/workspaces\/([^/]+)\/onlineEndpoints\/([^/]+)$/i.exec(
      endpointId,
    );
  const [, subscription = "", resourceGroup = "", workspace = "", endpoint = ""] = match?.map(decodeURIComponent) ?? [];
  if (match === null) throw inputError(`\`${endpointId}\` is no ARM id of an online endpoint`);
  const { blobUrl, container } = await findWorkspace({ subscription, resourceGroup, workspace });
  return { container: await openContainer(blobUrl, container), endpoint };
}

/** Answers of a deployment in `[from, to)`, in no order. None where nothing was collected. */
export async function readPredictions(
  { container, endpoint }: Collected,
  deployment: string,
  { from, to }: Window,
): Promise<Prediction[]> {
  const found: Prediction[] = [];
  try {
    for (let hour = Math.floor(from.getTime() / HOUR_MS) * HOUR_MS; hour < to.getTime(); hour += HOUR_MS) {
      const folder = new Date(hour).toISOString().slice(0, 13).replace(/[-T]/g, "/");
      const prefix = `modelDataCollector/${endpoint}/${deployment}/response/${folder}/`;
      for await (const { name } of container.listBlobsFlat({ prefix })) {
        if (!name.endsWith(".jsonl")) continue;
        const text = (await container.getBlobClient(name).downloadToBuffer()).toString("utf8");
        found.push(...parsePredictions(text, { from, to }));
      }
    }
  } catch (error) {
    throw new DeliveryError("surroundings", `collected answers of \`${deployment}\`: ${messageOf(error)}`, {
      cause: error,
    });
  }
  return found;
}

/** Reads lines of the data collector. A line that cannot be read is an answer without a label. */
export function parsePredictions(text: string, { from, to }: Window): Prediction[] {
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .flatMap((line) => {
      const { time, xrequestid, correlationid, data } = parseLine(line);
      const at = Date.parse(String(time));
      if (at < from.getTime() || at >= to.getTime()) return [];
      const requestId = [xrequestid, correlationid].find((id) => typeof id === "string" && id !== "");
      const label = (data as { prediction?: unknown } | null | undefined)?.prediction;
      return [{ requestId: requestId as string | undefined, label: typeof label === "string" ? label : undefined }];
    });
}

function parseLine(line: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

/** Compares a shadow's predictions with what was answered, request by request. */
export function agreementOf(shadow: readonly Prediction[], live: readonly Prediction[]): Agreement {
  const [copies, answers] = [onceByRequest(shadow), onceByRequest(live)];
  const differences: Record<string, number> = {};
  let [pairs, agreed, unlabelled] = [0, 0, 0];
  for (const [requestId, mine] of copies) {
    if (!answers.has(requestId)) continue;
    const theirs = answers.get(requestId);
    if (mine === undefined || theirs === undefined) {
      unlabelled += 1;
      continue;
    }
    pairs += 1;
    if (mine === theirs) agreed += 1;
    else differences[`${theirs} => ${mine}`] = (differences[`${theirs} => ${mine}`] ?? 0) + 1;
  }
  return { pairs, agreed, unlabelled, unpaired: shadow.length - pairs - unlabelled, differences };
}

/** How often each label was predicted. */
export function labelsOf(
  canary: readonly Prediction[],
  baseline: readonly Prediction[],
): NonNullable<Recording["labels"]> {
  const count = (predictions: readonly Prediction[]) => {
    const counts: Record<string, number> = {};
    for (const { label } of predictions) if (label !== undefined) counts[label] = (counts[label] ?? 0) + 1;
    return counts;
  };
  return { canary: count(canary), baseline: count(baseline) };
}

/** Label by request; those that occur twice, as of a caller that counts anew, are left out. */
function onceByRequest(predictions: readonly Prediction[]): Map<string, string | undefined> {
  const groups = Map.groupBy(predictions, ({ requestId }) => requestId);
  return new Map(
    [...groups].flatMap(([requestId, [first, ...more]]) =>
      requestId === undefined || first === undefined || more.length > 0 ? [] : [[requestId, first.label] as const],
    ),
  );
}
