import { availableParallelism, cpus, loadavg, totalmem } from "node:os";
import { join } from "node:path";
import { places } from "../tools/places.ts";
import { createProgress } from "../tools/setup/progress.ts";
import { preparePython, pythonEnvironment } from "../tools/setup/python.ts";
import { makeInputs } from "./validate-data/inputs.ts";
import { type Measured, measure } from "./validate-data/measure.ts";

const ROWS = 10_000_000;
const PICTURES = 2000;

const PEERS = {
  requirements: "bench/validate-data/requirements.txt",
  what: "polars, pandera, Great Expectations, Pillow and imagehash",
  about: "about 2 minutes",
  why: "what validate-data is measured beside is written in it",
};

/** One contestant on one input; `median` is of the times, the rest belongs to that run. */
interface Contestant {
  readonly input: "parquet" | "csv" | "pictures";
  readonly name: string;
  readonly runs: readonly Measured[];
  readonly median: Measured;
  /** Its time over that of validate-data. */
  readonly ratio: number;
}

export interface ValidateDataResult {
  readonly machine: {
    readonly cpus: number;
    readonly model: string;
    readonly memoryGib: number;
    readonly load: number;
  };
  readonly rows: number;
  readonly pictures: number;
  readonly contestants: readonly Contestant[];
}

/**
 * Validates the same table and the same pictures by turns with validate-data, a hand-written query in its engine, and
 * what people use in Python, a process each, so that whatever else the machine does falls on all.
 */
export async function runValidateDataBenchmark(options: {
  runs: number;
}): Promise<ValidateDataResult & { table: string }> {
  const at = places();
  const progress = createProgress();
  await progress.step("python", (step) => preparePython(at, step, PEERS));
  const python = join(pythonEnvironment(at, PEERS), "bin", "python");
  const inputs = await makeInputs(join(at.cache, "bench"), ROWS, PICTURES);
  const own = (file: string) => join(import.meta.dirname, "validate-data", file);
  const script = join(import.meta.dirname, "..", "scripts", "validate-data.ts");
  const node = process.execPath;
  const schema = join(import.meta.dirname, "..", "schemas", "data_schema.json");
  const turns: { input: Contestant["input"]; name: string; run: () => Promise<Measured> }[] = [];
  for (const input of ["parquet", "csv"] as const) {
    const file = inputs[input];
    turns.push(
      {
        input,
        name: "validate-data",
        run: () => measure(node, [script, "--data-path", file, "--schema-path", own("schema.json")]),
      },
      { input, name: "hand-written query", run: () => measure(node, [own("hand-written.ts"), file]) },
      { input, name: "pandera on polars", run: () => measure(python, [own("pandera_polars.py"), file]) },
      { input, name: "Great Expectations", run: () => measure(python, [own("gx.py"), file]) },
    );
  }
  turns.push(
    {
      input: "pictures",
      name: "validate-data",
      run: () => measure(node, [script, "--data-path", inputs.pictures, "--schema-path", schema]),
    },
    { input: "pictures", name: "Pillow + imagehash", run: () => measure(python, [own("images.py"), inputs.pictures]) },
  );
  const runs = turns.map((): Measured[] => []);
  for (let round = 0; round < options.runs; round += 1) {
    for (const [index, { input, name, run }] of turns.entries()) {
      const measured = await run();
      runs[index]?.push(measured);
      process.stderr.write(`  ${input}, ${name}: ${measured.seconds.toFixed(1)} s\n`);
    }
  }
  const medians = runs.map((all) => [...all].sort((a, b) => a.seconds - b.seconds)[Math.floor(all.length / 2)]);
  const contestants = turns.flatMap(({ input, name }, index): Contestant[] => {
    const median = medians[index];
    const ours = medians[turns.findIndex((turn) => turn.input === input && turn.name === "validate-data")];
    if (median === undefined || ours === undefined) return [];
    return [{ input, name, runs: runs[index] ?? [], median, ratio: median.seconds / ours.seconds }];
  });
  const machine = {
    cpus: availableParallelism(),
    model: cpus()[0]?.model ?? "unknown",
    memoryGib: Math.round(totalmem() / 2 ** 30),
    load: loadavg()[1] ?? 0,
  };
  const result = { machine, rows: ROWS, pictures: PICTURES, contestants };
  return { ...result, table: table(result) };
}

function table({ machine, contestants }: ValidateDataResult): string {
  const rows = contestants.map(({ input, name, median, ratio }) => {
    const figures = [
      median.seconds.toFixed(1),
      median.cpuSeconds.toFixed(1),
      median.peakMb.toFixed(0),
      ratio.toFixed(2),
    ];
    return `${input.padEnd(10)}${name.padEnd(22)}${figures.map((figure) => figure.padStart(11)).join("")}`;
  });
  return [
    `${ROWS} rows of 10 columns, 12 rules; ${PICTURES} pictures of 640x480. ${machine.cpus} × ${machine.model}, ${machine.memoryGib} GiB, load ${machine.load.toFixed(1)}`,
    "",
    `${"input".padEnd(10)}${"".padEnd(22)}${["seconds", "cpu s", "peak MB", "× ours"].map((head) => head.padStart(11)).join("")}`,
    ...rows,
    "",
  ].join("\n");
}
