/**
 * `npm run pulumi -- ARGUMENTS`: the Pulumi CLI in the rehearsal. Sets up what is missing, starts the emulator, makes
 * the clone and its stacks, and runs the CLI in the clone's folder. Stdout carries what Pulumi prints and nothing else.
 */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { join } from "node:path";
import { startEmulator } from "../emulator/client.ts";
import { projectRoot } from "./places.ts";
import { openWorkplace } from "./rehearsal/story.ts";
import { SURROUNDINGS_FAILED } from "./setup/commands.ts";
import { prepareOrExit } from "./setup.ts";
import { enterSurroundings } from "./surroundings.ts";

await prepareOrExit();
const home = join(projectRoot, ".rehearsal");
enterSurroundings(home);

try {
  const emulator = await startEmulator({ home: join(home, "emulator"), root: projectRoot });
  const place = await openWorkplace(home, projectRoot, emulator.env, () => {});
  const cli = spawn("pulumi", process.argv.slice(2), { cwd: place.clone, env: place.env, stdio: "inherit" });
  // A terminal's Ctrl-C reaches both processes; this one waits, so that the engine can end its update in good order.
  process.on("SIGINT", () => {});
  for (const signal of ["SIGTERM", "SIGHUP"] as const) process.on(signal, () => cli.kill(signal));
  process.exitCode = await new Promise<number>((resolve, reject) => {
    cli.once("error", reject);
    cli.once("close", (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
  });
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = SURROUNDINGS_FAILED;
}
