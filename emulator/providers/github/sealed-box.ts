import sodium from "libsodium-wrappers";

/**
 * The value, sealed for GitHub's public key (base64), as the secrets API wants it. Only GitHub can open it
 * (docs.github.com/rest/guides/encrypting-secrets-for-the-rest-api).
 */
export async function seal(value: string, publicKey: string): Promise<string> {
  await sodium.ready;
  const key = sodium.from_base64(publicKey, sodium.base64_variants.ORIGINAL);
  const sealed = sodium.crypto_box_seal(sodium.from_string(value), key);
  return sodium.to_base64(sealed, sodium.base64_variants.ORIGINAL);
}
