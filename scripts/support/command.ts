import { enableCompileCache } from "node:module";
import { type ParseArgsConfig, parseArgs } from "node:util";
import { DeliveryError, inputError, messageOf } from "../../delivery/errors.ts";
import { writeOutputs, writeSummary } from "./github.ts";

/** 0 yes or done · 1 the answer is no · 2 bad usage or input, cannot decide · 3 the surroundings failed. */
export type ExitCode = 0 | 1 | 2 | 3;

/** One flag of a command. */
export type Flag = {
  /** What it means, its unit and its default, for `--help`. */
  readonly help: string;
  /** Word for the value in `--help`, such as `DIR`. @default - a switch that takes no value */
  readonly value?: string;
  /** Value where the flag is absent. */
  readonly default?: string;
  /** Environment variables asked in turn where the flag is absent. */
  readonly env?: readonly string[];
  /** The command cannot run without it. */
  readonly required?: true;
};

/** What a command found. */
export type Outcome = {
  readonly exitCode: ExitCode;
  /** The document that `--json` prints. */
  readonly report: unknown;
  /** What people read, on stdout without `--json` and in the step summary. */
  readonly text: string;
  /** Outputs of a GitHub Actions step, and the like. */
  readonly outputs?: Readonly<Record<string, string | number | boolean>>;
};

/** What a command is handed. */
export type Context = {
  /** Values of the flags by name; switches are "true" or absent. */
  readonly flags: Readonly<Record<string, string | undefined>>;
  /** A line of progress, on stderr. */
  readonly say: (line: string) => void;
};

export type Command = {
  /** As typed, such as `validate-model`. */
  readonly name: string;
  readonly summary: string;
  /** A call that works, without the name. */
  readonly example: string;
  readonly flags: Readonly<Record<string, Flag>>;
  readonly run: (context: Context) => Promise<Outcome>;
};

/** Runs a command on this process' arguments and sets its exit code. */
export async function runCommand(command: Command, argv: readonly string[] = process.argv.slice(2)): Promise<void> {
  const json = argv.includes("--json");
  try {
    if (argv.includes("--help") || argv.includes("-h")) {
      process.stdout.write(helpOf(command));
      return;
    }
    const flags = readFlags(command, argv, process.env);
    // For what a command imports when it needs it, SDKs and the table engine among it.
    enableCompileCache();
    const outcome = await command.run({ flags, say: (line) => process.stderr.write(`${line}\n`) });
    process.stdout.write(json ? `${JSON.stringify(outcome.report, null, 2)}\n` : `${outcome.text}\n`);
    await writeOutputs(outcome.outputs ?? {});
    await writeSummary(`### ${command.name}\n\n${outcome.text}\n`);
    process.exitCode = outcome.exitCode;
  } catch (error) {
    const { exitCode, message } = explain(error);
    if (json) process.stdout.write(`${JSON.stringify({ error: { message } }, null, 2)}\n`);
    process.stderr.write(`${command.name}: ${message}\n`);
    process.exitCode = exitCode;
  }
}

/** The exit code and the words for anything thrown. A defect of this project shows its stack. */
function explain(error: unknown): { exitCode: ExitCode; message: string } {
  if (error instanceof DeliveryError) {
    const exitCode = ({ input: 2, refused: 1, surroundings: 3 } as const)[error.kind];
    return { exitCode, message: error.message };
  }
  const systemCode = (error as NodeJS.ErrnoException | undefined)?.code;
  if (["ENOENT", "ENOTDIR", "EISDIR", "EACCES", "EPERM"].includes(systemCode ?? "")) {
    return { exitCode: 2, message: messageOf(error) };
  }
  if (/^E[A-Z]+$/.test(systemCode ?? "")) return { exitCode: 3, message: messageOf(error) };
  return { exitCode: 3, message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

/** Reads flags; a flag on the command line wins over the environment, which wins over the default. */
export function readFlags(
  command: Command,
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  const values = parse(command, argv);
  const flags: Record<string, string | undefined> = {};
  for (const [name, flag] of Object.entries(command.flags)) {
    const fromEnv = flag.env?.map((variable) => env[variable]).find((value) => value !== undefined && value !== "");
    const value = values[name] ?? fromEnv ?? flag.default;
    if (value === undefined && flag.required) {
      const variables = flag.env ? `, or set ${flag.env.map((variable) => `\`${variable}\``).join(" or ")}` : "";
      throw inputError(
        `\`--${name}\` is missing: ${flag.help}${variables}. Example: ${command.name} ${command.example}`,
      );
    }
    if (value !== undefined) flags[name] = String(value);
  }
  return flags;
}

function parse(command: Command, argv: readonly string[]): Record<string, string | boolean | undefined> {
  const options: NonNullable<ParseArgsConfig["options"]> = { json: { type: "boolean" } };
  for (const [name, flag] of Object.entries(command.flags)) {
    options[name] = { type: flag.value === undefined ? "boolean" : "string" };
  }
  try {
    return parseArgs({ args: [...argv], options, strict: true }).values as Record<string, string | boolean | undefined>;
  } catch (error) {
    const known = Object.keys(command.flags).map((name) => `--${name}`);
    throw inputError(`${messageOf(error)}. Flags: ${known.join(" ")} --json --help`);
  }
}

/** The text of `--help`. */
export function helpOf(command: Command): string {
  const lines = Object.entries(command.flags).map(([name, flag]) => {
    const left = `  --${name}${flag.value ? ` ${flag.value}` : ""}`;
    const notes = [
      flag.required && "required",
      flag.env && `from ${flag.env.join(", ")} if absent`,
      flag.default !== undefined && `default ${flag.default}`,
    ].filter(Boolean);
    return `${left.padEnd(32)}${flag.help}${notes.length > 0 ? ` (${notes.join("; ")})` : ""}`;
  });
  return [
    command.summary,
    "",
    `Usage: node scripts/${command.name}.ts [flags]`,
    "",
    ...lines,
    `${"  --json".padEnd(32)}one JSON document on stdout`,
    "",
    `Example: node scripts/${command.name}.ts ${command.example}`,
    "",
    "Exit codes: 0 yes or done, 1 the answer is no, 2 bad usage or input or cannot decide, 3 the surroundings failed",
    "",
  ].join("\n");
}

/** The value of a flag declared `required` or with a default. */
export function required(context: Context, name: string): string {
  const value = context.flags[name];
  if (value === undefined) throw inputError(`\`--${name}\` is missing`);
  return value;
}

/** The flag as a number in a range; refuses what `Number()` would bend into one, such as "" and "0x0A". */
export function numberFlag(context: Context, name: string, low: number, high: number): number {
  const text = required(context, name);
  const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  if (!Number.isFinite(value) || value < low || value > high) {
    throw inputError(`\`--${name}\` must be a number from ${low} to ${high}, got \`${text}\``);
  }
  return value;
}

/** As {@link numberFlag}, whole numbers only. */
export function integerFlag(context: Context, name: string, low: number, high: number): number {
  const value = numberFlag(context, name, low, high);
  if (!Number.isInteger(value))
    throw inputError(`\`--${name}\` must be a whole number from ${low} to ${high}, got ${value}`);
  return value;
}
