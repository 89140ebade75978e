import { DeliveryError, inputError } from "./errors.ts";
import { parseJson } from "./json.ts";
import { describeLock, holdersIn } from "./lock.ts";
import { type ProcessResult, runProcess } from "./process.ts";

/** Why an update did not succeed. */
export type StackFailure = {
  readonly kind: "locked" | "policy" | "program" | "interrupted" | "no stack" | "update";
  /** What the engine said, shortened to the part that helps. */
  readonly message: string;
};

export type StackResult = { readonly ok: true } | { readonly ok: false; readonly failure: StackFailure };

/** Which stack, and where its program is. */
export type Stack = {
  readonly name: string;
  /** Folder of Pulumi.yaml. @default - the current folder */
  readonly cwd?: string;
  /** Gets the engine's output line by line. */
  readonly onLine?: (line: string) => void;
};

/** The rules that every preview and update must keep: the folder of the policy pack, beside Pulumi.yaml. */
export const RULES = ["--policy-pack", "policy"];

/**
 * `pulumi up` without questions; with `refresh`, the clouds are asked first what they have. Never runs `cancel`: on a
 * file backend that would let two updates run at once.
 *
 * @param options.wayBack whether traffic goes back to what served before. No rule closes that way: a waiver that ended
 * overnight must not keep a bad model in service.
 */
export async function updateStack(stack: Stack, { refresh = false, wayBack = false } = {}): Promise<StackResult> {
  const options = [...(refresh ? ["--refresh"] : []), ...(wayBack ? [] : RULES)];
  return judge(await pulumi(stack, ["up", "--yes", "--skip-preview", ...options]));
}

/** `pulumi preview --diff`; the diff goes to `onLine`. */
export async function previewStack(stack: Stack): Promise<StackResult> {
  return judge(await pulumi(stack, ["preview", "--diff", ...RULES]));
}

/** The stack's outputs; secret ones are not shown. */
export async function stackOutputs(stack: Stack): Promise<Record<string, unknown>> {
  const result = await pulumi({ ...stack, onLine: () => {} }, ["stack", "output", "--json"]);
  if (result.code !== 0)
    throw new DeliveryError("surroundings", `outputs of stack \`${stack.name}\`: ${explain(result).message}`);
  const outputs = parseJson(result.stdout, "`pulumi stack output`");
  if (typeof outputs !== "object" || outputs === null) throw inputError("`pulumi stack output` gave no object");
  return outputs as Record<string, unknown>;
}

/** Throws the failure of an update as an error with the right exit code; `remains` says what state things are in. */
export function requireOk(result: StackResult, remains: string): void {
  if (result.ok) return;
  const { kind, message } = result.failure;
  const refused = kind === "policy" || kind === "program";
  throw new DeliveryError(refused ? "refused" : "surroundings", `${kind}: ${message}\n${remains}`);
}

async function pulumi(stack: Stack, args: readonly string[]): Promise<ProcessResult> {
  return runProcess("pulumi", [...args, "--stack", stack.name, "--non-interactive", "--color", "never"], {
    // The same option as a variable would be added to the argument, and hold for the way back too.
    env: { PULUMI_OPTION_POLICY_PACK: "" },
    ...(stack.cwd !== undefined && { cwd: stack.cwd }),
    ...(stack.onLine !== undefined && { onLine: stack.onLine }),
  });
}

function judge(result: ProcessResult): StackResult {
  return result.code === 0 ? { ok: true } : { ok: false, failure: explain(result) };
}

/** The engine has no machine-readable errors; its words have been stable, and anything unknown is "update". */
export function explain({ code, stdout, stderr }: ProcessResult): StackFailure {
  const text = `${stdout}\n${stderr}`;
  const kind = kindOf(code, text);
  if (kind === "locked" && holdersIn(text).length > 0) return { kind, message: describeLock(text) };
  const lines = text.split("\n").map((line) => line.trimEnd());
  const telling = lines.filter((line) => /error:|\[mandatory\]|currently locked|created by|^\s+- /i.test(line));
  return { kind, message: (telling.length > 0 ? telling : lines.filter(Boolean).slice(-10)).slice(0, 20).join("\n") };
}

function kindOf(code: number, text: string): StackFailure["kind"] {
  if (/currently locked/.test(text)) return "locked";
  if (/no stack named|no stack selected/i.test(text)) return "no stack";
  if (/\[mandatory\]|policy violation/i.test(text)) return "policy";
  if (code === 130 || code === 143 || /update (was )?cancell?ed|SIGINT/i.test(text)) return "interrupted";
  // A resource's rules about its inputs, and the traffic's about what others have done.
  if (/ has a problem: |somebody else has changed this endpoint's traffic/.test(text)) return "program";
  if (/an unhandled error|RunError|Running program .* failed|cannot be used|must not be deployed/.test(text))
    return "program";
  return "update";
}
