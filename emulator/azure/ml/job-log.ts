import { open } from "node:fs/promises";
import type { AppendBlobClient } from "@azure/storage-blob";

// Somebody may be watching: at least twice a second.
const EVERY_MS = 300;
// The most that one block of an append blob takes is 4 MiB.
const BLOCK_BYTES = 4 * 1024 * 1024;

/** A log that is copied to a blob while it grows. */
export interface LogStream {
  /** Copies the rest and ends. */
  close(): Promise<void>;
}

/** Copies what is appended to `file` to an append blob, until closed. The blob is begun anew. */
export async function streamLog(file: string, blob: AppendBlobClient): Promise<LogStream> {
  const source = await open(file, "a+", 0o600);
  await blob.create({ blobHTTPHeaders: { blobContentType: "text/plain; charset=utf-8" } });
  const buffer = Buffer.alloc(BLOCK_BYTES);
  let position = 0;
  let closing = false;
  let wake: () => void = () => undefined;

  const copy = async () => {
    for (;;) {
      const { bytesRead } = await source.read(buffer, 0, BLOCK_BYTES, position);
      if (bytesRead === 0) return;
      await blob.appendBlock(buffer.subarray(0, bytesRead), bytesRead);
      position += bytesRead;
    }
  };
  const loop = async () => {
    while (!closing) {
      await copy();
      await new Promise<void>((resolve) => {
        wake = resolve;
        setTimeout(resolve, EVERY_MS);
      });
    }
    await copy();
  };
  // A log that cannot be written must not end the job; closing tells of it.
  const done = loop().then(
    () => undefined,
    (error: unknown) => error,
  );
  return {
    async close() {
      closing = true;
      wake();
      const error = await done;
      await source.close();
      if (error !== undefined) throw error;
    },
  };
}
