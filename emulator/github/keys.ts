import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import { readJsonFile, writeFileAtomically } from "../atomic-file.ts";

/**
 * `box` is the pair whose public half clients seal secrets with; `lock` encrypts them at rest. Both in one file (0600),
 * so that state.json alone, in a backup or a bug report, gives nothing away.
 */
const keyFile = z.object({
  token: z.string(),
  box: z.object({ public: z.string(), private: z.string() }),
  lock: z.string(),
});

export type GithubKeys = z.infer<typeof keyFile>;

/** Made at a home's first start and kept. */
export async function ensureKeys(folder: string): Promise<GithubKeys> {
  const kept = await readKeys(folder);
  if (kept !== undefined) return kept;
  const sodium = await loadSodium();
  const pair = sodium.crypto_box_keypair();
  const keys: GithubKeys = {
    token: `ghp_${randomBytes(24).toString("base64url").replace(/[-_]/g, "0")}`,
    box: {
      public: Buffer.from(pair.publicKey).toString("base64"),
      private: Buffer.from(pair.privateKey).toString("base64"),
    },
    lock: randomBytes(32).toString("base64"),
  };
  await writeFileAtomically(join(folder, "keys.json"), `${JSON.stringify(keys)}\n`, 0o600);
  return keys;
}

export async function readKeys(folder: string): Promise<GithubKeys | undefined> {
  const json = await readJsonFile(join(folder, "keys.json"));
  return json === undefined ? undefined : keyFile.parse(json);
}

/** Opens what a client sealed with our public key (libsodium's sealed box), or nothing where it was not. */
export async function unseal(keys: GithubKeys, sealed: string): Promise<string | undefined> {
  const sodium = await loadSodium();
  try {
    const [box, publicKey, privateKey] = [sealed, keys.box.public, keys.box.private].map((part) =>
      Uint8Array.from(Buffer.from(part, "base64")),
    ) as [Uint8Array, Uint8Array, Uint8Array];
    return Buffer.from(sodium.crypto_box_seal_open(box, publicKey, privateKey)).toString("utf8");
  } catch {
    return undefined;
  }
}

/** Encrypts a secret for the disk. `place` is bound to it, so that one cannot be put in another's place in the file. */
export function lock(keys: GithubKeys, place: string, value: string): string {
  const iv = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", Buffer.from(keys.lock, "base64"), iv).setAAD(Buffer.from(place));
  const text = Buffer.concat([cipher.update(value, "utf8"), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), text]).toString("base64");
}

/** @throws Error when the text was changed, moved, or locked with another key. */
export function unlock(keys: GithubKeys, place: string, locked: string): string {
  const bytes = Buffer.from(locked, "base64");
  const decipher = createDecipheriv("aes-256-gcm", Buffer.from(keys.lock, "base64"), bytes.subarray(0, 12))
    .setAAD(Buffer.from(place))
    .setAuthTag(bytes.subarray(12, 28));
  return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString("utf8");
}

/** Loaded when first needed: it is half a megabyte of WebAssembly. */
async function loadSodium() {
  const { default: sodium } = await import("libsodium-wrappers");
  await sodium.ready;
  return sodium;
}
