import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { CollectedAnswer } from "../../serving/front-door.ts";
import type { Arm } from "../arm.ts";
import { resolveBlobPath } from "./blob-paths.ts";
import { workspaceOf } from "./workspaces.ts";

const Collection = z.strictObject({
  dataCollectionMode: z.enum(["Enabled", "Disabled"]).default("Disabled"),
  samplingRate: z.number().gt(0).max(1).default(1),
  clientId: z.string().nullish(),
});

/** What a deployment collects of its requests. `request` and `response` are the HTTP bodies; other names need code in the container. */
export const DataCollector = z.strictObject({
  collections: z.strictObject(
    { response: Collection.optional() },
    { error: "the emulator collects the bodies of answers only: 'response'" },
  ),
  rollingRate: z.literal("Hour", { error: "the emulator begins a new file every 'Hour'" }).default("Hour"),
});

/** Where collected data begins in a workspace's blob store. */
const ROOT = "azureml://datastores/workspaceblobstore/paths/modelDataCollector";

/**
 * Keeps collected answers as Azure does: a JSON line each (CloudEvents), by endpoint, deployment, collection and hour.
 * A deletion in between loses what was on its way.
 */
export function createDataCollector(arm: Arm): (answers: readonly CollectedAnswer[]) => Promise<void> {
  // One writer for its life: its files' name, as an instance's is in Azure.
  const instance = randomUUID();
  return async (answers) => {
    const files = Map.groupBy(answers, ({ endpoint, deployment, time }) =>
      [endpoint, deployment, hourOf(time)].join(" "),
    );
    for (const [key, lines] of files) {
      const [endpoint = "", deployment = "", hour = ""] = key.split(" ");
      const folder = [ROOT, endpoint.split("/").at(-1), deployment, "response", hour].join("/");
      const { container, path } = resolveBlobPath(arm, workspaceOf(arm, endpoint), folder);
      const blob = container.getAppendBlobClient(`${path}/${instance}.jsonl`);
      await blob.createIfNotExists();
      const text = lines.map((each) => `${JSON.stringify(eventOf(each))}\n`).join("");
      await blob.appendBlock(text, Buffer.byteLength(text));
    }
  };
}

/** `2026-03-01T12:34:56.789Z` as `2026/03/01/12`. */
function hourOf(time: string): string {
  return time.slice(0, 13).replace(/[-T]/g, "/");
}

function eventOf({ endpoint, deployment, time, requestId, contentType, body }: CollectedAnswer) {
  const length = Buffer.byteLength(body);
  return {
    specversion: "1.0",
    id: randomUUID(),
    source: `${endpoint}/deployments/${deployment}`,
    type: "azureml.inference.response",
    datacontenttype: contentType,
    time,
    data: /json/.test(contentType) ? parsed(body) : body,
    contentrange: `bytes 0-${Math.max(0, length - 1)}/${length}`,
    correlationid: requestId,
    xrequestid: requestId,
  };
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}
