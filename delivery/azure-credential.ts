import { managedIdentityToken } from "./managed-identity.ts";
import { workloadIdentityToken } from "./workload-identity.ts";

/** A bearer token and when it ends, in milliseconds since 1970. */
export interface AzureToken {
  readonly token: string;
  readonly expiresOnTimestamp: number;
}

/** Gives a token for a scope, such as `https://management.azure.com/.default`. */
export type TokenSource = (scope: string) => Promise<AzureToken>;

/** A token is asked for anew this long before it ends. */
const MARGIN_MS = 5 * 60_000;

/**
 * Signs in as the surroundings say: as their managed identity, else with the CI job's own token (workload identity
 * federation), else as `DefaultAzureCredential` does. The first two need no SDK, which takes a third of a second to load;
 * what only the SDK knows (a secret, or `AZURE_TOKEN_CREDENTIALS`) goes to it at once. Tokens are kept, by scope, until
 * five minutes before they end.
 *
 * @param env read at each sign-in. @default - the process's own
 */
export function createTokenSource(env: NodeJS.ProcessEnv = process.env, fallback: TokenSource = sdkToken): TokenSource {
  const kept = new Map<string, Promise<AzureToken>>();
  return async (scope) => {
    const known = kept.get(scope);
    if (known !== undefined && Date.now() < (await known).expiresOnTimestamp - MARGIN_MS) return await known;
    const asked = signIn(scope, env, fallback);
    kept.set(scope, asked);
    // A refusal is not kept: the next caller may have better luck.
    asked.catch(() => kept.get(scope) === asked && kept.delete(scope));
    return await asked;
  };
}

async function signIn(scope: string, env: NodeJS.ProcessEnv, fallback: TokenSource): Promise<AzureToken> {
  if (env["AZURE_TOKEN_CREDENTIALS"] || env["AZURE_CLIENT_SECRET"]) return await fallback(scope);
  return (
    (await managedIdentityToken(scope, env)) ?? (await workloadIdentityToken(scope, env)) ?? (await fallback(scope))
  );
}

let credential: Promise<import("@azure/identity").DefaultAzureCredential> | undefined;

async function sdkToken(scope: string): Promise<AzureToken> {
  credential ??= import("@azure/identity").then(({ DefaultAzureCredential }) => new DefaultAzureCredential());
  return await (await credential).getToken(scope);
}

/** Tokens of this process. */
export const azureToken: TokenSource = createTokenSource();
