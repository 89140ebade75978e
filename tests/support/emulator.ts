import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before } from "node:test";
import { startEmulator, stopEmulator } from "../../emulator/client.ts";

export const projectRoot = resolve(import.meta.dirname, "..", "..");

/** A whole emulator in a home of its own. */
export interface TestEmulator {
  readonly home: string;
  /** Every variable a client needs; give it to child processes on top of `process.env`. */
  readonly env: Readonly<Record<string, string>>;
  /** Service name → URL. */
  readonly services: Readonly<Record<string, string>>;
  /** Ends it and removes its home. */
  readonly stop: () => Promise<void>;
}

/** Starts an emulator in a temporary home. It ends by itself after 10 unused minutes if the test forgets to. */
export async function startTestEmulator(): Promise<TestEmulator> {
  const folder = mkdtempSync(join(tmpdir(), "ml-delivery-emulator-"));
  const home = join(folder, "emulator");
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  try {
    const { env, services } = await startEmulator({ home, root: projectRoot, idleMinutes: 10 });
    const stop = async () => {
      await stopEmulator(home);
      remove();
    };
    return { home, env, services, stop };
  } catch (error) {
    remove();
    throw error;
  }
}

/**
 * One emulator for a test file: started before its first test, stopped after its last.
 * @returns a function that gives it, to be called inside tests.
 */
export function withEmulator(): () => TestEmulator {
  let emulator: TestEmulator | undefined;
  before(async () => {
    emulator = await startTestEmulator();
  });
  after(async () => {
    await emulator?.stop();
  });
  return () => {
    if (emulator === undefined) throw new Error("The emulator runs only while tests do; ask for it inside one.");
    return emulator;
  };
}
