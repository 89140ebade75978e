import { createHash, createPublicKey, sign, verify } from "node:crypto";
import { z } from "zod";
import { DeliveryError, messageOf } from "../errors.ts";
import { parseJson } from "../json.ts";
import { describe, Sha256 } from "../manifest.ts";
import { fingerprintOf, readKey } from "./key.ts";

/**
 * Signatures as OpenSSF Model Signing 1.0 has them (https://github.com/sigstore/model-transparency): an in-toto statement
 * of the files and their digests, in a DSSE envelope, in a Sigstore bundle, signed with ECDSA on P-256 and SHA-256.
 */

const BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json";
const PAYLOAD_TYPE = "application/vnd.in-toto+json";
const STATEMENT_TYPE = "https://in-toto.io/Statement/v1";
const PREDICATE_TYPE = "https://model_signing/signature/v1.0";
/** What the format leaves out by itself, so that a package can be kept in git. */
const GIT_PATHS = [".git", ".gitattributes", ".github", ".gitignore"];

const Bundle = z.object({
  mediaType: z.literal(BUNDLE_TYPE),
  verificationMaterial: z.object({ publicKey: z.object({ hint: z.string() }) }),
  dsseEnvelope: z.object({
    payload: z.base64(),
    payloadType: z.literal(PAYLOAD_TYPE),
    signatures: z.array(z.object({ sig: z.base64() })).length(1),
  }),
});

const Statement = z.object({
  _type: z.literal(STATEMENT_TYPE),
  subject: z.array(z.object({ name: z.string(), digest: z.object({ sha256: Sha256 }) })).length(1),
  predicateType: z.literal(PREDICATE_TYPE),
  predicate: z.object({
    resources: z.array(z.object({ name: z.string(), digest: Sha256, algorithm: z.literal("sha256") })).min(1),
    serialization: z.object({ method: z.literal("files"), hash_type: z.literal("sha256") }),
  }),
});

/** SHA-256 digests by the name of the file. */
export type FileDigests = Readonly<Record<string, string>>;

/**
 * Signs files by their digests. Gives the text of the bundle.
 *
 * @param subject what is signed, as the format wants it: the name of the folder
 * @param signatureFile where the bundle will lie in that folder: it cannot sign itself
 * @param privateKey PEM
 */
export function signFiles(subject: string, files: FileDigests, signatureFile: string, privateKey: string): string {
  const key = readKey(privateKey, "private");
  const resources = Object.entries(files)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, digest]) => ({ name, digest, algorithm: "sha256" }));
  const statement = {
    _type: STATEMENT_TYPE,
    subject: [{ name: subject, digest: { sha256: rootOf(resources) } }],
    predicateType: PREDICATE_TYPE,
    predicate: {
      resources,
      serialization: {
        method: "files",
        hash_type: "sha256",
        allow_symlinks: false,
        ignore_paths: [signatureFile, ...GIT_PATHS],
      },
    },
  };
  const payload = Buffer.from(JSON.stringify(statement));
  const bundle = {
    mediaType: BUNDLE_TYPE,
    verificationMaterial: { publicKey: { hint: fingerprintOf(createPublicKey(key)) }, tlogEntries: [] },
    dsseEnvelope: {
      payload: payload.toString("base64"),
      payloadType: PAYLOAD_TYPE,
      signatures: [{ sig: sign("sha256", encode(payload), key).toString("base64"), keyid: "" }],
    },
  };
  return `${JSON.stringify(bundle)}\n`;
}

/**
 * The digests that a bundle vouches for.
 *
 * @param publicKey PEM
 * @throws DeliveryError `refused`: it is no such bundle, of another key, or was changed.
 */
export function openBundle(text: string, publicKey: string, what: string): FileDigests {
  const key = readKey(publicKey, "public");
  const { verificationMaterial, dsseEnvelope } = parse(Bundle, text, what);
  if (verificationMaterial.publicKey.hint !== fingerprintOf(key)) {
    throw refused(`${what} was made with another key than the one that is configured`);
  }
  const payload = Buffer.from(dsseEnvelope.payload, "base64");
  const signature = Buffer.from(dsseEnvelope.signatures[0]?.sig ?? "", "base64");
  if (!verify("sha256", encode(payload), key, signature)) {
    throw refused(`${what} does not hold: it was changed, or made with another key`);
  }
  const { subject, predicate } = parse(Statement, payload.toString("utf8"), `the statement in ${what}`);
  if (rootOf(predicate.resources) !== subject[0]?.digest.sha256) throw refused(`${what} contradicts itself`);
  const names = predicate.resources.map(({ name }) => name);
  if (new Set(names).size !== names.length) throw refused(`${what} names a file twice`);
  return Object.fromEntries(predicate.resources.map(({ name, digest }) => [name, digest]));
}

/** DSSE's pre-authentication encoding: type and length are signed with the payload. */
function encode(payload: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} ${payload.length} `), payload]);
}

/** SHA-256 over the digests, in the order of the statement. */
function rootOf(resources: readonly { readonly digest: string }[]): string {
  const hash = createHash("sha256");
  for (const { digest } of resources) hash.update(digest, "hex");
  return hash.digest("hex");
}

function parse<Shape extends z.ZodType>(schema: Shape, text: string, what: string): z.infer<Shape> {
  let value: unknown;
  try {
    value = parseJson(text, what);
  } catch (error) {
    throw refused(messageOf(error));
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw refused(`${what} is no signature of a model: ${describe(parsed.error)}`);
  return parsed.data;
}

function refused(message: string): DeliveryError {
  return new DeliveryError("refused", message);
}
