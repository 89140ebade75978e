import { parseArgs } from "node:util";

/** Something the caller gave is wrong and only the caller can mend it; the message says what and how. Exit code 2. */
export class InputError extends Error {
  override readonly name = "InputError";
}

/** One flag of a command: what it holds, for the help text, and its default. A flag without one must be given. */
export interface Flag {
  readonly value: string;
  readonly about: string;
  readonly default?: string;
}

export interface Command<Name extends string> {
  readonly name: string;
  readonly about: string;
  readonly example: string;
  readonly flags: Readonly<Record<Name, Flag>>;
}

/**
 * Reads the flags of a command and runs it. Ends the process: 0 done, 2 bad usage or input (message only), 3 anything
 * else (with the stack, since it is a fault of ours or of the machine).
 */
export async function runCommand<Name extends string>(
  command: Command<Name>,
  run: (flags: Readonly<Record<Name, string>>) => Promise<void>,
): Promise<void> {
  try {
    const flags = readFlags(command, process.argv.slice(2));
    if (flags) await run(flags);
    else process.stdout.write(helpText(command));
  } catch (error) {
    const mine = error instanceof InputError;
    process.stderr.write(`${command.name}: ${mine ? error.message : error instanceof Error ? error.stack : error}\n`);
    process.exitCode = mine ? 2 : 3;
  }
}

/** The flags given, defaults filled in; undefined if help was asked for. */
export function readFlags<Name extends string>(
  command: Command<Name>,
  args: readonly string[],
): Record<Name, string> | undefined {
  const entries = Object.entries<Flag>(command.flags);
  const options = Object.fromEntries(entries.map(([flag]) => [flag, { type: "string" as const }]));
  let values: Record<string, string | boolean | undefined>;
  try {
    values = parseArgs({ args: [...args], options: { ...options, help: { type: "boolean" } } }).values;
  } catch (error) {
    throw new InputError(`${error instanceof Error ? error.message : error}\n\n${helpText(command)}`);
  }
  if (values["help"]) return undefined;

  const missing = entries.filter(
    ([flag, { default: fallback }]) => values[flag] === undefined && fallback === undefined,
  );
  if (missing.length > 0) {
    throw new InputError(`missing ${missing.map(([flag]) => `--${flag}`).join(", ")}\n\n${helpText(command)}`);
  }
  const filled = entries.map(([flag, { default: fallback }]) => [flag, values[flag] ?? fallback]);
  return Object.fromEntries(filled) as Record<Name, string>;
}

/** A whole number from a flag, in [low,high]. */
export function wholeNumber(flag: string, text: string, low: number, high: number): number {
  const value = Number(text);
  if (!/^-?\d+$/.test(text) || value < low || value > high) {
    throw new InputError(`--${flag} is \`${text}\`; give a whole number from ${low} to ${high}`);
  }
  return value;
}

function helpText({ name, about, example, flags }: Command<string>): string {
  const lines = Object.entries(flags).map(([flag, { value, about: what, default: fallback }]) => {
    const given = fallback === undefined ? "" : ` (default ${fallback === "" ? "none" : fallback})`;
    return `  --${`${flag} ${value}`.padEnd(26)} ${what}${given}`;
  });
  return `${about}\n\nUsage: node src/${name}.ts [flags]\n\n${lines.join("\n")}\n\nExample: ${example}\n`;
}
