import { parseCsv } from "../csv.ts";
import { inputError, messageOf } from "../errors.ts";
import type { Prediction } from "../predictions.ts";
import { wilsonInterval } from "../statistics.ts";
import type { SliceMetrics } from "./schema.ts";

/** A column with more values than this tells pictures apart, not slices. */
const MAX_VALUES = 50;

/** Which slice a picture is in: column → path → value. */
export type SliceTable = ReadonlyMap<string, ReadonlyMap<string, string>>;

/**
 * Reads the columns of a table that slices are made of. The table has a column `path`, as the test data names its
 * pictures, `<class>/<file>`.
 *
 * @throws DeliveryError of kind `input`: no table, no such column, or a path that comes twice.
 */
export function readSliceTable(text: string, columns: readonly string[], what: string): SliceTable {
  let records: ReturnType<typeof parseCsv>;
  try {
    records = parseCsv(text);
  } catch (error) {
    throw inputError(`${what} is not a CSV table: ${messageOf(error)}`);
  }
  const [header, ...rows] = records;
  const at = (column: string) => {
    const index = header?.cells.indexOf(column) ?? -1;
    if (index < 0)
      throw inputError(`${what} has no column \`${column}\`; it has ${header?.cells.join(", ") || "nothing"}`);
    return index;
  };
  const path = at("path");
  const paths = rows.map(({ cells }) => cells[path] ?? "");
  if (new Set(paths).size !== paths.length) throw inputError(`${what} names a path twice`);
  return new Map(
    columns.map((column) => {
      const index = at(column);
      return [column, new Map(rows.map(({ cells }, row) => [paths[row] ?? "", cells[index] ?? ""]))];
    }),
  );
}

/**
 * Figures of each slice. Every picture is in one slice of each column.
 *
 * @throws DeliveryError of kind `input`: a picture that the table does not name, or a column with more than 50 values.
 */
export function slicesOf(
  predictions: readonly Prediction[],
  table: SliceTable,
): Record<string, Record<string, SliceMetrics>> {
  const columns = [...table].map(([column, values]) => {
    const groups = Map.groupBy(predictions, ({ path }) => {
      const value = values.get(path);
      if (value === undefined)
        throw inputError(`picture \`${path}\` has no row in the table that slices are made by; add one`);
      return value;
    });
    if (groups.size > MAX_VALUES) {
      throw inputError(`column \`${column}\` has ${groups.size} values; slices are made by at most ${MAX_VALUES}`);
    }
    const sorted = [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
    return [column, Object.fromEntries(sorted.map(([value, members]) => [value, figuresOf(members)]))];
  });
  return Object.fromEntries(columns);
}

function figuresOf(members: readonly Prediction[]): SliceMetrics {
  const right = members.filter((p) => p.prediction === p.label).length;
  return {
    count: members.length,
    accuracy: right / members.length,
    accuracy_interval: wilsonInterval(right, members.length),
  };
}
