import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { projectRoot } from "../places.ts";
import { prepareOrExit } from "../setup.ts";
import { enterSurroundings } from "../surroundings.ts";
import { CI_ENGINES } from "./ci/engines.ts";
import { MIN_PER_CLASS, readPictures } from "./pictures.ts";
import { summaryOf } from "./report.ts";
import { createScreen } from "./screen.ts";
import { rehearse, type StoryOptions } from "./story.ts";

const HELP = `Rehearses the whole delivery on this machine: data, training, gates, staging, canary, production.

Usage: npm start -- [flags]

  --data FOLDER          your own pictures, one sub-folder a class (default: generated leaves of ten plants)
  --min-accuracy X       the gate's least accuracy, 0 to 1 (default: what the stack files say, 0.85)
  --ci SYSTEM            run the pipeline as a CI system would: github (by act), gitlab (by gitlab-ci-local) or jenkins
                         (by a Groovy harness); default: the project's own runner
  --home FOLDER          where the rehearsal lives; emptied at the start (default: .rehearsal)
  --json                 one JSON document on stdout at the end
  --verbose              every line that every step prints
  --help

Example: npm start -- --data ~/pictures/flowers --min-accuracy 0.4

Exit codes: 0 delivered, 1 the answer was no, 2 bad usage or input, 3 the surroundings failed
`;

const EXIT_CODES = { delivered: 0, refused: 1, failed: 3 } as const;

class UsageError extends Error {}

/** The home is emptied: only what was one before, or is empty, may be. */
function refuseStrangeHome(home: string): void {
  if (!existsSync(home) || existsSync(path.join(home, "emulator")) || readdirSync(home).length === 0) return;
  throw new UsageError(
    `--home names \`${home}\`, which holds something that is no rehearsal and would be deleted; name a new or empty folder`,
  );
}

/** Before minutes are spent on set-up. */
async function refuseBadPictures(folder: string | undefined): Promise<void> {
  if (folder === undefined) return;
  await readPictures(folder, MIN_PER_CLASS).catch((error: Error) => {
    throw new UsageError(error.message);
  });
}

function readOptions(argv: readonly string[]) {
  let values: {
    data?: string;
    "min-accuracy"?: string;
    home?: string;
    ci?: string;
    json?: boolean;
    verbose?: boolean;
    help?: boolean;
  };
  try {
    ({ values } = parseArgs({
      args: [...argv],
      options: {
        data: { type: "string" },
        "min-accuracy": { type: "string" },
        home: { type: "string" },
        ci: { type: "string" },
        json: { type: "boolean" },
        verbose: { type: "boolean" },
        help: { type: "boolean" },
      },
    }));
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : error}\n\n${HELP}`);
  }
  const minAccuracy = values["min-accuracy"] === undefined ? undefined : Number(values["min-accuracy"] || Number.NaN);
  if (minAccuracy !== undefined && !(minAccuracy > 0 && minAccuracy <= 1)) {
    throw new UsageError(
      `--min-accuracy is \`${values["min-accuracy"]}\`; it is a share of right answers above 0 and at most 1, such as 0.85`,
    );
  }
  const ci = CI_ENGINES.find((system) => system === values.ci);
  if (values.ci !== undefined && ci === undefined) {
    throw new UsageError(`--ci is \`${values.ci}\`; there is ${CI_ENGINES.join(", ")}`);
  }
  return { ...values, minAccuracy, ci };
}

/** npm runs scripts in the project's root and says in INIT_CWD where it was called. */
function fromCaller(folder: string): string {
  return path.resolve(process.env["INIT_CWD"] ?? ".", folder);
}

async function main(argv: readonly string[]): Promise<number> {
  const options = readOptions(argv);
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const home = options.home === undefined ? path.join(projectRoot, ".rehearsal") : fromCaller(options.home);
  const story: StoryOptions = {
    root: projectRoot,
    home,
    ...(options.data === undefined ? {} : { data: fromCaller(options.data) }),
    ...(options.minAccuracy === undefined ? {} : { minAccuracy: options.minAccuracy }),
    ...(options.ci === undefined ? {} : { ci: options.ci }),
  };
  if (options.home !== undefined) refuseStrangeHome(home);
  await refuseBadPictures(story.data);
  await prepareOrExit();
  enterSurroundings(home);
  const report = await rehearse(story, createScreen(process.stderr, options.verbose));
  process.stderr.write(`${summaryOf(report)}\n`);
  if (options.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  return EXIT_CODES[report.status];
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 3;
}
