import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { sha256 } from "./digest.ts";
import { DeliveryError, inputError, messageOf } from "./errors.ts";
import { parseGolden } from "./golden.ts";
import { parseJson } from "./json.ts";
import { checkKey, formatLocation, type Location, lastSegment, parseLocation, within } from "./location.ts";
import {
  DEFAULT_INPUT,
  DEFAULT_OUTPUT,
  type FileDigest,
  GOLDEN_FILE,
  listedFiles,
  type Manifest,
  type ManifestFields,
  MODEL_FILES,
  parseManifest,
  Version,
  versionOf,
} from "./manifest.ts";
import { copyObject, digestObject, type ObjectFolder, openFolder } from "./objects.ts";

export { type Manifest, type ManifestFields, MODEL_FILES, versionOf } from "./manifest.ts";

/** Where a model path led. */
export type ResolvedModel = {
  /** The package's folder. */
  readonly location: Location;
  /** The same as text, ending in a slash. */
  readonly path: string;
  /** The alias that was followed, if one was. */
  readonly alias?: string;
};

/** A package as its small files describe it. Its model's bytes were not read: see {@link verifyPackage}. */
export type ModelPackage = ResolvedModel & {
  readonly manifest: Manifest;
  /** `manifest.json` as it was read. */
  readonly manifestText: string;
  /** Content of `metrics.json` as text, judged by `gate.ts`; undefined before `evaluate` ran. */
  readonly metrics: string | undefined;
  /** Content of `model.sig` as text, judged by `signing.ts`; undefined where the model is not signed. */
  readonly signature: string | undefined;
};

/**
 * Finds the folder of a package. Accepts a version's folder, an alias' folder (`…/models/latest/`, which holds
 * `alias.json`) and a local folder, all local or in S3; a bare name such as `latest` needs `modelsPath`.
 */
export async function resolveModel(path: string, modelsPath?: string): Promise<ResolvedModel> {
  const bare = /^[\w.-]+$/.test(path) && ![".", ".."].includes(path) && modelsPath !== undefined;
  const location = bare ? within(parseLocation(modelsPath), path) : parseLocation(path);
  const alias = await openFolder(location).get("alias.json");
  if (alias === undefined) return { location, path: formatLocation(location) };
  const version = parseAlias(alias.content, `${formatLocation(location)}alias.json`);
  const target = within(within(location, ".."), version);
  return { location: target, path: formatLocation(target), alias: lastSegment(location) };
}

/** Reads a package's manifest and metrics. Throws an error of kind `input` when there is no package. */
export async function readPackage(path: string, modelsPath?: string): Promise<ModelPackage> {
  const resolved = await resolveModel(path, modelsPath);
  const folder = openFolder(resolved.location);
  const small = ["manifest.json", "metrics.json", "model.sig"].map((name) => folder.get(name));
  const [manifest, metrics, signature] = await Promise.all(small);
  if (manifest === undefined) {
    throw inputError(`no model package at \`${resolved.path}\`: it holds no \`manifest.json\`, which is written last`);
  }
  const manifestText = manifest.content.toString("utf8");
  return {
    ...resolved,
    manifest: parseManifest(manifestText, `\`${resolved.path}manifest.json\``),
    manifestText,
    metrics: metrics?.content.toString("utf8"),
    signature: signature?.content.toString("utf8"),
  };
}

/** Reads every byte of a package and compares it with the manifest. Gives the problems; none means it is whole. */
export async function verifyPackage(
  path: string,
  modelsPath?: string,
): Promise<{ package: ModelPackage; problems: string[] }> {
  const found = await readPackage(path, modelsPath);
  const folder = openFolder(found.location);
  const problems = await Promise.all(
    listedFiles(found.manifest.files).map(async ([name, expected]) => {
      try {
        const actual = await digestObject(folder, name);
        if (actual.sha256 === expected.sha256 && actual.bytes === expected.bytes) return undefined;
        return `\`${found.path}${name}\` has ${describeDigest(actual)}; the manifest says ${describeDigest(expected)}`;
      } catch (error) {
        if (error instanceof DeliveryError && error.kind === "input") return messageOf(error);
        throw error;
      }
    }),
  );
  return { package: found, problems: problems.filter((problem) => problem !== undefined) };
}

