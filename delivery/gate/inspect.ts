import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { messageOf } from "../errors.ts";
import type { Golden } from "../golden.ts";
import { type ProcessLimits, startLimited } from "../limited-process.ts";
import type { Manifest } from "../manifest.ts";
import { contractProblems } from "./contract.ts";
import { judgeGolden, missingGolden } from "./golden.ts";
import { type FullLimits, type GateLimits, withDefaults } from "./limits.ts";
import type { LoadedModel } from "./load-model.ts";
import { refuseFile } from "./onnx-file.ts";
import { cannotDecide, type Reason, reasonFor } from "./reason.ts";
import { serveGolden } from "./serve-golden.ts";

/** A model on this machine, its bytes checked. */
export type InspectedModel = {
  readonly folder: string;
  readonly manifest: Pick<Manifest, "input" | "output">;
  readonly labels: readonly string[];
  readonly golden: Golden | undefined;
};

/** A protobuf message has at most this many bytes. */
const MAX_BYTES = 2 ** 31 - 1;

const LOADER = fileURLToPath(new URL("./load-model.ts", import.meta.url));

/**
 * Looks at the model itself, where `judge` looks at its figures: its file before anything loads it; then, each in
 * a child process with limits, its contract and its golden samples, scored by the server. Nothing that fails is
 * followed by a step that trusts it.
 *
 * @param serveCommand starts the model's server
 */
export async function inspectModel(model: InspectedModel, given: GateLimits, serveCommand: string): Promise<Reason[]> {
  const limits = withDefaults(given);
  const steps = [
    () => inspectFile(join(model.folder, "model.onnx"), limits),
    () => inspectContract(model, limits),
    () => inspectGolden(model, limits, serveCommand),
  ];
  const reasons: Reason[] = [];
  for (const step of steps) {
    reasons.push(await step());
    if (reasons.at(-1)?.verdict !== "pass") break;
  }
  return reasons;
}

/** Whether a file may be loaded at all, from its size and its bytes. */
export async function inspectFile(path: string, { maxModelSizeMb }: FullLimits): Promise<Reason> {
  const field = "model.onnx";
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) return reasonFor("fail", field, "`model.onnx` is no file");
  const size = found.size / 1e6;
  if (!(size <= maxModelSizeMb)) {
    return reasonFor("fail", field, `\`model.onnx\` has ${size} MB and is not loaded: at most ${maxModelSizeMb}`);
  }
  if (found.size > MAX_BYTES) {
    return reasonFor(
      "fail",
      field,
      `\`model.onnx\` has ${size} MB; a file of one piece ends at 2147 MB, as protobuf does`,
    );
  }
  const refusal = refuseFile(await readFile(path));
  if (refusal !== undefined) return reasonFor("fail", field, `\`model.onnx\` is not loaded: ${refusal}`);
  return reasonFor("pass", field, "`model.onnx` is one whole ONNX file");
}

async function inspectContract({ folder, manifest, labels }: InspectedModel, limits: FullLimits): Promise<Reason> {
  const path = join(folder, "model.onnx");
  const { code, stdout, stderr, limit } = await startLimited(process.execPath, [LOADER, path], limitsOf(limits)).ended;
  if (limit !== undefined || code !== 0) {
    const why = limit ?? (stderr.trim().slice(0, 500) || `the runtime ended with ${code}`);
    return reasonFor("fail", "contract", `\`model.onnx\` does not load: ${why}`);
  }
  const problems = contractProblems(JSON.parse(stdout) as LoadedModel, manifest, labels.length);
  if (problems.length > 0) return reasonFor("fail", "contract", problems.join("; "));
  return reasonFor("pass", "contract", `it takes and gives what its manifest says, for ${labels.length} labels`);
}

async function inspectGolden(model: InspectedModel, limits: FullLimits, command: string): Promise<Reason> {
  const { folder, labels, golden } = model;
  if (golden === undefined) return missingGolden(limits);
  try {
    const { samples, max_difference } = await serveGolden(golden, {
      folder,
      labels,
      command,
      limits: limitsOf(limits),
    });
    return judgeGolden(samples, max_difference);
  } catch (error) {
    return cannotDecide("golden", messageOf(error));
  }
}

/** What a process may use that loads the model. */
export function limitsOf({ loadMemoryMb, loadSeconds }: FullLimits): ProcessLimits {
  return { memoryMb: loadMemoryMb, seconds: loadSeconds };
}
