import { flag, object, optional, text } from "../shape.ts";

/** What `signing` of stack config may hold. */
export const signingShape = object({
  required: flag,
  publicKey: optional(
    text(/^-----BEGIN PUBLIC KEY-----\n[\s\S]+\n-----END PUBLIC KEY-----\n?$/, "the PEM of an EC public key on P-256"),
  ),
});
