import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { Pool } from "undici";

/** One request and its answer. Times are of `performance.now()`. */
export type Served = {
  readonly begun: number;
  readonly ended: number;
  /** The deployment that the caller named; undefined where traffic decided. */
  readonly named: string | undefined;
  /** 0 where there was no answer. */
  readonly status: number;
  /** Who answered, by the endpoint's own header. */
  readonly deployment: string | undefined;
  /** The model's words, or why there are none. */
  readonly body: string;
};

export type LoadOptions = {
  readonly scoringUri: string;
  /** Asked for again every ten minutes: a token lasts an hour, and a full proof longer. */
  readonly token: () => Promise<string>;
  /** File of the picture that is posted. */
  readonly picture: string;
  /** Connections, each with one request at a time: the next goes out when the last is answered. */
  readonly connections: number;
  /** Milliseconds between an answer and the next request. @default 0 */
  readonly pauseMs?: number;
  /** Deployments to call by name, every tenth time. @default - none */
  readonly named?: () => readonly string[];
};

/** How many these are, and a few of them: a list of a hundred thousand is no message, and takes gigabytes to compare. */
export function few(list: readonly Served[]): { readonly count: number; readonly first: readonly Served[] } {
  return { count: list.length, first: list.slice(0, 3) };
}

/** What {@link few} says of none. */
export const NONE = few([]);

/** Requests that go on. */
export type Load = {
  /** What was answered so far, in the order of the answers. */
  readonly served: readonly Served[];
  /** Calls one deployment by name now. */
  call(deployment: string): Promise<Served>;
  stop(): Promise<void>;
};

const TOKEN_MS = 600_000;
const BOUNDARY = "leaf-picture-boundary";

/** Posts one picture over and over on connections that are kept. Nothing is tried twice: what fails, failed. */
export function startLoad(options: LoadOptions): Load {
  const { scoringUri, token, connections, pauseMs = 0, named = () => [] } = options;
  const { origin, pathname } = new URL(scoringUri);
  const pool = new Pool(origin, { connections: connections + 1, pipelining: 1 });
  const body = multipart(readFileSync(options.picture));
  const served: Served[] = [];
  let going = true;
  let renewed = 0;
  let held: Promise<string> | undefined;
  const authorization = async () => {
    if (held === undefined || performance.now() - renewed > TOKEN_MS) {
      renewed = performance.now();
      held = token();
    }
    return `Bearer ${await held}`;
  };
  const post = async (name: string | undefined): Promise<Served> => {
    const headers = {
      authorization: await authorization(),
      "content-type": `multipart/form-data; boundary=${BOUNDARY}`,
      ...(name !== undefined && { "azureml-model-deployment": name }),
    };
    const begun = performance.now();
    try {
      const answer = await pool.request({ method: "POST", path: pathname, headers, body });
      const text = await answer.body.text();
      const by = answer.headers["azureml-model-deployment"];
      const deployment = typeof by === "string" ? by : undefined;
      return { begun, ended: performance.now(), named: name, status: answer.statusCode, deployment, body: text };
    } catch (error) {
      return { begun, ended: performance.now(), named: name, status: 0, deployment: undefined, body: String(error) };
    }
  };
  const caller = async (index: number) => {
    for (let turn = index; going; turn += 1) {
      const names = turn % 10 === 0 ? named() : [];
      served.push(await post(names[Math.floor(turn / 10) % names.length]));
      if (pauseMs > 0) await delay(pauseMs);
    }
  };
  const callers = Promise.all(Array.from({ length: connections }, (_, index) => caller(index)));
  return {
    served,
    call: (deployment) => post(deployment),
    async stop() {
      going = false;
      await callers;
      if (!pool.destroyed) await pool.destroy();
    },
  };
}

function multipart(picture: Buffer): Buffer {
  const head = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="image"; filename="leaf.jpg"\r\nContent-Type: image/jpeg\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), picture, Buffer.from(`\r\n--${BOUNDARY}--\r\n`)]);
}
