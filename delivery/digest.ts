import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";

/** SHA-256 in lower-case hex. */
export function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/** SHA-256 and size of a stream, read once, never held whole. */
export async function sha256OfStream(stream: AsyncIterable<Uint8Array>): Promise<{ sha256: string; bytes: number }> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of stream) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { sha256: hash.digest("hex"), bytes };
}

/** SHA-256 and size of a local file. */
export async function sha256OfFile(file: string): Promise<{ sha256: string; bytes: number }> {
  return sha256OfStream(createReadStream(file));
}

/** Which files a set holds, by name and content; order does not matter. */
export function fingerprint(files: readonly { readonly name: string; readonly sha256: string }[]): string {
  const lines = files.map((file) => `${file.name} ${file.sha256}\n`).sort();
  return sha256(lines.join(""));
}
