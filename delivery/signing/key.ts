import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { sha256 } from "../digest.ts";
import { inputError, messageOf } from "../errors.ts";

/** Why a text is no key that signatures are made or checked with; undefined where it is one. */
export function keyProblem(pem: string, kind: "private" | "public"): string | undefined {
  try {
    readKey(pem, kind);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/** An EC key on P-256 from its PEM. Throws an error of kind `input` for anything else. */
export function readKey(pem: string, kind: "private" | "public"): KeyObject {
  const make = "make one with `openssl ecparam -name prime256v1 -genkey -noout`";
  let key: KeyObject;
  try {
    // createPublicKey would take the public half of a private key, which nobody should hand around.
    if (kind === "public" && !pem.includes("BEGIN PUBLIC KEY")) throw new Error("no public key");
    key = kind === "private" ? createPrivateKey(pem) : createPublicKey(pem);
  } catch {
    throw inputError(`the ${kind} key for signatures is no ${kind} key in PEM; ${make}`);
  }
  if (key.asymmetricKeyType === "ec" && key.asymmetricKeyDetails?.namedCurve === "prime256v1") return key;
  throw inputError(`the ${kind} key for signatures is ${key.asymmetricKeyType}; it must be EC on P-256: ${make}`);
}

/** How the format names a key: SHA-256 of its PEM. */
export function fingerprintOf(key: KeyObject): string {
  return sha256(key.export({ type: "spki", format: "pem" }));
}

/** PEM of the public half of a private key. */
export function publicKeyOf(privateKey: string): string {
  return createPublicKey(readKey(privateKey, "private")).export({ type: "spki", format: "pem" }).toString();
}
