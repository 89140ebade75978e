import { unusedPort } from "../../emulator/ports.ts";

const given = new Set<number>();

/**
 * A port of this machine that nothing listens on and that this process was not given before. It is none that the system
 * lends to outgoing connections: the files of tests run side by side, and one of their connections would take it.
 */
export async function freePort(): Promise<number> {
  const port = await unusedPort(given);
  given.add(port);
  return port;
}
