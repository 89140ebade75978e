import { openAsBlob } from "node:fs";
import { inputError, messageOf } from "./errors.ts";
import { flattenParameters } from "./parameters.ts";

/** Where a tracking server is, and how to show who asks. */
export type Tracking = { readonly url: string; readonly authorization?: string };

/** A run as MLflow shows it. */
export type TrackedRun = {
  readonly experiment: string;
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** Groups become dotted names, such as `scales.0.filters`. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly metrics: Readonly<Record<string, number>>;
  readonly tags: Readonly<Record<string, string>>;
  /** Name among the run's artifacts → local file. */
  readonly artifacts: Readonly<Record<string, string>>;
};

/** Where a run was written down. */
export type TrackedAt = { readonly runId: string; readonly url: string };

// The server's own limits (MLflow, REST API, "Request Limits").
const MOST_PARAMETERS = 100;
const LONGEST_VALUE = 6000;
const LONGEST_NAME = 250;
const TIMEOUT_MS = 30_000;
/** A model may be large. */
const ARTIFACT_TIMEOUT_MS = 600_000;

/**
 * The tracking server that MLflow's own variables name: `MLFLOW_TRACKING_URI`, and `MLFLOW_TRACKING_TOKEN` or
 * `MLFLOW_TRACKING_USERNAME` with `MLFLOW_TRACKING_PASSWORD`. Undefined where there is none.
 */
export function trackingFrom(env: Readonly<Record<string, string | undefined>>): Tracking | undefined {
  const uri = env["MLFLOW_TRACKING_URI"];
  if (uri === undefined || uri === "") return undefined;
  const url = URL.parse(uri);
  if (url === null || !["http:", "https:"].includes(url.protocol) || url.username !== "") {
    throw inputError(
      `\`MLFLOW_TRACKING_URI\` must be the address of an MLflow server, such as https://mlflow.example.com, got ` +
        `\`${url === null ? uri : `${url.protocol}//…`}\`; name and password go into \`MLFLOW_TRACKING_USERNAME\` and \`MLFLOW_TRACKING_PASSWORD\``,
    );
  }
  const authorization = authorizationFrom(env);
  return { url: url.href.replace(/\/+$/, ""), ...(authorization !== undefined && { authorization }) };
}

function authorizationFrom(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const { MLFLOW_TRACKING_TOKEN: token, MLFLOW_TRACKING_USERNAME: user, MLFLOW_TRACKING_PASSWORD: password } = env;
  if (user) return `Basic ${Buffer.from(`${user}:${password ?? ""}`).toString("base64")}`;
  return token ? `Bearer ${token}` : undefined;
}

/**
 * Writes a finished run down in MLflow, by its REST API. The run is marked as finished last, so that one which broke off
 * half-way does not look whole.
 */
export async function trackRun(tracking: Tracking, run: TrackedRun): Promise<TrackedAt> {
  const call = connect(tracking);
  const experiment_id = await ensureExperiment(call, run.experiment);
  const created = (await call("POST", "runs/create", {
    experiment_id,
    run_name: run.name,
    start_time: run.startedAt,
    tags: Object.entries(run.tags).map(([key, value]) => ({ key, value })),
  })) as { run: { info: { run_id: string; artifact_uri: string } } };
  const { run_id, artifact_uri } = created.run.info;
  const timestamp = Date.now();
  const metrics = Object.entries(run.metrics).map(([key, value]) => ({ key: nameOf(key), value, timestamp, step: 0 }));
  await call("POST", "runs/log-batch", { run_id, metrics });
  const params = flattenParameters(run.parameters).map(([key, value]) => ({
    key: nameOf(key),
    value: value.slice(0, LONGEST_VALUE),
  }));
  for (let from = 0; from < params.length; from += MOST_PARAMETERS) {
    await call("POST", "runs/log-batch", { run_id, params: params.slice(from, from + MOST_PARAMETERS) });
  }
  for (const [name, file] of Object.entries(run.artifacts)) await sendArtifact(tracking, artifact_uri, name, file);
  await call("POST", "runs/update", { run_id, status: "FINISHED", end_time: Date.now() });
  return { runId: run_id, url: `${tracking.url}/#/experiments/${experiment_id}/runs/${run_id}` };
}

