// biome-ignore-all lint/suspicious/noTemplateCurlyInString: GitHub's expressions look like placeholders
import type { Job, Pipeline, RunStep, Step } from "../../pipelines/model.ts";

/** A pipeline of the given jobs, started by a push to main and by hand. */
export function pipelineOf(...jobs: Job[]): Pipeline {
  return {
    name: "test-pipeline",
    source: "tests/pipelines/support.ts",
    on: {
      push: { branches: ["main"] },
      manual: { inputs: { experiment_name: { description: "Experiment", required: false } } },
    },
    whenBusy: "wait",
    jobs,
  };
}

export function jobOf(id: string, job: Partial<Job> = {}): Job {
  return { id, name: `Job ${id}`, permissions: {}, timeoutMinutes: 5, steps: [], ...job };
}

/** What a job needs for an engine that chooses an image by it. */
export const NODE: readonly Step[] = [
  { name: "Set up Node.js", setUp: { tool: "node", version: { from: "literal", text: "24" } } },
];

/** A step that runs JavaScript. */
export function script(name: string, code: string, step: Partial<RunStep> = {}): RunStep {
  return { name, run: [process.execPath, "-e", code], ...step };
}

/** JavaScript that writes outputs as GitHub's file format has them. */
export function writeOutputs(outputs: Record<string, string>): string {
  const text = Object.entries(outputs).map(([name, value]) => `${name}<<END_OF_IT\n${value}\nEND_OF_IT\n`);
  return `fs.appendFileSync(process.env.GITHUB_OUTPUT, ${JSON.stringify(text.join(""))})`;
}

/** Texts that some encoder somewhere gets wrong. */
export const NASTY_TEXTS = [
  "plain",
  "",
  " leading and trailing ",
  "it's",
  'say "hi"',
  "$HOME and `id` and $(id)",
  "back\\slash \\n \\' \\",
  "two\nlines",
  "ends with a newline\n",
  "tab\tand\r\nCRLF",
  "${{ secrets.TOKEN }}",
  "${{ '${{' }}",
  "$${{{",
  "}} '' {{",
  "# no comment",
  "key: value",
  "- item",
  "--flag=x; touch pwned",
  "!cancelled()",
  "true",
  "*anchor &alias %",
  "ünïcödé 🌱",
] as const;
