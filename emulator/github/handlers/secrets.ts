import { createHash } from "node:crypto";
import { z } from "zod";
import { checkBody, text } from "../body.ts";
import { GithubError, notFound, validationFailed } from "../errors.ts";
import { lock, unseal } from "../keys.ts";
import { page } from "../paging.ts";
import { findHolder, findRepository, type Github, param, type RestRequest, type RestResponse } from "../rest.ts";
import { secretPlace } from "../secrets.ts";
import type { SecretState } from "../state.ts";
import { checkName } from "./names.ts";

const putBody = z.strictObject({ encrypted_value: text, key_id: text });
/** GitHub's limit for a secret's value, in bytes. */
const largest = 48 * 1024;

/** GET …/secrets/public-key */
export function getPublicKey(request: RestRequest): RestResponse {
  findHolder(request);
  return { status: 200, body: { key_id: keyId(request.github), key: request.github.keys.box.public } };
}

/** GET …/secrets */
export function listSecrets(request: RestRequest): RestResponse {
  const all = Object.entries(findHolder(request).secrets).map(([name, secret]) => present(name, secret));
  return page(request, `${holderPath(request)}/secrets`, "secrets", all);
}

/** GET …/secrets/{name}: name and dates, never the value. */
export function getSecret(request: RestRequest): RestResponse {
  const name = param(request, "name").toUpperCase();
  const secret = findHolder(request).secrets[name];
  if (secret === undefined) throw notFound();
  return { status: 200, body: present(name, secret) };
}

/** PUT …/secrets/{name} */
export async function putSecret(request: RestRequest): Promise<RestResponse> {
  const { github } = request;
  const name = checkName("Secret", param(request, "name"));
  findHolder(request);
  const body = checkBody(putBody, request.body);
  if (body.key_id !== keyId(github))
    throw validationFailed([`key_id is not ${keyId(github)}; get the public key again`]);
  const value = await unseal(github.keys, body.encrypted_value);
  if (value === undefined) throw validationFailed(["encrypted_value was not sealed with the public key"]);
  if (Buffer.byteLength(value) > largest) throw new GithubError(422, "Secret value is too large: 48 KB at most.");
  const locked = lock(
    github.keys,
    secretPlace(findRepository(request).name, request.params["environment"], name),
    value,
  );
  const isNew = await github.store.change((state) => {
    const { secrets } = findHolder(request, state);
    const before = secrets[name];
    secrets[name] = { created_at: before?.created_at ?? github.now(), updated_at: github.now(), locked };
    return before === undefined;
  });
  return isNew ? { status: 201, body: {} } : { status: 204 };
}

/** DELETE …/secrets/{name} */
export async function deleteSecret(request: RestRequest): Promise<RestResponse> {
  const name = param(request, "name").toUpperCase();
  await request.github.store.change((state) => {
    const { secrets } = findHolder(request, state);
    if (secrets[name] === undefined) throw notFound();
    delete secrets[name];
  });
  return { status: 204 };
}

/** Where a repository's or an environment's secrets and variables are listed. */
export function holderPath(request: RestRequest): string {
  const { owner, name } = findRepository(request);
  const repository = `/repos/${owner}/${name}`;
  const environment = request.params["environment"];
  return environment === undefined
    ? `${repository}/actions`
    : `${repository}/environments/${encodeURIComponent(environment)}`;
}

/** Digits, as GitHub's are; the same for the same key. */
function keyId(github: Github): string {
  return BigInt(`0x${createHash("sha256").update(github.keys.box.public).digest("hex").slice(0, 15)}`).toString();
}

function present(name: string, { created_at, updated_at }: SecretState) {
  return { name, created_at, updated_at };
}
