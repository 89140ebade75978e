import { join } from "node:path";
import { inputError } from "../errors.ts";
import { checkKey } from "../location.ts";
import { download, type ObjectInfo } from "../objects.ts";
import { TABLE } from "../raw-data.ts";
import type { AnomalyLog } from "./anomalies.ts";
import { type Engine, literal, openEngine } from "./engine.ts";
import type { DataFiles } from "./scan.ts";
import { type FieldSchema, labelField, type PictureSchema } from "./schema.ts";
import { groupTables, relation, ruleColumns } from "./table-files.ts";
import { mergeTables } from "./table-merge.ts";
import { castColumns, rowRules, textColumn } from "./table-rules.ts";
import { scanGroup } from "./table-scan.ts";

/** A picture of a set, and what the set says of it. */
export type Entry = { readonly object: ObjectInfo; readonly label: string; readonly split?: string };

/**
 * The pictures of a set: those that its table names or, where it has none, those in a sub-folder a class. The table, the
 * paths in it and the names of the classes are checked on the way.
 */
export async function findPictures(
  files: DataFiles,
  schema: PictureSchema,
  scratch: string,
  log: AnomalyLog,
): Promise<Entry[]> {
  const { folder, objects } = files;
  const table = objects.find(({ key }) => key === TABLE);
  if (table?.link) throw inputError(`\`${TABLE}\` is a symbolic link; links are refused, copy the file instead`);
  const local = folder.location.kind === "local" ? folder.location.folder : join(scratch, "labels");
  if (table !== undefined && folder.location.kind === "s3") await download(folder, [table], local);
  const engine = await openEngine(scratch, [local]);
  try {
    if (table === undefined) return await byFolder(engine, objects, schema, log);
    return byTable(await readLabels(engine, join(local, TABLE), schema, scratch, log), objects, log);
  } finally {
    engine.close();
  }
}

type Named = { readonly path: string; readonly label: string; readonly split?: string };

async function readLabels(
  engine: Engine,
  path: string,
  schema: PictureSchema,
  scratch: string,
  log: AnomalyLog,
): Promise<Named[]> {
  const [group] = await groupTables(engine, [{ name: TABLE, path }]);
  if (group === undefined) return [];
  const { splitField } = schema["x-dataset"];
  const there = group.columns.map(({ name }) => name);
  const label = labelField(schema)?.name ?? "label";
  const missing = ["path", label].find((name) => !there.includes(name));
  if (missing !== undefined)
    throw inputError(
      `\`${TABLE}\` has no column \`${missing}\` (SCHEMA_MISSING_COLUMN); it has ${there.join(", ")}. Add or rename one`,
    );
  const summary = await scanGroup(engine, group, schema, scratch, true);
  if (summary.rows === 0) throw inputError(`\`${TABLE}\` holds no records`);
  await mergeTables(engine, [{ summary, folder: scratch }], schema, log);
  const split = splitField !== undefined && there.includes(splitField) ? textColumn(splitField) : "NULL";
  const rows = await engine.query(
    `SELECT ${textColumn("path")} AS path, ${textColumn(label)} AS label, ${split} AS split FROM (SELECT ${ruleColumns(group, schema)} FROM ${relation(group, schema)})`,
  );
  // A row without a path or a class has been told of by its rule.
  return rows.flatMap(({ path: name, label: own, split: part }) =>
    typeof name === "string" && typeof own === "string"
      ? [{ path: name, label: own, ...(typeof part === "string" && { split: part }) }]
      : [],
  );
}

function byTable(listed: readonly Named[], objects: readonly ObjectInfo[], log: AnomalyLog): Entry[] {
  const byKey = new Map(objects.map((object) => [object.key, object]));
  const named = new Set(listed.map(({ path }) => path));
  for (const { key } of objects) {
    if (key !== TABLE && !named.has(key)) log.add("UNLISTED_FILE", `every file is in ${TABLE}`, key);
  }
  return listed.flatMap(({ path, ...entry }) => {
    if (!isSafe(path)) {
      log.add("UNSAFE_PATH", "paths stay inside the data set", JSON.stringify(path));
      return [];
    }
    const object = byKey.get(path);
    if (object === undefined) log.add("MISSING_FILE", `every path in ${TABLE} is a file`, path);
    return object === undefined ? [] : [{ ...entry, object }];
  });
}

function isSafe(path: string): boolean {
  try {
    checkKey(path);
    return !/^[a-z][a-z0-9+.-]*:/i.test(path);
  } catch {
    return false;
  }
}

async function byFolder(
  engine: Engine,
  objects: readonly ObjectInfo[],
  schema: PictureSchema,
  log: AnomalyLog,
): Promise<Entry[]> {
  const entries = objects.flatMap((object): Entry[] => {
    const [label, file, ...deeper] = object.key.split("/");
    if (label !== undefined && file !== undefined && deeper.length === 0) return [{ label, object }];
    log.add("UNLISTED_FILE", "files are at <class>/<file>", object.key, "warning");
    return [];
  });
  const field = labelField(schema);
  if (field !== undefined)
    await checkNames(engine, field, [...new Set(entries.map(({ label }) => label))], schema, log);
  return entries;
}

/** Holds the names of the classes to the rules of the field that would name them. */
async function checkNames(
  engine: Engine,
  field: FieldSchema,
  labels: readonly string[],
  schema: PictureSchema,
  log: AnomalyLog,
): Promise<void> {
  const { primaryKey: _, ...rest } = schema;
  const alone = { ...rest, fields: [field] };
  const stored = [{ name: field.name, type: "VARCHAR" }];
  const from = `(SELECT unnest([${labels.map(literal).join(", ")}]::VARCHAR[]) AS "${field.name.replaceAll('"', '""')}")`;
  for (const { anomaly, rule, broken } of rowRules(stored, alone)) {
    const rows = await engine.query(
      `SELECT ${textColumn(field.name)} AS label FROM (SELECT ${castColumns(stored, alone)} FROM ${from}) WHERE ${broken}`,
    );
    for (const { label } of rows) log.add(anomaly, rule, JSON.stringify(label));
  }
}
