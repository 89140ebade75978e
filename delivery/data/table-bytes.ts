import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { inputError } from "../errors.ts";
import { type ByteSets, CHUNK, type ColumnScanner, createColumnScanner } from "./csv-columns.ts";
import { createFormCheck, type FormProblem } from "./csv-form.ts";
import type { TableFile, TableGroup } from "./table-files.ts";

/** What a file's bytes come to. */
export type FileRecord = { readonly name: string; readonly sha256: string; readonly bytes: number };

/** Reads the files of a group. */
export type ByteReader = {
  /**
   * Reads a file's bytes once: their digest, and for CSV whether all readers agree on where its cells end.
   *
   * @throws DeliveryError of kind `input`: they do not
   */
  read(file: TableFile): Promise<FileRecord>;
  /** Columns that have a set, and hold no other byte in the files read so far. */
  kept(): ReadonlySet<number>;
};

/** @param sets bytes that each column of a CSV may hold; undefined where that is of no interest */
export function createByteReader(kind: TableGroup["kind"], sets?: ByteSets): ByteReader {
  // As many as files are read at once: a new one for each would cost as much as reading a small file.
  const scanners: ColumnScanner[] = [];
  const idle: ColumnScanner[] = [];
  const addScanner = (to: ByteSets) => {
    const scanner = createColumnScanner(to);
    scanners.push(scanner);
    return scanner;
  };
  return {
    async read(file) {
      const scanner = sets && (idle.pop() ?? addScanner(sets));
      try {
        return await readBytes(file, kind, scanner);
      } finally {
        if (scanner) idle.push(scanner);
      }
    },
    kept: () => keptBy(scanners, sets ?? []),
  };
}

async function readBytes(
  { name, path }: TableFile,
  kind: TableGroup["kind"],
  scanner: ColumnScanner | undefined,
): Promise<FileRecord> {
  const hash = createHash("sha256");
  const form = kind === "csv" ? createFormCheck() : undefined;
  let bytes = 0;
  let problem: FormProblem | undefined;
  // One buffer for all: new ones would cost as much as reading into them.
  const buffer = scanner?.buffer ?? Buffer.allocUnsafeSlow(CHUNK);
  scanner?.begin();
  const file = await open(path);
  try {
    while (problem === undefined) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length);
      if (bytesRead === 0) break;
      const chunk = buffer.subarray(0, bytesRead);
      hash.update(chunk);
      problem = form?.add(chunk);
      scanner?.add(bytesRead);
      bytes += bytesRead;
    }
  } finally {
    await file.close();
  }
  problem ??= form?.end();
  if (problem === undefined) return { name, sha256: hash.digest("hex"), bytes };
  const line = await lineAt(path, problem.offset);
  throw inputError(`\`${name}\` is not a CSV table: line ${line}: ${problem.message}`);
}

async function lineAt(path: string, offset: number): Promise<number> {
  let line = 1;
  if (offset === 0) return line;
  for await (const part of createReadStream(path, { end: offset - 1 })) {
    const chunk = part as Buffer;
    for (let at = chunk.indexOf(0x0a); at >= 0; at = chunk.indexOf(0x0a, at + 1)) line++;
  }
  return line;
}

/** Bytes that are the beginning of a file. */
const START = 1 << 16;

/** Columns that hold no byte but those of their set at the beginning of a CSV file; its form is not looked at. */
export async function columnsAtStart({ path }: TableFile, sets: ByteSets): Promise<ReadonlySet<number>> {
  const scanner = createColumnScanner(sets);
  scanner.begin();
  const file = await open(path);
  try {
    scanner.add((await file.read(scanner.buffer, 0, START)).bytesRead);
  } finally {
    await file.close();
  }
  return keptBy([scanner], sets);
}

function keptBy(scanners: readonly ColumnScanner[], sets: ByteSets): ReadonlySet<number> {
  const kept = (column: number) => sets[column] !== undefined && !scanners.some((scanner) => scanner.broke(column));
  return new Set([...sets.keys()].filter(kept));
}
