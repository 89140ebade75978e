import { createHash, createPublicKey, type KeyObject, verify } from "node:crypto";
import { InputError } from "../command-line.ts";

/** SHA-256 in lower-case hex. */
export function sha256(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/**
 * The digests, by file, that a signature vouches for: OpenSSF Model Signing 1.0, an in-toto statement in a DSSE envelope
 * in a Sigstore bundle, ECDSA on P-256 with SHA-256. Throws `InputError` for a signature of another key or kind, or one
 * that was changed.
 *
 * @param key PEM of the public key that must have made it
 * @param path names the signature in errors
 */
export function openSignature(text: string, key: string, path: string): ReadonlyMap<string, string> {
  const publicKey = readKey(key);
  try {
    const { mediaType, dsseEnvelope: envelope } = JSON.parse(text);
    if (mediaType !== "application/vnd.dev.sigstore.bundle.v0.3+json") throw new Error("it is no Sigstore bundle 0.3");
    if (envelope.payloadType !== "application/vnd.in-toto+json") throw new Error("it signs no in-toto statement");
    const payload = Buffer.from(envelope.payload, "base64");
    const encoded = Buffer.concat([Buffer.from(`DSSEv1 28 application/vnd.in-toto+json ${payload.length} `), payload]);
    const [signature] = envelope.signatures;
    if (!verify("sha256", encoded, publicKey, Buffer.from(signature.sig, "base64"))) {
      throw new Error("it was changed, or made with another key");
    }
    return digestsOf(JSON.parse(payload.toString("utf8")));
  } catch (error) {
    throw new InputError(`the signature \`${path}\` does not hold: ${error instanceof Error ? error.message : error}`);
  }
}

function readKey(pem: string): KeyObject {
  try {
    const key = createPublicKey(pem);
    if (key.asymmetricKeyDetails?.namedCurve === "prime256v1") return key;
  } catch {
    // Said below.
  }
  throw new InputError("MODEL_PUBLIC_KEY is no PEM of an EC public key on P-256");
}

/** What the key's owner signed; its form is checked, since other statements are signed with such keys too. */
function digestsOf(statement: {
  predicateType?: unknown;
  predicate?: { resources?: readonly { name?: unknown; digest?: unknown; algorithm?: unknown }[] };
}): ReadonlyMap<string, string> {
  if (statement.predicateType !== "https://model_signing/signature/v1.0") throw new Error("it is about no model");
  const resources = statement.predicate?.resources ?? [];
  const digests = resources.map(({ name, digest, algorithm }) => {
    if (typeof name !== "string" || typeof digest !== "string" || algorithm !== "sha256") {
      throw new Error("it names a file without its SHA-256");
    }
    return [name, digest] as const;
  });
  return new Map(digests);
}
