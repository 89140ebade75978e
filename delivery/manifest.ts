import { z } from "zod";
import { sha256 } from "./digest.ts";
import { inputError } from "./errors.ts";
import { parseJson } from "./json.ts";

/** The files that make a model, and its version. Others, such as metrics, may lie beside them. */
export const MODEL_FILES = ["labels.json", "model.onnx"] as const;

/** Pictures and what training got for them, see `golden.ts`. */
export const GOLDEN_FILE = "golden.json";

/** 64 lower-case hex digits. */
export const Sha256 = z.string().regex(/^[0-9a-f]{64}$/, "64 lower-case hex digits");

/** A version: the first 16 hex digits of a SHA-256, see {@link versionOf}. */
export const Version = z.string().regex(/^[0-9a-f]{16}$/, "16 lower-case hex digits");

const FileDigest = z.strictObject({ sha256: Sha256, bytes: z.int().nonnegative() });

const Tensor = z.strictObject({
  name: z.string().min(1),
  type: z.string().min(1),
  /** Sizes; a name where the size is free, such as `N`. */
  shape: z.array(z.union([z.int().positive(), z.string().min(1)])),
});

const Manifest = z.strictObject({
  schema: z.literal(1),
  version: Version,
  files: z.strictObject({
    "labels.json": FileDigest,
    "model.onnx": FileDigest,
    [GOLDEN_FILE]: FileDigest.optional(),
  }),
  input: Tensor,
  output: Tensor,
  /** The training data: which files (see `fingerprint` in `digest.ts`), and how many. */
  data: z.strictObject({ fingerprint: Sha256, count: z.int().nonnegative() }),
  /** Commit that the training code was at; null outside a repository. */
  git: z.string().nullable(),
  parameters: z.record(z.string(), z.unknown()),
  /** The version that this one follows; null for the first. */
  parent: Version.nullable(),
  /** ISO 8601, UTC. */
  createdAt: z.iso.datetime(),
});

/** What `manifest.json` says of a package. */
export type Manifest = z.infer<typeof Manifest>;

/** Size and SHA-256 of a file. */
export type FileDigest = z.infer<typeof FileDigest>;

/** What the publisher of a package knows besides its files. */
export type ManifestFields = Pick<Manifest, "data" | "git" | "parameters" | "parent"> &
  Partial<Pick<Manifest, "input" | "output">>;

/** The contract of every model here, for publishers that do not say otherwise. */
export const DEFAULT_INPUT: Manifest["input"] = { name: "image", type: "float32", shape: ["N", 3, 224, 224] };
export const DEFAULT_OUTPUT: Manifest["output"] = { name: "probabilities", type: "float32", shape: ["N", "classes"] };

/** Digests by the name of the file. */
export type Digests = Readonly<Record<(typeof MODEL_FILES)[number], { readonly sha256: string }>>;

/**
 * The version of a model: the first 16 hex digits of the SHA-256 over the sorted lines `<name> <sha256>\n` of
 * {@link MODEL_FILES}. What lies beside them does not count.
 */
export function versionOf(files: Digests): string {
  const lines = MODEL_FILES.map((name) => `${name} ${files[name].sha256}\n`);
  return sha256(lines.sort().join("")).slice(0, 16);
}

/** The files that a manifest lists, with their digests. */
export function listedFiles(files: Manifest["files"]): [string, FileDigest][] {
  return Object.entries(files).flatMap(([name, digest]) => (digest === undefined ? [] : [[name, digest]]));
}

/** Reads a manifest; throws when it is not one, or when its version is not that of its own files. */
export function parseManifest(text: string, what: string): Manifest {
  const parsed = Manifest.safeParse(parseJson(text, what));
  if (!parsed.success) throw inputError(`${what} is not a manifest: ${describe(parsed.error)}`);
  const version = versionOf(parsed.data.files);
  if (version !== parsed.data.version) {
    throw inputError(`${what} says version ${parsed.data.version}, but its file digests give ${version}`);
  }
  return parsed.data;
}

/** Problems of a zod check in one line, each with its path. */
export function describe(error: z.ZodError): string {
  return error.issues.map((issue) => `\`${issue.path.map(String).join(".") || "."}\`: ${issue.message}`).join("; ");
}
