import { enableCompileCache, flushCompileCache } from "node:module";
import { resolve } from "node:path";
import { parseArgs } from "node:util";

/** The emulator's own process. Started by `client.ts`, which reads its exit code and its log; not for hands. */
const { values } = parseArgs({
  options: { home: { type: "string" }, root: { type: "string" }, "idle-minutes": { type: "string", default: "30" } },
});
const idleMinutes = Number(values["idle-minutes"]);
if (values.home === undefined || values.root === undefined || !(idleMinutes > 0)) {
  process.stderr.write("usage: main.ts --home DIR --root DIR [--idle-minutes N], N above 0\n");
  process.exit(2);
}

// Halves the time until the services answer, which is mostly the compiling of SDKs; hence the late imports.
enableCompileCache();
const { runDaemon } = await import("./daemon.ts");
const { wireServices } = await import("./wiring.ts");

try {
  const home = resolve(values.home);
  const root = resolve(values.root);
  const ending = await runDaemon({ home, root, idleMinutes, steps: wireServices(), onReady: flushCompileCache });
  process.stderr.write(`ended: ${ending.reason}\n`);
  process.exit(ending.code);
} catch (error) {
  process.stderr.write(`failed: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