/**
 * Publishes the model in a local folder as `<modelsPath>/<version>/`. Files are created, never overwritten, and the
 * manifest is written last, so that readers see a whole package or none. Publishing the same model again changes
 * nothing and only checks that what is there is equal.
 */
export async function publishPackage(
  folder: string,
  modelsPath: string,
  fields: ManifestFields,
): Promise<{ version: string; path: string; created: boolean }> {
  const contents = new Map<string, Buffer>();
  for (const name of MODEL_FILES) {
    const content = await readFile(join(folder, name)).catch((error: unknown) => {
      throw inputError(`a model folder needs \`${name}\`: ${messageOf(error)}`);
    });
    contents.set(name, content);
  }
  const labels = parseLabels(contents.get("labels.json")?.toString("utf8") ?? "", join(folder, "labels.json"));
  const golden = await readGolden(join(folder, GOLDEN_FILE), labels);
  if (golden !== undefined) contents.set(GOLDEN_FILE, golden);
  const digestOf = (name: string): FileDigest => {
    const content = contents.get(name) ?? Buffer.alloc(0);
    return { sha256: sha256(content), bytes: content.length };
  };
  const files = {
    "labels.json": digestOf("labels.json"),
    "model.onnx": digestOf("model.onnx"),
    ...(golden && { [GOLDEN_FILE]: digestOf(GOLDEN_FILE) }),
  };
  const version = versionOf(files);
  const location = within(parseLocation(modelsPath), version);
  const manifest: Manifest = {
    schema: 1,
    version,
    files,
    input: fields.input ?? DEFAULT_INPUT,
    output: fields.output ?? DEFAULT_OUTPUT,
    data: fields.data,
    git: fields.git,
    parameters: fields.parameters,
    parent: fields.parent === version ? null : fields.parent,
    createdAt: new Date().toISOString(),
  };
  const target = openFolder(location);
  const path = formatLocation(location);
  if ((await target.head("manifest.json")) === undefined) {
    for (const [name, content] of contents) await target.put(name, content, { ifNoneMatch: "*" });
    await requireEqual(target, files);
    const text = `${JSON.stringify(manifest, null, 2)}\n`;
    if (await target.put("manifest.json", text, { ifNoneMatch: "*" })) return { version, path, created: true };
  }
  await requireWhole(path);
  return { version, path, created: false };
}

/**
 * Copies a package, byte for byte, into another models folder and checks the copy. Does nothing but check when it is
 * already there.
 */
export async function copyPackage(
  from: string,
  toModelsPath: string,
): Promise<{ version: string; path: string; created: boolean }> {
  const source = await readPackage(from);
  const { version, files } = source.manifest;
  const location = within(parseLocation(toModelsPath), version);
  const path = formatLocation(location);
  const [sourceFolder, target] = [openFolder(source.location), openFolder(location)];
  const missing = (await target.head("manifest.json")) === undefined;
  const listed = listedFiles(files).map(([name]) => name);
  const names = [
    ...(missing ? listed : []),
    ...(source.metrics === undefined ? [] : ["metrics.json"]),
    ...(source.signature === undefined ? [] : ["model.sig"]),
  ];
  for (const name of names) {
    if ((await target.head(name)) === undefined) await copyObject(sourceFolder, name, target, name);
  }
  await requireSameMetrics(target, path, source);
  if (missing) {
    await requireEqual(target, files);
    await copyObject(sourceFolder, "manifest.json", target, "manifest.json");
  } else {
    await requireWhole(path);
  }
  return { version, path, created: missing };
}

/** Thrown by {@link setAlias} when the alias moved meanwhile. */
export class AliasMovedError extends DeliveryError {
  constructor(alias: string, now: string | undefined) {
    super(
      "refused",
      `alias \`${alias}\` was moved meanwhile and is at ${now ?? "nothing"}; look at that model, then try again`,
    );
    this.name = "AliasMovedError";
  }
}

