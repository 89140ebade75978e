/**
 * `pulumi-language-nodejs`: runs Node programs for the Pulumi engine, where the CLI came without its own language
 * host. Speaks the LanguageRuntime gRPC service and tells its port on the first line of stdout. Started with
 * end-with-parent.mjs (see tools/setup/bin-folder.ts), so it lives as long as the engine does.
 */
import { createServer } from "./server.ts";

/** The engine passes its flags first and its address last; a flag's value may be a word of its own (`--tracing URL`). */
const engineAddress = process.argv.at(-1) ?? "";

const { port } = await createServer(engineAddress);
process.stdout.write(`${port}\n`);

// The engine asks plugins to end with SIGINT and kills what is left after five seconds. A program still running then
// ends by its own copy of `end-with-parent.mjs`.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(0));
