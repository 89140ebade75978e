import { DuckDBInstance } from "@duckdb/node-api";
import { type DataSchema, parseDataSchema } from "../../../../delivery/data/schema.ts";

/** A schema of a table alone. */
export function tableSchema(fields: readonly object[], dataset: object = {}, more: object = {}): DataSchema {
  return parseDataSchema(JSON.stringify({ fields, "x-dataset": dataset, ...more }), "the schema");
}

/** Writes the rows of a query as a Parquet file. */
export async function writeParquet(path: string, query: string): Promise<void> {
  const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
  const connection = await instance.connect();
  await connection.run(`COPY (${query}) TO '${path}' (FORMAT parquet)`);
  connection.closeSync();
  instance.closeSync();
}