/**
 * Points an alias at a published version, by compare-and-set: of two writers at once, one wins and the other is told.
 *
 * @param expected What the alias must be at now (null: nowhere). @default - whatever it was when this call read it
 * @returns the version that the alias was at before.
 */
export async function setAlias(
  modelsPath: string,
  alias: string,
  version: string,
  expected?: string | null,
): Promise<string | undefined> {
  checkKey(alias);
  if (Version.safeParse(alias).success || alias.includes("/")) {
    throw inputError(`\`${alias}\` cannot be an alias: use a word such as \`latest\`, not a version or a path`);
  }
  const models = openFolder(modelsPath);
  if ((await models.head(`${version}/manifest.json`)) === undefined) {
    throw inputError(
      `alias \`${alias}\` cannot point at ${version}: \`${formatLocation(models.location)}\` has no such package`,
    );
  }
  const key = `${alias}/alias.json`;
  const current = await models.get(key);
  const before = current && parseAlias(current.content, key);
  if (expected !== undefined && (before ?? null) !== expected) throw new AliasMovedError(alias, before);
  if (before === version) return before;
  const text = `${JSON.stringify({ version })}\n`;
  const moved = await models.put(key, text, current ? { ifMatch: current.etag } : { ifNoneMatch: "*" });
  if (moved) return before;
  const now = await models.get(key);
  const at = now && parseAlias(now.content, key);
  if (at === version) return before;
  throw new AliasMovedError(alias, at);
}

/** The version that an alias names, or undefined where there is no such alias. */
export async function readAlias(modelsPath: string, alias: string): Promise<string | undefined> {
  const current = await openFolder(modelsPath).get(`${alias}/alias.json`);
  return current && parseAlias(current.content, `alias \`${alias}\``);
}

/** Reads `labels.json`: a JSON array of at least one distinct, non-empty name. */
export function parseLabels(text: string, what: string): string[] {
  const labels = parseJson(text, what);
  const fine = Array.isArray(labels) && labels.length > 0 && labels.every((l) => typeof l === "string" && l !== "");
  if (!fine || new Set(labels).size !== labels.length) {
    throw inputError(`${what} must be a JSON array of distinct class names, got ${text.slice(0, 80)}`);
  }
  return labels as string[];
}

/** The golden samples in a model's folder, checked; undefined where training wrote none. */
async function readGolden(file: string, labels: readonly string[]): Promise<Buffer | undefined> {
  const content = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (content !== undefined) parseGolden(content.toString("utf8"), labels, `\`${file}\``);
  return content;
}

function parseAlias(content: Buffer, what: string): string {
  const document = parseJson(content.toString("utf8"), what) as { version?: unknown } | null;
  const version = Version.safeParse(document?.version);
  if (!version.success) throw inputError(`${what} names no version: ${version.error.issues[0]?.message}`);
  return version.data;
}

async function requireWhole(path: string): Promise<void> {
  const { problems } = await verifyPackage(path);
  if (problems.length > 0)
    throw new DeliveryError("refused", `a damaged package is in the way: ${problems.join("; ")}`);
}

/** A half-written package of an earlier try may hold files already; they must be ours before the manifest makes it real. */
async function requireEqual(target: ObjectFolder, files: Manifest["files"]): Promise<void> {
  for (const [name, expected] of listedFiles(files)) {
    const actual = await digestObject(target, name);
    if (actual.sha256 !== expected.sha256) {
      const where = `${formatLocation(target.location)}${name}`;
      throw new DeliveryError("refused", `\`${where}\` has ${describeDigest(actual)}, not ${describeDigest(expected)}`);
    }
  }
}

async function requireSameMetrics(target: ObjectFolder, path: string, source: ModelPackage): Promise<void> {
  if (source.metrics === undefined) return;
  const metrics = await target.get("metrics.json");
  if (metrics?.content.toString("utf8") === source.metrics) return;
  throw new DeliveryError(
    "refused",
    `\`${path}metrics.json\` differs from \`${source.path}metrics.json\`; metrics are never overwritten`,
  );
}

function describeDigest(file: FileDigest): string {
  return `${file.bytes} bytes, SHA-256 ${file.sha256.slice(0, 12)}…`;
}
