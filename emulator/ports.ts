import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { writeFileAtomically } from "./atomic-file.ts";
import { readIfThere } from "./read-file.ts";

const portsFile = z.record(z.string(), z.int().min(1).max(65_535));

export interface Ports {
  /** A free loopback port for `purpose`: the one it had before, or a new one where that is taken now. */
  get(purpose: string): Promise<number>;
  /** Forgets every port whose purpose begins with `prefix`: somebody took one between look-up and use. */
  forget(prefix: string): Promise<void>;
}

/** In milliseconds. */
const patience = 1_500;

/** Ports that stay the same from start to start, so that URLs written into state files stay true. */
export function openPorts(file: string): Ports {
  const remembered = new Map<string, number>(Object.entries(read(file)));
  const handedOut = new Set<number>();
  const given = new Map<string, number>();
  // Several services ask at once; one write after another, each with all that is known by then.
  let turn: Promise<void> = Promise.resolve();
  const save = () => {
    turn = turn.then(() =>
      writeFileAtomically(file, `${JSON.stringify(Object.fromEntries(remembered), undefined, 2)}\n`),
    );
    return turn;
  };

  return {
    async get(purpose) {
      const before = remembered.get(purpose);
      // Asked again in one run, the port is in use by the very one who asks.
      if (before !== undefined && given.get(purpose) === before) return before;
      if (before !== undefined && !handedOut.has(before) && (await comesFree(before))) {
        handedOut.add(before);
        given.set(purpose, before);
        return before;
      }
      const port = await unusedPort(handedOut);
      handedOut.add(port);
      given.set(purpose, port);
      remembered.set(purpose, port);
      await save();
      return port;
    },
    async forget(prefix) {
      for (const purpose of remembered.keys()) {
        if (!purpose.startsWith(prefix)) continue;
        remembered.delete(purpose);
        given.delete(purpose);
      }
      await save();
    },
  };
}

/** After kill -9 our own children need a moment to go; a stranger that holds the port stays. */
async function comesFree(port: number): Promise<boolean> {
  for (let waited = 0; waited < patience; waited += 50) {
    if (await isFree(port)) return true;
    await sleep(50);
  }
  return false;
}

/**
 * Where new ports are looked for: below those that systems lend to outgoing connections (Linux from 32768, others from
 * 49152). A connection of a busy neighbour would take one of those between this look and its use.
 */
const RANGE = { from: 20_000, to: 32_000 };

/** A free loopback port that is not `taken`. */
export async function unusedPort(taken: ReadonlySet<number> = new Set()): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const port = randomInt(RANGE.from, RANGE.to);
    if (!taken.has(port) && (await isFree(port))) return port;
  }
  throw new Error("No free port on 127.0.0.1 in 50 attempts; end programs that hold many sockets and try again.");
}

/** Whether `port` can be bound. */
function isFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE" || error.code === "EACCES") resolve(false);
      else reject(error);
    });
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

/** A file that cannot be read costs only the memory of old ports, so it is started anew. */
function read(file: string): Record<string, number> {
  const text = readIfThere(file);
  if (text === undefined) return {};
  try {
    return portsFile.parse(JSON.parse(text));
  } catch {
    return {};
  }
}
