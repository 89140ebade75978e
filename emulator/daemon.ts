import { rmSync, statSync } from "node:fs";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { ensureCertificate } from "./certificate.ts";
import { exitHomeTaken, makeHome, writeRecord } from "./home.ts";
import { holdsLock, releaseLock, takeLock } from "./lock.ts";
import { openLog } from "./log.ts";
import { openPorts } from "./ports.ts";
import { type Step, type Supervisor, supervise } from "./supervisor.ts";

export interface DaemonOptions {
  readonly home: string;
  readonly root: string;
  /** Ends by itself after this long without use. */
  readonly idleMinutes: number;
  readonly steps: readonly Step[];
  /** Called once, when all services answer. */
  readonly onReady?: () => void;
}

/** Why the daemon ended, and with which exit code. */
export interface Ending {
  readonly reason: string;
  readonly code: number;
}

/** Runs the emulator until it is told to end, or nobody uses it, or it cannot start. */
export async function runDaemon(options: DaemonOptions): Promise<Ending> {
  const paths = makeHome(options.home);
  const holder = takeLock(paths.lock);
  if (holder !== undefined) return { reason: `process ${holder.pid} already runs there`, code: exitHomeTaken };
  const log = openLog(paths.log);
  const end = endings();
  let used = Date.now();
  let supervisor: Supervisor | undefined;
  try {
    rmSync(paths.record, { force: true });
    const certificate = await ensureCertificate(paths.certificate, process.env["NODE_EXTRA_CA_CERTS"]);
    // Services call each other over HTTPS; the variable itself is read only when a process begins.
    setDefaultCACertificates([...getCACertificates("default"), certificate.cert]);
    supervisor = supervise(options.steps, {
      paths,
      root: options.root,
      certificate,
      ports: openPorts(paths.ports),
      env: { NODE_EXTRA_CA_CERTS: certificate.bundleFile },
      log,
      touch: () => {
        used = Date.now();
      },
    });
    const starting = supervisor.start();
    const early = await Promise.race([end.requested, starting.then(() => undefined)]);
    if (early !== undefined) return early;
    // Two daemons can heal the same stale lock at once; only the one that still holds it may speak for the home.
    if (!holdsLock(paths.lock)) return { reason: "another emulator took the home", code: exitHomeTaken };
    await writeRecord(paths.record, { pid: process.pid, startedAt: new Date().toISOString(), ...(await starting) });
    log(`ready: process ${process.pid}`);
    options.onReady?.();
    end.whenIdle(options.idleMinutes * 60_000, () => Math.max(used, touchedAt(paths.record)));
    return await end.requested;
  } finally {
    end.dispose();
    // First the record: nobody should be sent to services that are on their way out.
    if (holdsLock(paths.lock)) rmSync(paths.record, { force: true });
    await supervisor?.stop();
    releaseLock(paths.lock);
  }
}

/** Everything that can ask the daemon to end, as one promise. */
function endings() {
  const { promise: requested, resolve } = Promise.withResolvers<Ending>();
  let timer: NodeJS.Timeout | undefined;
  const onSignal = (signal: NodeJS.Signals) => resolve({ reason: `told to by ${signal}`, code: 0 });
  process.on("SIGTERM", onSignal).on("SIGINT", onSignal).on("SIGHUP", onSignal);
  return {
    requested,
    whenIdle(limit: number, lastUse: () => number) {
      const check = () => {
        const idle = Date.now() - lastUse();
        if (idle >= limit) resolve({ reason: `not used for ${Math.round(idle / 1000)} s`, code: 0 });
      };
      timer = setInterval(check, Math.min(5_000, Math.max(50, limit / 4)));
    },
    dispose() {
      clearInterval(timer);
    },
  };
}

/** Clients in other processes say "I use you" by setting the record's time. */
function touchedAt(record: string): number {
  return statSync(record, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
