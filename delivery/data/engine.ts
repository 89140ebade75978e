import { availableParallelism } from "node:os";
import type { DuckDBConnection } from "@duckdb/node-api";
import { messageOf } from "../errors.ts";

/** What the engine may hold in memory; beyond it, it spills to its folder. The rest of the process comes on top. */
const MEMORY_LIMIT = "512MB";

/** A row of an answer. Counts come as numbers. */
export type Row = Readonly<Record<string, unknown>>;

export type Engine = {
  /** The rows of an answer; all in memory, so ask for few. */
  query(sql: string): Promise<Row[]>;
  /** Runs a statement for its effect. */
  run(sql: string): Promise<void>;
  close(): void;
};

/**
 * DuckDB in this process: memory bounded, reading only the folders it is given, writing only to `scratch`, loading
 * nothing from the network.
 */
export async function openEngine(scratch: string, readable: readonly string[]): Promise<Engine> {
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const instance = await DuckDBInstance.create(":memory:", {
    memory_limit: MEMORY_LIMIT,
    threads: String(Math.min(availableParallelism(), 4)),
    temp_directory: `${scratch}/spill`,
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
  });
  const connection = await instance.connect();
  const folders = [scratch, ...readable].map((folder) => literal(`${folder.replace(/\/+$/, "")}/`));
  await connection.run(`SET allowed_directories = [${folders.join(", ")}]`);
  await connection.run("SET enable_external_access = false");
  await connection.run("SET lock_configuration = true");
  return {
    query: async (sql) => {
      const answer = await connection.runAndReadAll(sql);
      return answer.getRowObjectsJS().map(plainRow);
    },
    run: async (sql) => {
      await connection.run(sql);
    },
    close: () => close(connection, instance),
  };
}

function close(connection: DuckDBConnection, instance: { closeSync(): void }): void {
  connection.closeSync();
  instance.closeSync();
}

function plainRow(row: Record<string, unknown>): Row {
  const plain = (value: unknown): unknown =>
    typeof value === "bigint" && Number.isSafeInteger(Number(value)) ? Number(value) : value;
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plain(value)]));
}

/** A name as SQL writes it. Nothing that a data set or a schema says becomes SQL but through here and {@link literal}. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A value as SQL writes it. */
export function literal(value: string | number | boolean): string {
  if (typeof value !== "string") return String(value);
  if (value.includes("\0")) throw new Error("a NUL cannot stand in SQL");
  return `'${value.replaceAll("'", "''")}'`;
}

/** What the engine says of a file it cannot read: the line, where it knows one, and why. */
export function reasonOf(error: unknown): string {
  const lines = messageOf(error).split("\n");
  const line = /^Invalid Input Error: CSV Error on Line: (\d+)/.exec(lines[0] ?? "")?.[1];
  if (line === undefined) return (lines[0] ?? "").replace(/^[\w ]+ Error: /, "");
  const why = lines.slice(1).find((text) => text !== "" && !text.startsWith("Original Line:")) ?? "";
  const cells = /^Expected Number of Columns: (\d+) Found: (\d+)/.exec(why);
  if (cells !== null) return `line ${line}: ${cells[2]} cells, but the header has ${cells[1]}`;
  return `line ${line}: ${why.replace(/ Possible (fixes|solution).*/, "")}`;
}
