import { execFile, spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");

/** The endpoint under test. */
export interface Endpoint {
  /** Where predictions are asked for. */
  readonly predict: string;
  /** Another path of the same server. */
  url(path: string): string;
  readonly headers: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/**
 * The endpoint that `ENDPOINT_URL` (or `STAGING_ENDPOINT_URL`) names, with the key in `API_KEY` (or `STAGING_API_KEY`).
 * The address may be the server's own or a scoring address, path included. Where none is named, the scoring server is
 * started here, with a model trained on a few generated pictures, so that the tests always look at something.
 */
export async function openEndpoint(environment: NodeJS.ProcessEnv = process.env): Promise<Endpoint> {
  const address = environment["ENDPOINT_URL"] || environment["STAGING_ENDPOINT_URL"];
  const key = environment["API_KEY"] || environment["STAGING_API_KEY"];
  if (!address) return startLocally();
  return { ...locate(address), headers: key ? { authorization: `Bearer ${key}` } : {}, close: async () => {} };
}

/** A photograph of a leaf, made here: JPEG. */
export async function photographLeaf(): Promise<Buffer<ArrayBuffer>> {
  const folder = await mkdtemp(join(tmpdir(), "leaf-"));
  try {
    await source("generate.ts", "--output-path", folder, "--per-class", "1", "--seed", "7");
    const [leaf] = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".jpg")).sort();
    if (!leaf) throw new Error(`src/generate.ts made no .jpg in ${folder}`);
    return await readFile(join(folder, leaf));
  } finally {
    await rm(folder, { recursive: true });
  }
}

function locate(address: string): Pick<Endpoint, "predict" | "url"> {
  const { pathname } = new URL(address);
  const url = (path: string) => new URL(path, address).href;
  return { predict: pathname === "/" ? url("/predict") : address, url };
}

async function startLocally(): Promise<Endpoint> {
  const folder = await mkdtemp(join(tmpdir(), "integration-"));
  const [data, model] = [join(folder, "data"), join(folder, "model")];
  await source("generate.ts", "--output-path", data, "--per-class", "2");
  await source("train.ts", "--data-path", data, "--output-path", model);
  const server = spawn(process.execPath, [join(root, "src/serve.ts")], {
    env: { ...process.env, AZUREML_MODEL_DIR: model, HOST: "127.0.0.1", PORT: "0", WORKERS: "1" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<void>((resolve) => server.once("exit", () => resolve()));
  const close = async () => {
    server.kill("SIGTERM");
    await ended;
    await rm(folder, { recursive: true });
  };
  try {
    return { ...locate(await listeningAddress(server.stdout)), headers: {}, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The address that the server says it listens on. */
async function listeningAddress(output: Readable): Promise<string> {
  const lines = createInterface({ input: output, signal: AbortSignal.timeout(60_000) });
  return new Promise((resolve, reject) => {
    lines.on("line", (line) => {
      const address = /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0];
      if (address) resolve(address);
    });
    lines.once("close", () => reject(new Error("src/serve.ts did not listen within 60 s; its errors are above")));
  });
}

/** Runs one of the model's own commands. */
async function source(command: string, ...args: string[]): Promise<void> {
  await run(process.execPath, [join(root, "src", command), ...args]);
}
