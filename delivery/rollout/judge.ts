import { inputError } from "../errors.ts";
import { runProcess } from "../process.ts";

/** What a judge says of a canary; `unreachable` where it could not look. */
export type Verdict = {
  readonly verdict: "pass" | "fail" | "inconclusive" | "unreachable";
  /** What it printed: a JSON document's value, else its text. */
  readonly said: unknown;
};

/** What a judge is asked about. */
export type Question = {
  readonly environment: string;
  readonly canary: string;
  /** What the canary is compared with. */
  readonly baseline: string;
  /** Since when the canary has its share. */
  readonly since: Date;
  /** ARM id of the endpoint; undefined where the stack does not say. */
  readonly endpointId?: string | undefined;
};

/** What a judge's command may name. */
const NAMES = "environment, canary, baseline, since, endpoint, workspace, resource-group, subscription";

/** Exit codes of a judge, as of every command here. */
const VERDICTS = ["pass", "fail", "inconclusive", "unreachable"] as const;

/**
 * Asks a judge: a command, words separated by spaces, in which `{canary}` and the like stand for what is asked (see
 * {@link NAMES}). It answers by exit code: 0 pass · 1 fail · 2 inconclusive · 3, and any other, unreachable.
 */
export async function askJudge(command: string, question: Question, folder: string): Promise<Verdict> {
  const values = valuesOf(question);
  const words = command.split(/\s+/).filter(Boolean);
  const [program, ...args] = words.map((word) =>
    word.replace(/\{([\w-]+)\}/g, (whole, name: string) => {
      const value = values[name];
      if (value !== undefined) return value;
      throw inputError(`the judge's command names ${whole}; it may name ${NAMES}`);
    }),
  );
  if (program === undefined) throw inputError("the judge's command is empty; give a command that answers by exit code");
  const { code, stdout, stderr } = await runProcess(program, args, { cwd: folder });
  return { verdict: VERDICTS[code] ?? "unreachable", said: saidBy(stdout, stderr) };
}

function valuesOf({
  environment,
  canary,
  baseline,
  since,
  endpointId = "",
}: Question): Record<string, string | undefined> {
  const part = (kind: string) => new RegExp(`/${kind}/([^/]+)`, "i").exec(endpointId)?.[1];
  return {
    ...{ environment, canary, baseline, since: since.toISOString() },
    endpoint: part("onlineEndpoints"),
    workspace: part("workspaces"),
    "resource-group": part("resourceGroups"),
    subscription: part("subscriptions"),
  };
}

/** Enough to see why, bounded as it goes into the release record. */
const MOST = 4000;

function saidBy(stdout: string, stderr: string): unknown {
  if (stdout.length > MOST) return digestOf(stdout);
  try {
    return JSON.parse(stdout);
  } catch {
    return (stdout.trim() || stderr.trim()).slice(-MOST);
  }
}

/** Of a long document, its verdict and reasons. */
function digestOf(text: string): unknown {
  try {
    const { verdict, reasons } = JSON.parse(text) as { verdict?: unknown; reasons?: unknown };
    return { verdict, reasons };
  } catch {
    return text.slice(-MOST);
  }
}
