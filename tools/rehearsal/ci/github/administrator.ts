import { seal } from "../../../../emulator/providers/github/sealed-box.ts";

/** A repository at GitHub, reached over its API. */
export interface AtGitHub {
  readonly api: string;
  readonly token: string;
  /** `owner/name`. */
  readonly fullName: string;
}

/** Environments of both stacks. */
export const ENVIRONMENTS = ["staging", "production", "staging-preview", "production-preview"] as const;

/**
 * Does what an administrator does once by hand, since it must not be in any stack's state: puts secrets and variables into
 * an environment.
 *
 * @throws when GitHub refuses.
 */
export async function setByHand(
  at: AtGitHub,
  environment: string,
  secrets: Readonly<Record<string, string>>,
  variables: Readonly<Record<string, string>>,
): Promise<void> {
  const call = async (method: string, path: string, body?: object, expected: readonly number[] = []) => {
    const response = await fetch(`${at.api}/repos/${at.fullName}/environments/${environment}${path}`, {
      method,
      headers: { authorization: `Bearer ${at.token}`, "content-type": "application/json" },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (response.ok || expected.includes(response.status)) return { status: response.status, text };
    throw new Error(`${method} of ${environment}${path}: GitHub answered ${response.status}: ${text}`);
  };
  const { key, key_id } = JSON.parse((await call("GET", "/secrets/public-key")).text) as {
    key: string;
    key_id: string;
  };
  for (const [name, value] of Object.entries(secrets)) {
    await call("PUT", `/secrets/${name}`, { encrypted_value: await seal(value, key), key_id });
  }
  for (const [name, value] of Object.entries(variables)) {
    const { status } = await call("PATCH", `/variables/${name}`, { value }, [404]);
    if (status === 404) await call("POST", "/variables", { name, value });
  }
}