type Call = (method: "GET" | "POST", path: string, body?: unknown) => Promise<unknown>;

/** MLflow's answer where it refuses something. */
class MlflowError extends Error {
  readonly code: string | undefined;

  constructor(action: string, status: number, text: string) {
    let body: { error_code?: unknown; message?: unknown } = {};
    try {
      body = (JSON.parse(text) ?? {}) as typeof body;
    } catch {
      // A proxy's page: the status says enough.
    }
    super(`MLflow answered ${status} to ${action}${typeof body.message === "string" ? `: ${body.message}` : ""}`);
    this.code = typeof body.error_code === "string" ? body.error_code : undefined;
  }
}

function connect(tracking: Tracking): Call {
  return async (method, path, body) => {
    const text = await ask(tracking, method, `/api/2.0/mlflow/${path}`, {
      headers: { "content-type": "application/json" },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return JSON.parse(text);
  };
}

async function ask(tracking: Tracking, method: string, path: string, init: RequestInit): Promise<string> {
  const headers = new Headers(init.headers);
  if (tracking.authorization !== undefined) headers.set("authorization", tracking.authorization);
  const action = `${method} ${path.split("?")[0]}`;
  // A redirect would carry the credentials elsewhere.
  const answer = await fetch(tracking.url + path, {
    ...init,
    method,
    headers,
    redirect: "error",
    signal: init.signal ?? AbortSignal.timeout(TIMEOUT_MS),
  }).catch((error: unknown) => {
    throw new Error(`MLflow at ${tracking.url} could not be asked for ${action}: ${causeOf(error)}`);
  });
  const text = await answer.text();
  if (!answer.ok) throw new MlflowError(action, answer.status, text);
  return text;
}

/** `fetch failed` says nothing; its cause does. */
function causeOf(error: unknown): string {
  const cause = (error as { cause?: unknown } | null)?.cause;
  return messageOf(cause ?? error);
}

async function ensureExperiment(call: Call, name: string): Promise<string> {
  const find = async () => {
    const path = `experiments/get-by-name?experiment_name=${encodeURIComponent(name)}`;
    return ((await call("GET", path)) as { experiment: { experiment_id: string } }).experiment.experiment_id;
  };
  try {
    return await find();
  } catch (error) {
    if (!(error instanceof MlflowError) || error.code !== "RESOURCE_DOES_NOT_EXIST") throw error;
  }
  try {
    return ((await call("POST", "experiments/create", { name })) as { experiment_id: string }).experiment_id;
  } catch (error) {
    // Somebody else made it meanwhile.
    if (error instanceof MlflowError && error.code === "RESOURCE_ALREADY_EXISTS") return find();
    throw error;
  }
}

/** Servers hand artifacts on to their own store (`mlflow-artifacts:`); to another store only MLflow's clients can write. */
async function sendArtifact(tracking: Tracking, artifactUri: string, name: string, file: string): Promise<void> {
  const root = /^mlflow-artifacts:(?:\/\/[^/]*)?\/(?<path>.+)$/.exec(artifactUri)?.groups?.["path"];
  if (root === undefined) {
    throw new Error(
      `the server keeps artifacts at ${artifactUri.split(":")[0]}: and takes none itself; start it with --serve-artifacts`,
    );
  }
  const path = `${root}/${name}`.split("/").map(encodeURIComponent).join("/");
  await ask(tracking, "PUT", `/api/2.0/mlflow-artifacts/artifacts/${path}`, {
    headers: { "content-type": "application/octet-stream" },
    body: await openAsBlob(file),
    signal: AbortSignal.timeout(ARTIFACT_TIMEOUT_MS),
  });
}

/** Names hold letters, digits, `_`, `-`, `.`, space and `/`. */
function nameOf(name: string): string {
  return name.replace(/[^\w\-. /]/g, "_").slice(0, LONGEST_NAME);
}
