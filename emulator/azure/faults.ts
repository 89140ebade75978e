import { stat } from "node:fs/promises";
import { z } from "zod";
import { readJsonFile } from "../atomic-file.ts";
import { AzureError } from "./errors.ts";
import { parseResourceId } from "./resource-id.ts";

const Fault = z.strictObject({
  /** `GET`, `PUT`, … @default every method */
  method: z.string().optional(),
  /** Type of the resource, as `Microsoft.MachineLearningServices/workspaces/onlineEndpoints`. */
  type: z.string(),
  /** The resource's own name, the innermost. @default every one */
  name: z.string().optional(),
  /** How many that match go well first. */
  after: z.int().min(0).default(0),
  /** How many that match then meet the fault. */
  times: z.int().min(1).default(1),
  /** Milliseconds to wait before anything is done. */
  delayMs: z.int().min(0).default(0),
  /** Answer this instead of acting. */
  answer: z.strictObject({ status: z.int().min(400).max(599), code: z.string(), message: z.string() }).optional(),
  /** Accept the request, and let the long-running operation fail: the resource ends as `Failed`. */
  operation: z.strictObject({ code: z.string(), message: z.string() }).optional(),
  /** Act, and cut the connection instead of answering. */
  lose: z.boolean().default(false),
});
const Faults = z.array(Fault);
type Fault = z.infer<typeof Fault>;

/** Faults that a test asks for. Without the file there are none. */
export interface FaultPlan {
  /** What is to befall a request; counts it as met. */
  onRequest(method: string, path: string): Promise<Fault | undefined>;
  /** @throws AzureError where the operation on this resource is to fail. */
  onOperation(id: string): Promise<void>;
}

/**
 * Reads `faults.json`, a list of {@link Fault}, whenever it has changed; counting begins anew then. The first fault that
 * matches a request and is not used up befalls it.
 */
export function createFaultPlan(file: string): FaultPlan {
  let version = "";
  let faults: { fault: Fault; seen: number }[] = [];
  const refresh = async () => {
    const now = await stat(file).then(
      ({ mtimeMs, size, ino }) => `${mtimeMs} ${size} ${ino}`,
      () => "",
    );
    if (now === version) return;
    version = now;
    const read = now === "" ? [] : Faults.parse(await readJsonFile(file));
    faults = read.map((fault) => ({ fault, seen: 0 }));
  };
  const next = async (kind: "request" | "operation", method: string, path: string) => {
    await refresh();
    if (faults.length === 0) return undefined;
    const id = parseResourceId(path);
    const due = faults.filter(({ fault }) => (fault.operation === undefined) === (kind === "request"));
    for (const entry of due.filter(
      ({ fault }) => id !== undefined && matches(fault, method, id.type, id.names.at(-1)),
    )) {
      entry.seen += 1;
      const { after, times } = entry.fault;
      if (entry.seen > after && entry.seen <= after + times) return entry.fault;
    }
    return undefined;
  };
  return {
    onRequest: (method, path) => next("request", method, path),
    async onOperation(id) {
      const fault = await next("operation", "PUT", id);
      if (fault?.operation !== undefined) throw new AzureError(400, fault.operation.code, fault.operation.message);
    },
  };
}

function matches(fault: Fault, method: string, type: string, name: string | undefined): boolean {
  const same = (left: string | undefined, right: string | undefined) =>
    left === undefined || left.toLowerCase() === right?.toLowerCase();
  return same(fault.method, method) && same(fault.type, type) && same(fault.name, name);
}
