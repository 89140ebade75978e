import { buffer } from "node:stream/consumers";
import { CsvError, parseCsv } from "./csv.ts";
import { sha256 } from "./digest.ts";
import { inputError } from "./errors.ts";
import { checkKey, formatLocation } from "./location.ts";
import { type ObjectFolder, pathOf } from "./objects.ts";
import { contentOf, requireSameData, type Snapshot } from "./snapshot.ts";
import { ChangedError } from "./source.ts";

/** The table of a data set that has one; without it, a picture's class is its sub-folder. */
export const TABLE = "labels.csv";

/** An object of raw data, and what its content must be; it was listed with an etag, or pinned by either. */
export type RawObject = {
  readonly key: string;
  readonly size: number;
  readonly etag?: string;
  readonly sha256?: string;
};

/** A picture of raw data, and where a split puts it. */
export type Picture = {
  readonly object: RawObject;
  /** `<class>/<file>`. */
  readonly key: string;
  readonly label: string;
};

/** The table of raw data; the records are in the order of the pictures. */
export type RawTable = {
  readonly header: readonly string[];
  readonly records: readonly (readonly string[])[];
  /** Column that names the file. */
  readonly path: number;
};

/** What a snapshot pins in this folder. */
export function pinnedBy(snapshot: Snapshot, raw: ObjectFolder): RawObject[] {
  requireSameData(snapshot, formatLocation(raw.location), "the snapshot");
  return snapshot.objects.map(([key, size, identity]) => ({ key, size, ...contentOf(identity) }));
}

/** The pictures of raw data: those that its table names or, where it has none, `<class>/<file>`. */
export async function listPictures(
  raw: ObjectFolder,
  objects: readonly RawObject[],
): Promise<{ pictures: Picture[]; table?: RawTable }> {
  const tableObject = objects.find(({ key }) => key === TABLE);
  if (tableObject === undefined) {
    const inClasses = objects.filter(({ key }) => key.split("/").length === 2);
    return {
      pictures: inClasses.map((object) => ({ object, key: object.key, label: object.key.split("/")[0] ?? "" })),
    };
  }
  const table = await readTable(raw, tableObject);
  const label = columnOf(table.header, "label");
  const byKey = new Map(objects.map((object) => [object.key, object]));
  const taken = new Set<string>();
  const pictures = table.records.map((cells, i) => {
    const [from = "", name = ""] = [cells[table.path], cells[label]];
    const object = byKey.get(from);
    if (object === undefined)
      throw inputError(`${TABLE}, record ${i + 1}: there is no file \`${from}\`; run validate-data`);
    if (name === "" || name.includes("/")) throw inputError(`${TABLE}, record ${i + 1}: \`${name}\` is no class`);
    const key = `${name}/${from.replaceAll("/", "_")}`;
    checkKey(key);
    if (taken.has(key)) throw inputError(`${TABLE}, record ${i + 1}: \`${key}\` is the place of an earlier file too`);
    taken.add(key);
    return { object, key, label: name };
  });
  return { pictures, table };
}

/** The rows of one side as CSV, in the order of the table, each with the place that its picture has there. */
export function sideTable(
  { header, records, path }: RawTable,
  pictures: readonly { readonly key: string; readonly side: string }[],
  side: string,
): string {
  const rows = records.flatMap((cells, i) => {
    const picture = pictures[i];
    return picture?.side === side ? [cells.with(path, picture.key)] : [];
  });
  return [header, ...rows].map((cells) => `${cells.map(csvCell).join(",")}\n`).join("");
}

/** Kept as it is: this is data that goes on to training, not a report that a spreadsheet opens. */
function csvCell(value: string): string {
  return /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

async function readTable(raw: ObjectFolder, object: RawObject): Promise<RawTable> {
  const content = await buffer(await raw.stream(object.key, object.etag));
  if (object.sha256 !== undefined && object.sha256 !== sha256(content)) {
    throw new ChangedError(`\`${pathOf({ folder: raw, key: object.key })}\``);
  }
  try {
    const [header, ...records] = parseCsv(new TextDecoder("utf-8", { fatal: true }).decode(content));
    if (header === undefined) throw inputError(`${TABLE} is empty; run validate-data`);
    const path = columnOf(header.cells, "path");
    return { header: header.cells, records: records.map(({ cells }) => cells), path };
  } catch (error) {
    if (!(error instanceof CsvError || error instanceof TypeError)) throw error;
    throw inputError(`${TABLE} is not a CSV table in UTF-8: ${error.message}; run validate-data`);
  }
}

function columnOf(header: readonly string[], name: string): number {
  const index = header.indexOf(name);
  if (index < 0) throw inputError(`${TABLE} has no column \`${name}\`, only ${header.join(", ")}; add or rename one`);
  return index;
}
