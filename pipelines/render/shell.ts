import type { Argument, Command } from "../model.ts";

/** A fixed text as one word of bash. */
export function shellWord(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Bash stops at a variable that is unset or empty, where it would otherwise make `s3:///models/` out of it. */
export function shellVariable(name: string): string {
  return `\${${name}:?is not set}`;
}

interface CommandStyle {
  /** How a fixed text is written, for engines that read scripts before bash does. */
  readonly word?: (text: string) => string;
  /** Before each line but the first. @default "  " */
  readonly indent?: string;
}

/** A command as a bash script, one option a line. */
export function encodeCommand(command: Command, { word = shellWord, indent = "  " }: CommandStyle = {}): string {
  return command
    .map((argument) => ({ option: isOption(argument), text: encodeArgument(argument, word) }))
    .reduce((script, { option, text }) => `${script}${option ? ` \\\n${indent}` : " "}${text}`, "")
    .trimStart();
}

function isOption(argument: Argument): boolean {
  return typeof argument === "string" && argument.startsWith("--");
}

function encodeArgument(argument: Argument, word: (text: string) => string): string {
  if (typeof argument === "string") return word(argument);
  const texts = argument.filter((part) => typeof part === "string");
  if (texts.every((text) => /^[\w@%+=:,./ -]*$/.test(text))) {
    return `"${argument.map((part) => (typeof part === "string" ? part : shellVariable(part.env))).join("")}"`;
  }
  return argument.map((part) => (typeof part === "string" ? word(part) : `"${shellVariable(part.env)}"`)).join("");
}

/**
 * Takes exit code 1 for an answer. A command that wrote no outputs has not got so far as to answer: a program that
 * cannot even be loaded ends with 1 too.
 */
export function acceptNo(script: string, indent = "  "): string {
  return `${script} \\\n${indent}|| { [ $? -eq 1 ] && [ -s "$GITHUB_OUTPUT" ]; }`;
}
