import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { sha256OfFile } from "./digest.ts";
import { DeliveryError } from "./errors.ts";
import { DEFAULT_INPUT, DEFAULT_OUTPUT, GOLDEN_FILE, type Manifest, MODEL_FILES, versionOf } from "./manifest.ts";
import { exists, openFolder } from "./objects.ts";
import { parseLabels, resolveModel, verifyPackage } from "./package.ts";
import { type SignedPackage, type SigningRule, signatureProblems } from "./signing.ts";

/** A model that is up for judgement. */
export type ModelCandidate = {
  /** Its package's folder, ending in a slash. */
  readonly path: string;
  readonly manifest: Pick<Manifest, "version" | "files" | "input" | "output">;
  /** Text of `metrics.json`, if there is one. */
  readonly metrics: string | undefined;
  /** What a signature is held against; undefined for a folder that is no package. */
  readonly signed: SignedPackage | undefined;
};

/**
 * Reads a model for the gate and checks every byte of it against its manifest. A local folder that was not published
 * yet (a model and labels, no manifest) is described by what it holds, so that a gate can run before publishing.
 *
 * @throws DeliveryError of kind `input`: there is no model, or its files are not those of its manifest. Nothing can be
 * decided about it then.
 */
export async function readCandidate(path: string, modelsBucket?: string): Promise<ModelCandidate> {
  const modelsPath = modelsBucket && modelsPathOf(modelsBucket);
  const resolved = await resolveModel(path, modelsPath);
  const folder = openFolder(resolved.location);
  if (resolved.location.kind === "local" && !(await exists(folder, "manifest.json"))) {
    return unpublished(resolved.location.folder, resolved.path);
  }
  const { package: found, problems } = await verifyPackage(resolved.path);
  if (problems.length > 0) {
    throw new DeliveryError("input", `the model package is damaged, nothing can be decided: ${problems.join("; ")}`);
  }
  return { path: found.path, manifest: found.manifest, metrics: found.metrics, signed: found };
}

/** @throws DeliveryError `refused` where a signature is asked for and the model has none that holds. */
export function requireSignature({ path, signed }: ModelCandidate, rule: SigningRule): void {
  if (signed === undefined && !rule.required) return;
  const problems =
    signed === undefined ? [`\`${path}\` is no package yet, and so is not signed`] : signatureProblems(signed, rule);
  if (problems.length > 0) throw new DeliveryError("refused", problems.join("; "));
}

/** `models/` of a bucket given by name or as `s3://bucket`; a path below it is taken as it is. */
export function modelsPathOf(bucket: string): string {
  const path = bucket.includes("/") ? bucket : `s3://${bucket}`;
  return /^s3:\/\/[^/]+\/?$/.test(path) ? `${path.replace(/\/$/, "")}/models/` : path;
}

async function unpublished(folder: string, path: string): Promise<ModelCandidate> {
  const read = async (name: string) => readFile(join(folder, name), "utf8").catch(() => undefined);
  const digest = (name: string) => sha256OfFile(join(folder, name)).catch(() => undefined);
  const [labels, metrics] = await Promise.all([read("labels.json"), read("metrics.json")]);
  const [labelsDigest, model, golden] = await Promise.all([...MODEL_FILES, GOLDEN_FILE].map(digest));
  if (labels === undefined || labelsDigest === undefined || model === undefined) {
    const missing = model === undefined ? "model.onnx" : "labels.json";
    throw new DeliveryError(
      "input",
      `no model at \`${path}\`: it holds neither \`manifest.json\` nor a readable \`${missing}\``,
    );
  }
  parseLabels(labels, `\`${path}labels.json\``);
  const files = { "labels.json": labelsDigest, "model.onnx": model, ...(golden && { [GOLDEN_FILE]: golden }) };
  const manifest = { version: versionOf(files), files, input: DEFAULT_INPUT, output: DEFAULT_OUTPUT };
  return { path, manifest, metrics, signed: undefined };
}

/**
 * Whether there is anything at a model path at all: an alias, a manifest, or a model. False is "there is none yet"; a
 * damaged one is there.
 */
export async function modelExists(path: string, modelsBucket?: string): Promise<boolean> {
  const resolved = await resolveModel(path, modelsBucket && modelsPathOf(modelsBucket));
  if (resolved.alias !== undefined) return true;
  const folder = openFolder(resolved.location);
  const found = await Promise.all(["manifest.json", "model.onnx"].map((name) => exists(folder, name)));
  return found.includes(true);
}
