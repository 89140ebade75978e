import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Document, parse } from "yaml";
import { checkConfig } from "../../config.ts";
import { unifiedDiff } from "../../delivery/diff.ts";
import type { Problem } from "../../delivery/shape.ts";
import { readStackEdit } from "../../delivery/stack-edit.ts";
import { parseStackFile, textOf } from "../../delivery/stack-file.ts";

export const STACKS = ["staging", "production"] as const;
export type Stack = (typeof STACKS)[number];

/** One value of a stack file, by its path below `config:`. Undefined takes it away. */
export interface Edit {
  readonly stack: Stack;
  readonly path: readonly string[];
  readonly value: unknown;
}

/** Both stack files, as they lie there and as they are to be. */
export interface Drafts {
  readonly folder: string;
  readonly defaults: Readonly<Record<string, unknown>>;
  readonly files: Readonly<
    Record<Stack, { readonly name: string; readonly text: string; readonly document: Document }>
  >;
}

/** Whom the files belong to as they come. */
const NOBODY = "example-org";

/** @throws DeliveryError `input`, or Error of the file system */
export async function openDrafts(folder: string): Promise<Drafts> {
  const project = parse(await readFile(join(folder, "Pulumi.yaml"), "utf8")) as {
    config: Record<string, { default?: unknown }>;
  };
  const defaults = Object.entries(project.config).flatMap(([key, { default: value }]) =>
    value === undefined ? [] : [[key, value] as const],
  );
  const open = async (stack: Stack) => {
    const name = `Pulumi.${stack}.yaml`;
    return parseStackFile(await readFile(join(folder, name), "utf8"), name);
  };
  const [staging, production] = await Promise.all([open("staging"), open("production")]);
  return { folder, defaults: Object.fromEntries(defaults), files: { staging, production } };
}

/** A value as it is in the draft now. */
export function valueIn({ files }: Drafts, stack: Stack, ...path: readonly string[]): unknown {
  const config = (files[stack].document.toJS() as { config: Record<string, unknown> }).config;
  return path.reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], config);
}

/** Changes the drafts; comments and order stay. */
export function applyEdits({ files }: Drafts, edits: readonly Edit[]): void {
  for (const { stack, path, value } of edits) {
    const { document } = files[stack];
    const at = ["config", ...path];
    if (value !== undefined) {
      document.setIn(at, typeof value === "object" ? document.createNode(value, { flow: true }) : value);
    } else if (document.hasIn(at)) {
      document.deleteIn(at);
    }
  }
}

/** What config.ts says of the drafts. */
export function problemsIn(drafts: Drafts): (Problem & { readonly stack: Stack })[] {
  return STACKS.flatMap((stack) => {
    const { config } = drafts.files[stack].document.toJS() as { config: Record<string, unknown> };
    const [, problems] = checkConfig({ ...drafts.defaults, ...config }, stack);
    return problems.map((problem) => ({ ...problem, stack }));
  });
}

/** Why the files must not be overwritten unasked; empty where they are as they came. */
export async function editsByHand(drafts: Drafts): Promise<string[]> {
  const found = STACKS.map(async (stack) => {
    const { name } = drafts.files[stack];
    const owner = valueIn(drafts, stack, "github:owner");
    const deployments = valueIn(drafts, stack, "ml-delivery:endpoint", "deployments") ?? {};
    if (owner !== NOBODY) return [`${name} belongs to ${String(owner)} already`];
    if (Object.keys(deployments as object).length > 0) return [`${name} has deployments`];
    const edit = await readStackEdit(drafts.folder, name, "ml-delivery");
    return edit === undefined ? [] : [`${name} has changes that are not committed`];
  });
  return (await Promise.all(found)).flat();
}

/** The files as they would be, and how they differ. */
export function changesOf({ files }: Drafts): { name: string; text: string; diff: string }[] {
  return STACKS.map((stack) => {
    const { name, text: before, document } = files[stack];
    const text = textOf(document, before);
    return { name, text, diff: unifiedDiff(before, text, name) };
  }).filter(({ diff }) => diff !== "");
}

/** Each file is written whole or not at all. */
export async function writeDrafts(drafts: Drafts): Promise<string[]> {
  const changes = changesOf(drafts);
  for (const { name, text } of changes) {
    const part = join(drafts.folder, `${name}.${process.pid}.part`);
    await writeFile(part, text);
    await rename(part, join(drafts.folder, name));
  }
  return changes.map(({ name }) => name);
}
