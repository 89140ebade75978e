import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { writeFileAtomically } from "./atomic-file.ts";
import { readIfThere } from "./read-file.ts";

/** What `emulator.json` says of a running emulator. It holds credentials: mode 0600. */
const emulatorRecord = z.object({
  pid: z.int(),
  startedAt: z.iso.datetime(),
  env: z.record(z.string(), z.string()),
  services: z.record(z.string(), z.string()),
});

export type EmulatorRecord = z.infer<typeof emulatorRecord>;

/** The daemon's exit code when another one holds the home. Not a failure: whoever asked can use that one. */
export const exitHomeTaken = 75;

export interface HomePaths {
  readonly record: string;
  readonly lock: string;
  readonly ports: string;
  readonly logs: string;
  /** What the daemon says of itself; a service has its own file beside it. */
  readonly log: string;
  readonly certificate: string;
  readonly service: (name: string) => string;
}

export function homePaths(home: string): HomePaths {
  const logs = join(home, "logs");
  return {
    record: join(home, "emulator.json"),
    lock: join(home, "emulator.lock"),
    ports: join(home, "ports.json"),
    logs,
    log: join(logs, "emulator.log"),
    certificate: join(home, "certificate"),
    service: (name) => join(home, name),
  };
}

/** Credentials and object contents live here, so nobody else on the machine may look in. */
export function makeHome(home: string): HomePaths {
  const paths = homePaths(home);
  mkdirSync(home, { recursive: true, mode: 0o700 });
  mkdirSync(paths.logs, { recursive: true, mode: 0o700 });
  return paths;
}

export function readRecord(file: string): EmulatorRecord | undefined {
  const text = readIfThere(file);
  if (text === undefined) return undefined;
  try {
    return emulatorRecord.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

export async function writeRecord(file: string, record: EmulatorRecord): Promise<void> {
  await writeFileAtomically(file, `${JSON.stringify(record, undefined, 2)}\n`, 0o600);
}
