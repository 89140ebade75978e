import { azureToken } from "./azure-credential.ts";
import { messageOf } from "./errors.ts";

/** How a caller shows who it is: an endpoint key, or an Entra ID token. */
export type Authorization = () => Promise<string>;

/** The header's value from a key, or else from whom the surroundings sign in as. */
export function authorize(apiKey: string | undefined): Authorization {
  if (apiKey) return async () => `Bearer ${apiKey}`;
  return async () => `Bearer ${(await azureToken("https://ml.azure.com/.default")).token}`;
}

/** What came back for one picture. */
export type Answer = {
  /** HTTP status; 0 where there was no answer. */
  readonly status: number;
  readonly body: unknown;
  /** The deployment that answered, if the endpoint said. */
  readonly deployment: string | undefined;
  /** The container's own status, where Azure wrapped it in a 424. */
  readonly modelStatus: number | undefined;
  readonly latencyMs: number;
};

/** Sends one picture to an endpoint's scoring URL; never throws for what the network does. */
export async function score(
  url: string,
  picture: Uint8Array,
  authorization: Authorization,
  deployment?: string,
): Promise<Answer> {
  const form = new FormData();
  form.append("image", new Blob([new Uint8Array(picture)], { type: "image/jpeg" }), "image.jpg");
  const headers: Record<string, string> = { authorization: await authorization() };
  if (deployment !== undefined) headers["azureml-model-deployment"] = deployment;
  const started = performance.now();
  try {
    const response = await fetch(url, { method: "POST", body: form, headers, signal: AbortSignal.timeout(30_000) });
    const text = await response.text();
    const modelStatus = Number(response.headers.get("ms-azureml-model-error-statuscode") ?? Number.NaN);
    return {
      status: response.status,
      body: parse(text),
      deployment: response.headers.get("azureml-model-deployment") ?? undefined,
      modelStatus: Number.isInteger(modelStatus) ? modelStatus : undefined,
      latencyMs: performance.now() - started,
    };
  } catch (error) {
    const reason = error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : messageOf(error);
    return {
      status: 0,
      body: reason,
      deployment: undefined,
      modelStatus: undefined,
      latencyMs: performance.now() - started,
    };
  }
}

/**
 * Whether an answer counts against the model: 5xx, 408, 424, 429 or none at all. Not a client's own 4xx, and not a 424
 * by which Azure passes on that the container refused the client's picture.
 */
export function isFailure({ status, modelStatus }: Pick<Answer, "status" | "modelStatus">): boolean {
  if (status === 424 && modelStatus !== undefined) {
    return modelStatus >= 500 || modelStatus === 408 || modelStatus === 429;
  }
  return status === 0 || status >= 500 || [408, 424, 429].includes(status);
}

/** What is wrong with the answer to a good picture; empty when nothing is. */
export function checkAnswer({ status, body }: Pick<Answer, "status" | "body">): string[] {
  if (status !== 200) return [`status is ${status || "missing"}, not 200: ${JSON.stringify(body)?.slice(0, 300)}`];
  const { prediction, probabilities } = (body ?? {}) as { prediction?: unknown; probabilities?: unknown };
  if (typeof probabilities !== "object" || probabilities === null || Array.isArray(probabilities)) {
    return [`\`probabilities\` must map labels to numbers, got ${JSON.stringify(probabilities)?.slice(0, 200)}`];
  }
  const entries = Object.entries(probabilities) as [string, unknown][];
  const wrong = entries.find(([, p]) => typeof p !== "number" || !Number.isFinite(p) || p < 0 || p > 1);
  if (wrong !== undefined)
    return [`probability of \`${wrong[0]}\` must be from 0 to 1, got ${JSON.stringify(wrong[1])}`];
  const numbers = entries as [string, number][];
  const sum = numbers.reduce((total, [, p]) => total + p, 0);
  const best = Math.max(...numbers.map(([, p]) => p));
  const problems: string[] = [];
  // float32 probabilities of many classes, written in decimal, sum to 1 within this.
  if (Math.abs(sum - 1) > 1e-3) problems.push(`probabilities sum to ${sum}, not 1`);
  const predicted = numbers.find(([label]) => label === prediction);
  if (predicted === undefined) problems.push(`\`prediction\` ${JSON.stringify(prediction)} is none of the labels`);
  else if (predicted[1] < best) problems.push(`\`prediction\` \`${predicted[0]}\` is not the most probable label`);
  return problems;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text.slice(0, 500);
  }
}
