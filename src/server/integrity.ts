import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ModelFiles } from "../classifier.ts";
import { InputError } from "../command-line.ts";
import { openSignature, sha256 } from "./signature.ts";

/**
 * Checks the model's files against the SHA-256 digests in `manifest.json`. Returns whether there was one: a model straight
 * from training has none. Throws `InputError` where a file is not what the manifest says, or the manifest does not say.
 *
 * @param publicKey PEM; with it, manifest and files must be those that `model.sig` vouches for
 */
export async function checkIntegrity({ folder, model, labels }: ModelFiles, publicKey?: string): Promise<boolean> {
  const path = join(folder, "manifest.json");
  const files = { "model.onnx": model, "labels.json": labels };
  const text = await readIfThere(path);
  if (publicKey)
    await checkSignature(folder, { ...files, ...(text !== undefined && { "manifest.json": text }) }, publicKey);
  if (text === undefined) return false;
  const digests = parseDigests(path, text);
  for (const [name, bytes] of Object.entries(files)) {
    const expected = digests(name);
    const actual = sha256(bytes);
    if (expected !== actual) {
      throw new InputError(
        `\`${join(folder, name)}\` has SHA-256 ${actual}, its manifest says ${expected ?? "nothing"}; ` +
          "the file was changed or cut short: fetch the package again",
      );
    }
  }
  return true;
}

/** What is signed besides and not here, such as the metrics, is of no use to a server. */
async function checkSignature(
  folder: string,
  files: Readonly<Record<string, Uint8Array | string>>,
  publicKey: string,
): Promise<void> {
  const path = join(folder, "model.sig");
  const signature = await readIfThere(path);
  if (signature === undefined) throw new InputError(`the model is not signed, and must be: there is no \`${path}\``);
  const signed = openSignature(signature, publicKey, path);
  for (const [name, bytes] of Object.entries(files)) {
    if (signed.get(name) !== sha256(bytes)) {
      throw new InputError(`\`${join(folder, name)}\` is not what was signed: it was changed, or never covered`);
    }
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

function parseDigests(path: string, text: string): (name: string) => string | undefined {
  let manifest: { files?: Record<string, { sha256?: unknown }> } | null;
  try {
    manifest = JSON.parse(text);
  } catch (error) {
    throw new InputError(`\`${path}\` is no JSON: ${error instanceof Error ? error.message : error}`);
  }
  return (name) => {
    const digest = manifest?.files?.[name]?.sha256;
    return typeof digest === "string" ? digest : undefined;
  };
}
