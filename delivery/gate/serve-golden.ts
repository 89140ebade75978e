import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { DeliveryError, inputError } from "../errors.ts";
import type { Golden } from "../golden.ts";
import { type LimitedProcess, type ProcessLimits, startLimited } from "../limited-process.ts";
import { describe } from "../manifest.ts";

/** A model's folder, its own server, and what that may use. */
export type Serving = {
  readonly folder: string;
  readonly labels: readonly string[];
  /** Program and arguments, separated by spaces; run without a shell. Serves as docs/architecture.md has it. */
  readonly command: string;
  readonly limits: ProcessLimits;
};

/** How the golden samples came out. */
export type GoldenResult = {
  readonly samples: number;
  /** The furthest that any probability of the server was from training's. */
  readonly max_difference: number;
};

const Answer = z.object({ probabilities: z.record(z.string(), z.number()) });

/**
 * Starts the model's own server, as an endpoint would, and asks it about the golden samples: what it does to a picture
 * before the model sees it is part of the answer.
 *
 * @throws DeliveryError of kind `input`: the server does not start or does not answer as the contract says.
 */
export async function serveGolden(golden: Golden, serving: Serving): Promise<GoldenResult> {
  const port = await freePort();
  const [program, ...args] = serving.command.split(" ").filter(Boolean);
  if (program === undefined) throw inputError("the server command is empty; give one such as `node src/serve.ts`");
  const env = { AZUREML_MODEL_DIR: serving.folder, HOST: "127.0.0.1", PORT: String(port), WORKERS: "1" };
  const server = startLimited(program, args, serving.limits, env);
  try {
    const address = `http://127.0.0.1:${port}`;
    await waitUntilReady(address, server, serving.command);
    let furthest = 0;
    for (const [index, { image, probabilities }] of golden.samples.entries()) {
      const answered = await ask(address, Buffer.from(image, "base64"), serving, index);
      for (const [i, expected] of probabilities.entries()) {
        furthest = Math.max(furthest, Math.abs(expected - (answered[i] ?? Number.POSITIVE_INFINITY)));
      }
    }
    return { samples: golden.samples.length, max_difference: Math.min(1, furthest) };
  } finally {
    await server.stop();
  }
}

async function waitUntilReady(address: string, server: LimitedProcess, command: string): Promise<void> {
  const gone = server.ended.then(({ limit, stderr, code }) => {
    const why = limit ?? (stderr.trim().slice(-500) || `it ended with ${code}`);
    throw inputError(`\`${command}\` does not serve this model: ${why}`);
  });
  const ready = async (signal: AbortSignal) => {
    while (!signal.aborted) {
      const response = await fetch(`${address}/ready`, { signal }).catch(() => undefined);
      if (response?.ok) return;
      await delay(50);
    }
  };
  const controller = new AbortController();
  try {
    await Promise.race([ready(controller.signal), gone]);
  } finally {
    controller.abort();
    gone.catch(() => undefined);
  }
}

async function ask(
  address: string,
  image: Uint8Array<ArrayBuffer>,
  serving: Serving,
  index: number,
): Promise<number[]> {
  const form = new FormData();
  form.append("image", new Blob([image]), "golden");
  const what = `golden sample ${index + 1}`;
  const signal = AbortSignal.timeout(serving.limits.seconds * 1000);
  const response = await fetch(`${address}/predict`, { method: "POST", body: form, signal }).catch((error: unknown) => {
    throw new DeliveryError("input", `\`${serving.command}\` broke off at ${what}`, { cause: error });
  });
  const text = await response.text();
  if (!response.ok) throw inputError(`the server answers ${response.status} to ${what}: ${text.slice(0, 200)}`);
  const parsed = Answer.safeParse(parseOrNothing(text));
  if (!parsed.success) throw inputError(`the server's answer to ${what} is none: ${describe(parsed.error)}`);
  const { probabilities } = parsed.data;
  return serving.labels.map((label) =>
    Object.hasOwn(probabilities, label) ? Number(probabilities[label]) : Number.NaN,
  );
}

function parseOrNothing(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * A port that nobody has now, below those that systems lend to outgoing connections: the server binds it a second after
 * this look, and a busy machine would have lent it by then.
 */
async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const port = randomInt(20_000, 32_000);
    const probe = createServer();
    const bound = await new Promise<boolean>((resolve) => {
      probe.once("error", () => resolve(false));
      probe.listen(port, "127.0.0.1", () => resolve(true));
    });
    if (!bound) continue;
    await new Promise((resolve) => probe.close(resolve));
    return port;
  }
  throw new Error("no port of 127.0.0.1 from 20000 to 32000 is free; end programs that hold many sockets");
}
