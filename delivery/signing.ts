import { sha256 } from "./digest.ts";
import { DeliveryError, inputError, messageOf } from "./errors.ts";
import { listedFiles } from "./manifest.ts";
import { openFolder } from "./objects.ts";
import { type ModelPackage, verifyPackage } from "./package.ts";
import { type FileDigests, openBundle, signFiles } from "./signing/bundle.ts";
import { publicKeyOf } from "./signing/key.ts";

/** The signature in a package's folder. */
export const SIGNATURE_FILE = "model.sig";

/** What an environment asks of signatures. */
export type SigningRule = {
  /** Whether an unsigned model is refused. */
  readonly required: boolean;
  /** PEM of the key that signatures are checked with. @default - none: nothing is checked */
  readonly publicKey?: string | undefined;
};

/** What of a package a signature is held against. */
export type SignedPackage = Pick<ModelPackage, "path" | "manifest" | "manifestText" | "metrics" | "signature">;

/**
 * Why a package's signature does not let it in; empty where it does. The signature vouches for the manifest and the
 * metrics as they are, and for the other files as the manifest says they are: their bytes are {@link verifyPackage}'s.
 */
export function signatureProblems(found: SignedPackage, rule: SigningRule): string[] {
  const { path, signature } = found;
  const what = `\`${path}${SIGNATURE_FILE}\``;
  if (rule.publicKey === undefined) {
    return rule.required ? ["signatures are required, but no public key is configured: set signing.publicKey"] : [];
  }
  if (signature === undefined) {
    return rule.required ? [`the model is not signed: there is no ${what}; sign it with \`sign-model\``] : [];
  }
  try {
    return differences(openBundle(signature, rule.publicKey, what), digestsOf(found), what);
  } catch (error) {
    if (error instanceof DeliveryError) return [messageOf(error)];
    throw error;
  }
}

/**
 * Signs a whole package that has been measured, once: its metrics are signed with it. A signature that is there already
 * stays if it holds.
 *
 * @param privateKey PEM
 * @throws DeliveryError `input` where the package is damaged or has no metrics, `refused` where another signature is there.
 */
export async function signPackage(
  path: string,
  modelsPath: string | undefined,
  privateKey: string,
): Promise<{ version: string; path: string; files: string[]; created: boolean }> {
  const { package: found, problems } = await verifyPackage(path, modelsPath);
  if (problems.length > 0) throw inputError(`the model package is damaged: ${problems.join("; ")}`);
  if (found.metrics === undefined) {
    throw inputError(`\`${found.path}\` has no \`metrics.json\`, which is signed with the model; run evaluate first`);
  }
  const digests = digestsOf(found);
  const result = { version: found.manifest.version, path: found.path, files: Object.keys(digests) };
  const content = signFiles(found.manifest.version, digests, SIGNATURE_FILE, privateKey);
  if (await openFolder(found.location).put(SIGNATURE_FILE, content, { ifNoneMatch: "*" })) {
    return { ...result, created: true };
  }
  const there = (await openFolder(found.location).get(SIGNATURE_FILE))?.content.toString("utf8");
  const rule = { required: true, publicKey: publicKeyOf(privateKey) };
  const against = signatureProblems({ ...found, signature: there }, rule);
  if (against.length === 0) return { ...result, created: false };
  throw new DeliveryError("refused", `another signature is in the way: ${against.join("; ")}`);
}

function digestsOf({ manifest, manifestText, metrics }: SignedPackage): FileDigests {
  return {
    ...Object.fromEntries(listedFiles(manifest.files).map(([name, digest]) => [name, digest.sha256])),
    "manifest.json": sha256(manifestText),
    ...(metrics !== undefined && { "metrics.json": sha256(metrics) }),
  };
}

function differences(signed: FileDigests, actual: FileDigests, what: string): string[] {
  const names = [...new Set([...Object.keys(signed), ...Object.keys(actual)])].sort();
  return names
    .filter((name) => signed[name] !== actual[name])
    .map((name) => {
      if (signed[name] === undefined) return `${what} does not cover \`${name}\``;
      if (actual[name] === undefined) return `${what} covers \`${name}\`, which is not there`;
      return `\`${name}\` was changed since it was signed: ${what} has another digest`;
    });
}
