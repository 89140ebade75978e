/** The rules of `schema.json` as one query that knows this table, the least that DuckDB can be asked. */
import { DuckDBInstance } from "@duckdb/node-api";

const [file = ""] = process.argv.slice(2);
const columns =
  "{id: 'BIGINT', path: 'VARCHAR', species: 'VARCHAR', width: 'INTEGER', height: 'INTEGER', score: 'DOUBLE', latitude: 'DOUBLE', taken_at: 'TIMESTAMP', indoor: 'BOOLEAN', camera: 'VARCHAR'}";
const from = file.endsWith(".csv")
  ? `read_csv('${file}', header = true, auto_detect = false, columns = ${columns})`
  : `'${file}'`;
const instance = await DuckDBInstance.create(":memory:", { threads: "2" });
const connection = await instance.connect();
const answer = await connection.runAndReadAll(`
  SELECT count(*), count(*) - count(id), count(id) - count(DISTINCT id), count(indoor),
    count(*) FILTER (WHERE NOT regexp_full_match(path, '[a-z0-9/.-]+')), count(*) FILTER (WHERE length(path) > 100),
    count(*) FILTER (WHERE species NOT IN ('daisy', 'rose', 'tulip', 'sunflower', 'dandelion')),
    count(*) FILTER (WHERE width NOT BETWEEN 64 AND 10000), count(*) FILTER (WHERE height NOT BETWEEN 64 AND 10000),
    count(*) FILTER (WHERE score NOT BETWEEN 0 AND 1), count(*) FILTER (WHERE latitude NOT BETWEEN -90 AND 90),
    count(*) FILTER (WHERE taken_at < TIMESTAMP '2020-01-01'), 1 - count(camera) / count(*)
  FROM ${from}`);
process.stdout.write(`${answer.getRows().join("\n")}\n`);
