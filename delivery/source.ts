import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Readable, Transform } from "node:stream";
import { DeliveryError } from "./errors.ts";

/** Content that is read as a stream, and again from its start when a transfer broke off. Never held whole. */
export type Source = {
  readonly bytes: number;
  readonly open: () => Promise<Readable>;
};

/** A file of this machine as a source. */
export async function fileSource(path: string): Promise<Source> {
  const { size } = await stat(path);
  return { bytes: size, open: async () => createReadStream(path) };
}

/** A short text as a source. */
export function textSource(text: string): Source {
  const content = Buffer.from(text);
  return { bytes: content.length, open: async () => Readable.from([content]) };
}

/** Content that was to be of one digest came out as another: somebody changed it meanwhile, or it was damaged. */
export class ChangedError extends DeliveryError {
  constructor(what: string) {
    super("surroundings", `${what} was changed while it was read; run the command again`);
    this.name = "ChangedError";
  }
}

/**
 * The same content, whose end comes only if it has the digest. What reads it sees an error in place of the last bytes
 * otherwise, so that nothing which writes whole or not at all writes other content.
 */
export function verified(source: Source, sha256: string, what: string): Source {
  return {
    bytes: source.bytes,
    open: async () => {
      const from = await source.open();
      const check = verifier(source.bytes, sha256, what);
      from.once("error", (error) => check.destroy(error));
      check.once("close", () => from.destroy());
      return from.pipe(check);
    },
  };
}

function verifier(bytes: number, sha256: string, what: string): Transform {
  const hash = createHash("sha256");
  let held: Buffer | undefined;
  let seen = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, next) {
      hash.update(chunk);
      seen += chunk.length;
      const earlier = held;
      held = chunk;
      next(null, earlier);
    },
    flush(end) {
      if (seen !== bytes || hash.digest("hex") !== sha256) return end(new ChangedError(what));
      return end(null, held);
    },
  });
}
