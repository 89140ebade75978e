import { spawn } from "node:child_process";
import { once } from "node:events";
import { freePort } from "./free-port.ts";
import { judge } from "./judges.ts";
import { answers } from "./moto.ts";

/** A fault of a connection, as Toxiproxy names them. https://github.com/Shopify/toxiproxy#toxics */
export interface Toxic {
  readonly type: "bandwidth" | "latency" | "limit_data" | "reset_peer" | "slow_close" | "timeout";
  /** Towards the server, or towards us. */
  readonly stream: "upstream" | "downstream";
  /** Share of connections that have it. @default 1 */
  readonly toxicity?: number;
  readonly attributes: Readonly<Record<string, number>>;
}

/** A way to a server of this machine that can be made bad. */
export interface Road {
  readonly port: number;
  /** Adds a fault to connections made from now on; those there are cut. */
  spoil(toxic: Toxic): Promise<void>;
  /** Takes every fault away. */
  mend(): Promise<void>;
}

/** Why tests of broken networks are skipped; false where there is a Toxiproxy. */
export const whyNoToxiproxy = judge("toxiproxy").skip;

export interface Toxiproxy {
  road(name: string, upstreamPort: number): Promise<Road>;
  stop(): Promise<void>;
}

export async function startToxiproxy(): Promise<Toxiproxy> {
  const port = await freePort();
  const child = spawn(judge("toxiproxy").file, ["-host", "127.0.0.1", "-port", String(port)], { stdio: "ignore" });
  const api = `http://127.0.0.1:${port}`;
  await answers(child, `${api}/version`);
  const call = async (method: string, path: string, body?: unknown) => {
    const answer = await fetch(`${api}${path}`, { method, ...(body !== undefined && { body: JSON.stringify(body) }) });
    if (!answer.ok) throw new Error(`toxiproxy: ${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.status === 204
      ? undefined
      : ((await answer.json()) as { listen: string; toxics: { name: string }[] });
  };
  return {
    async road(name, upstreamPort) {
      const listen = `127.0.0.1:${await freePort()}`;
      const place = { name, listen, upstream: `127.0.0.1:${upstreamPort}`, enabled: true };
      await call("POST", "/proxies", place);
      const cut = async () => {
        await call("POST", `/proxies/${name}`, { ...place, enabled: false });
        await call("POST", `/proxies/${name}`, place);
      };
      return {
        port: Number(listen.split(":")[1]),
        async spoil(toxic) {
          await call("POST", `/proxies/${name}/toxics`, { toxicity: 1, ...toxic });
          await cut();
        },
        async mend() {
          const { toxics = [] } = (await call("GET", `/proxies/${name}`)) ?? {};
          for (const toxic of toxics) await call("DELETE", `/proxies/${name}/toxics/${toxic.name}`);
          await cut();
        },
      };
    },
    async stop() {
      const closed = once(child, "close");
      child.kill("SIGTERM");
      await closed;
    },
  };
}
