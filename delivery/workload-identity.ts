import { readFile } from "node:fs/promises";
import type { AzureToken } from "./azure-credential.ts";
import { DeliveryError, inputError, messageOf } from "./errors.ts";
import { retrying } from "./retry.ts";

const ENTRA = "https://login.microsoftonline.com";
const JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const TIMEOUT_MS = 30_000;

/**
 * A token for which Entra ID takes a job's own token in exchange (workload identity federation): the request of
 * learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow, "third case: access token request with a
 * federated credential". It reads what the SDKs read: `AZURE_CLIENT_ID`, `AZURE_TENANT_ID`, `AZURE_FEDERATED_TOKEN_FILE`
 * and `AZURE_AUTHORITY_HOST`. The file is read each time, as whoever writes it renews what is in it.
 *
 * @param scope whom the token is for, such as `https://management.azure.com/.default`
 * @returns undefined where one of the first three is not set
 * @throws DeliveryError with Entra's own words where it refuses
 */
export async function workloadIdentityToken(scope: string, env: NodeJS.ProcessEnv): Promise<AzureToken | undefined> {
  const { AZURE_CLIENT_ID: client, AZURE_TENANT_ID: tenant, AZURE_FEDERATED_TOKEN_FILE: file } = env;
  if (!client || !tenant || !file) return undefined;
  const url = new URL(`${authority(env["AZURE_AUTHORITY_HOST"])}/${encodeURIComponent(tenant)}/oauth2/v2.0/token`);
  const body = new URLSearchParams({
    grant_type: "client_credentials",
    client_id: client,
    client_assertion_type: JWT_BEARER,
    client_assertion: await readAssertion(file),
    scope,
  });
  return await retrying(() => exchange(url, body, `${client} for ${scope}`));
}

/** The assertion is worth a sign-in: it goes to no address that others could listen to. */
function authority(host: string | undefined): string {
  const text = host || ENTRA;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const local = url?.hostname === "localhost" || url?.hostname === "127.0.0.1" || url?.hostname === "[::1]";
  if (url?.protocol === "https:" || (url?.protocol === "http:" && local)) return text.replace(/\/+$/, "");
  throw inputError(`\`AZURE_AUTHORITY_HOST\` is \`${text}\`; it must be an https address, such as ${ENTRA}`);
}

async function readAssertion(file: string): Promise<string> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new DeliveryError(
      "surroundings",
      `the CI system's token cannot be read from \`AZURE_FEDERATED_TOKEN_FILE\`, ${file}: ${messageOf(cause)}`,
      { cause },
    );
  });
  if (text.trim() !== "") return text.trim();
  throw new DeliveryError("surroundings", `\`AZURE_FEDERATED_TOKEN_FILE\`, ${file}, is empty; the job got no ID token`);
}

async function exchange(url: URL, body: URLSearchParams, what: string): Promise<AzureToken> {
  const asked = Date.now();
  const response = await fetch(url, { method: "POST", body, signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(
    (cause: unknown) => {
      const why = messageOf((cause as Error).cause ?? cause);
      throw new DeliveryError("surroundings", `no sign-in at ${url.origin}: no answer (${why})`, { cause });
    },
  );
  const answer = (await response.json().catch(() => ({}))) as Readonly<Record<string, unknown>>;
  const { access_token: token, expires_in: seconds } = answer;
  if (response.ok && typeof token === "string" && Number.isFinite(Number(seconds))) {
    return { token, expiresOnTimestamp: asked + Number(seconds) * 1000 };
  }
  const refusal = new DeliveryError("surroundings", `Entra ID gave ${what} no token: ${wordsOf(answer, response)}`);
  throw Object.assign(refusal, { statusCode: response.status });
}

/** Entra's sentence begins with its code, as `AADSTS700213`; the lines after it are for Microsoft's support. */
function wordsOf({ error, error_description: text }: Readonly<Record<string, unknown>>, { status }: Response): string {
  const sentence = typeof text === "string" ? (text.split(/\r?\n/, 1)[0] ?? "") : "";
  return sentence || `${status} ${typeof error === "string" ? error : "without a reason"}`;
}
