import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { shape } from "../config.ts";
import { type Form, formOf } from "../delivery/shape.ts";
import { projectRoot } from "./places.ts";

interface Declared {
  readonly type: string;
  readonly default?: unknown;
  readonly description: string;
}

const INTRODUCTION = `<!-- Generated from Pulumi.yaml and config.ts. Edit those, then \`npm run render\`. -->

# Config

What a stack's file, \`Pulumi.<stack>.yaml\`, may hold. Meaning and defaults are declared in \`Pulumi.yaml\`; \`config.ts\` checks
every value before anything is registered, reports all that is wrong at once, and refuses a key that it does not know, at every
depth, with the one that was probably meant. A default is one value: a stack that sets \`cluster\` sets all of it.

Besides these, a stack sets \`aws:region\`, \`azure-native:location\` and \`github:owner\`. No key holds a secret: a provider's own
(\`github:token\`) is set by \`pulumi config set --secret\`, and the [policy pack](../policy) refuses one in plain text.
`;

/** docs/config.md: every key with its type, what it allows, its default and its meaning. */
export function configPage(): string {
  const text = readFileSync(join(projectRoot, "Pulumi.yaml"), "utf8");
  const { config } = parse(text) as { readonly config: Readonly<Record<string, Declared>> };
  const sections = Object.entries(config).map(([key, declared]) => {
    const field = shape[key.replace("ml-delivery:", "") as keyof typeof shape];
    return section(key, declared, formOf(field, key));
  });
  return `${INTRODUCTION}\n${sections.join("\n")}`;
}

function section(key: string, { type, default: value, description }: Declared, form: Form): string {
  const given = value === undefined ? "required" : `default \`${inline(value)}\``;
  const rows = rowsOf(form, "", value);
  const table = ["| Key | Allowed | |", "| --- | --- | --- |", ...rows.map((row) => `| ${row.join(" | ")} |`)];
  const allowed = form.kind === "value" ? [`Allowed: ${form.allowed}.`, ""] : [...table, ""];
  return [`## \`${key}\``, "", description.trim(), "", `${type}, ${given}.`, "", ...allowed].join("\n");
}

type Row = readonly [key: string, allowed: string, given: string];

/** A row for each value that a person writes. */
function rowsOf(form: Form, path: string, preset: unknown): readonly Row[] {
  const inner = (value: unknown, name: string) => (value as Readonly<Record<string, unknown>> | undefined)?.[name];
  switch (form.kind) {
    case "object":
      return Object.entries(form.fields).flatMap(([name, field]) =>
        rowsOf(field, path === "" ? name : `${path}.${name}`, inner(preset, name)),
      );
    case "map":
      return rowsOf(form.item, `${path}.<name>`, undefined);
    case "list":
      return form.item.kind === "value"
        ? [row(path, `a list of: ${form.item.allowed}`, form, preset)]
        : rowsOf(form.item, `${path}[]`, undefined);
    case "value":
      return [row(path, form.allowed, form, preset)];
  }
}

function row(path: string, allowed: string, form: Form, preset: unknown): Row {
  const given = preset === undefined ? (form.optional ? "may be left out" : "") : `\`${inline(preset)}\``;
  return [`\`${path}\``, allowed.replaceAll("|", "\\|").replaceAll("<", "&lt;"), given];
}

/** As one would write it in YAML, on one line. */
function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(", ")}]`;
  if (typeof value !== "object" || value === null) return String(value);
  const entries = Object.entries(value).map(([key, one]) => `${key}: ${inline(one)}`);
  return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
}
