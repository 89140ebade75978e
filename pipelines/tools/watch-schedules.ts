/**
 * Sees that GitHub workflows which run by the clock still do: `node pipelines/tools/watch-schedules.ts FILE=DAYS …`,
 * DAYS being how long there may be no scheduled run. Each workflow is enabled anew, which starts GitHub's 60 days of
 * quiet again; one that a person has stopped stays as it is, and is told.
 *
 * Reads `GITHUB_REPOSITORY`, `GITHUB_TOKEN` (may write actions) and `GITHUB_API_URL`.
 * Exit codes: 0 all run · 1 one does not · 2 bad usage · 3 GitHub could not be asked.
 */

interface Watched {
  readonly file: string;
  readonly days: number;
}

interface Api {
  readonly url: string;
  readonly token: string;
}

interface Workflow {
  readonly state: string;
  readonly created_at: string;
}

const DAY = 24 * 60 * 60 * 1000;

/** What is wrong with a workflow's schedule; undefined where nothing is. */
async function look({ file, days }: Watched, api: Api, now: number): Promise<string | undefined> {
  const workflow = (await ask(api, "GET", file)) as Workflow;
  if (workflow.state === "disabled_manually") return "somebody has disabled it; enable it, or take it off this list";
  await ask(api, "PUT", `${file}/enable`);
  const { workflow_runs: runs } = (await ask(api, "GET", `${file}/runs?event=schedule&per_page=1`)) as {
    workflow_runs: { created_at: string }[];
  };
  // A workflow that is new has had no time to run.
  const since = Date.parse(runs[0]?.created_at ?? workflow.created_at);
  const quiet = (now - since) / DAY;
  if (quiet <= days) return undefined;
  const state = workflow.state === "active" ? "" : `; it was \`${workflow.state}\` and is enabled again`;
  return `no scheduled run for ${quiet.toFixed(1)} days, at most ${days} are expected${state}`;
}

async function ask({ url, token }: Api, method: string, path: string): Promise<unknown> {
  const response = await fetch(`${url}/actions/workflows/${path}`, {
    method,
    headers: { accept: "application/vnd.github+json", authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(30_000),
  });
  if (!response.ok) throw new Error(`${method} ${path}: GitHub answered ${response.status}`);
  return response.status === 204 ? undefined : response.json();
}

function readWatched(word: string): Watched {
  const { file, days } = /^(?<file>[\w.-]+\.ya?ml)=(?<days>\d{1,3})$/.exec(word)?.groups ?? {};
  if (file === undefined || days === undefined)
    throw new Error(`\`${word}\` must be a workflow's file and a number of days, as retrain.yml=8`);
  return { file, days: Number(days) };
}

function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`\`${name}\` is not set`);
  return value;
}

function readArguments(): { watched: Watched[]; api: Api } {
  const watched = process.argv.slice(2).map(readWatched);
  if (watched.length === 0) throw new Error("name at least one workflow, as retrain.yml=8");
  const host = process.env["GITHUB_API_URL"] || "https://api.github.com";
  return {
    watched,
    api: { url: `${host}/repos/${required("GITHUB_REPOSITORY")}`, token: required("GITHUB_TOKEN") },
  };
}

async function main(): Promise<number> {
  let given: ReturnType<typeof readArguments>;
  try {
    given = readArguments();
  } catch (error) {
    process.stderr.write(`watch-schedules: ${(error as Error).message}\n`);
    return 2;
  }
  let code = 0;
  for (const watched of given.watched) {
    const problem = await look(watched, given.api, Date.now());
    process.stdout.write(`${watched.file}: ${problem ?? "runs"}\n`);
    if (problem !== undefined) code = 1;
  }
  return code;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`watch-schedules: ${(error as Error).message}\n`);
  process.exitCode = 3;
}
