/** `npm run bench -- NAME`: a benchmark, run on what `npm start` left behind or on simulated traffic. */
import { parseArgs } from "node:util";
import { prepareOrExit } from "../tools/setup.ts";
import { runCanaryBenchmark } from "./canary.ts";
import { runPreviewBenchmark } from "./preview.ts";
import { runValidateDataBenchmark } from "./validate-data.ts";

const HELP = `usage: npm run bench -- (preview | canary | validate-data) [--runs N] [--json]

  preview   preview of the whole production stack with nothing changed, beside preview of two empty Pulumi TypeScript
            programs; needs a rehearsal that has provisioned production (npm start), and npm
  canary    the canary judge on simulated hours of traffic, beside Kayenta's rule and a fixed threshold: false alarms,
            what is caught and how soon; needs nothing
  validate-data
            validate-data on 10 million rows and 2,000 pictures, beside a hand-written query, pandera on polars, Great
            Expectations, and Pillow; needs Python and 2 GB of disk, and installs the peers

  --runs N  preview: runs of each, after one to warm up (default 7) · canary: hours a scenario (default 1000)
            validate-data: runs of each (default 3)
  --json    one JSON document on stdout

Exit codes: 0 measured · 2 bad usage · 3 there is nothing to measure, or a preview failed.
Example: npm run --silent bench -- preview --runs 15 --json
`;

interface Benchmark {
  /** Default of `--runs`. */
  readonly runs: number;
  readonly run: (options: { runs: number }) => Promise<{ readonly table: string }>;
}

const BENCHMARKS: ReadonlyMap<string, Benchmark> = new Map<string, Benchmark>([
  [
    "preview",
    {
      runs: 7,
      async run(options) {
        await prepareOrExit();
        return runPreviewBenchmark(options);
      },
    },
  ],
  ["canary", { runs: 1000, run: runCanaryBenchmark }],
  ["validate-data", { runs: 3, run: runValidateDataBenchmark }],
]);

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      runs: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const benchmark = positionals.length === 1 ? BENCHMARKS.get(positionals[0] ?? "") : undefined;
  if (benchmark === undefined) {
    process.stderr.write(
      `\`${positionals.join(" ")}\` is no benchmark; there are: ${[...BENCHMARKS.keys()].join(", ")}.\n`,
    );
    return 2;
  }
  const runs = Number(values.runs ?? benchmark.runs);
  if (!Number.isInteger(runs) || runs < 1) {
    process.stderr.write(`--runs is \`${values.runs}\`; give a whole number of at least 1.\n`);
    return 2;
  }
  const { table, ...result } = await benchmark.run({ runs });
  process.stdout.write(values.json ? `${JSON.stringify(result, undefined, 2)}\n` : table);
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  const usage = error instanceof TypeError && "code" in error;
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = usage ? 2 : 3;
}
