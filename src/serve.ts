import { availableParallelism } from "node:os";
import { findModelFolder, parseLabels, readModelFiles } from "./classifier.ts";
import { InputError, wholeNumber } from "./command-line.ts";
import { createApp } from "./server/app.ts";
import { checkIntegrity } from "./server/integrity.ts";
import { startPool } from "./server/pool.ts";

// About half a second of work; who would wait longer is better told at once.
const queueLimit = 64;
/** How long requests in flight may take to finish when the server is asked to stop, in milliseconds. */
const stopWithin = 30_000;

/**
 * Serves the model in `AZUREML_MODEL_DIR` on `HOST`:`PORT` with `WORKERS` scoring threads, until SIGTERM or SIGINT. With
 * `MODEL_PUBLIC_KEY`, the PEM of a key, the model must be signed with it. Nothing listens before the model's integrity is
 * checked and every worker has loaded it. PORT 0 takes a free port.
 */
async function serve(environment: NodeJS.ProcessEnv): Promise<void> {
  const started = performance.now();
  const host = environment["HOST"] ?? "127.0.0.1";
  const port = wholeNumber("PORT", environment["PORT"] ?? "5001", 0, 65_535);
  const workers = wholeNumber("WORKERS", environment["WORKERS"] ?? `${Math.min(2, availableParallelism())}`, 1, 64);
  const modelPath = environment["AZUREML_MODEL_DIR"];
  if (!modelPath) throw new InputError("AZUREML_MODEL_DIR is not set; name the folder that holds model.onnx");

  const files = await readModelFiles(await findModelFolder(modelPath));
  const checked = await checkIntegrity(files, environment["MODEL_PUBLIC_KEY"]);
  const pool = await startPool(files, { workers, queueLimit, onDeath: fail });
  const { server, stopTaking } = await createApp(parseLabels(files), pool);

  const stop = async (): Promise<void> => {
    stopTaking();
    setTimeout(() => fail(new Error(`requests were still in flight after ${stopWithin / 1000} s`)), stopWithin).unref();
    await server.close();
    await pool.close();
    process.exit(0);
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop().catch(fail));

  const address = await server.listen({ host, port });
  const seconds = ((performance.now() - started) / 1000).toFixed(2);
  console.log(
    `serve: ${address}, ${files.folder}${checked ? "" : " (no manifest)"}, ${workers} workers, ready in ${seconds} s`,
  );
}

function fail(error: unknown): void {
  const mine = error instanceof InputError;
  process.stderr.write(`serve: ${mine ? error.message : error instanceof Error ? error.stack : error}\n`);
  process.exit(mine ? 2 : 3);
}

if (import.meta.main) await serve(process.env).catch(fail);
