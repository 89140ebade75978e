import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import sharp from "sharp";

const folder = mkdtempSync(join(tmpdir(), "ml-delivery-picture-"));
const file = join(folder, "leaf.jpg");
const leaf = { width: 64, height: 64, channels: 3 as const, background: { r: 58, g: 125, b: 44 } };
writeFileSync(file, await sharp({ create: leaf }).jpeg().toBuffer());
after(() => rmSync(folder, { recursive: true }));

/** A picture's file; it goes with the tests. */
export const picture = (): string => file;
