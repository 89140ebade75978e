import { credentials } from "@grpc/grpc-js";
import type { Session } from "./provider.ts";
import type { Properties } from "./values.ts";
import { EngineClient, LogRequest, LogSeverity } from "./wire.ts";

/** How many connections' settings are kept; an engine has one for each provider in its program. */
const keptSessions = 200;

interface Connection {
  settings: Properties | undefined;
  engine: EngineClient | undefined;
}

/**
 * What each connected engine configured. A real plugin serves one engine; this process serves every stack at work, so its
 * state hangs on the connection (the peer's address).
 */
export interface Sessions {
  configure(peer: string, settings: Properties): void;
  attach(peer: string, engineAddress: string): void;
  get(peer: string): Session;
  close(): void;
}

export function createSessions(): Sessions {
  const connections = new Map<string, Connection>();
  // An engine that was quiet for half an hour comes back on a new connection, and does not configure again.
  let latest: Properties = {};

  const connection = (peer: string): Connection => {
    const known = connections.get(peer);
    if (known !== undefined) return known;
    const [oldest] = connections.keys();
    if (oldest !== undefined && connections.size >= keptSessions) {
      connections.get(oldest)?.engine?.close();
      connections.delete(oldest);
    }
    const fresh: Connection = { settings: undefined, engine: undefined };
    connections.set(peer, fresh);
    return fresh;
  };

  return {
    configure(peer, settings) {
      connection(peer).settings = settings;
      latest = settings;
    },
    attach(peer, engineAddress) {
      const attached = connection(peer);
      attached.engine?.close();
      attached.engine = new EngineClient(engineAddress, credentials.createInsecure());
    },
    get(peer) {
      const { settings, engine } = connection(peer);
      return { settings: settings ?? latest, say: (urn, line) => log(engine, urn, line) };
    },
    close() {
      for (const { engine } of connections.values()) engine?.close();
      connections.clear();
    },
  };
}

/** Shown by the engine; an engine that has gone misses nothing, so a failure to reach it is no failure of the call. */
function log(engine: EngineClient | undefined, urn: string, line: string): Promise<void> {
  if (engine === undefined) return Promise.resolve();
  const request = new LogRequest();
  request.setUrn(urn);
  request.setSeverity(LogSeverity.INFO);
  request.setMessage(line);
  return new Promise((resolve) => engine.log(request, () => resolve()));
}
