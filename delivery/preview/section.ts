import type { Changes, ResourceChange, TrafficChange } from "./changes.ts";
import { changesIn } from "./changes.ts";
import { costBlock } from "./cost.ts";
import type { Preview } from "./events.ts";
import { bar, block, cell, code, fold, shortened } from "./markdown.ts";
import { type ModelChange, modelTable, type Unread } from "./models.ts";
import { fit, type Part } from "./parts.ts";

/** All that a section tells. */
export interface Subject {
  readonly stack: string;
  readonly preview: Preview;
  readonly models: { readonly changes: readonly ModelChange[]; readonly unread: readonly Unread[] };
  /** What was previewed. */
  readonly commit?: string | undefined;
  /** Where the whole output is. */
  readonly runUrl?: string | undefined;
}

/** What stands for a value that only the update knows. */
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const VALUE_LENGTH = 120;
const DIFFERENCES_SHOWN = 12;
const ERROR_LENGTH = 6000;

/** The Markdown of one stack's preview, of at most `limit` characters: the riskiest first, what is left out by name. */
export function sectionOf(subject: Subject, limit: number): string {
  const { preview, commit, runUrl, models } = subject;
  const changes = changesIn(preview);
  const link = runUrl !== undefined && /^https?:\/\/[^\s()<>[\]\\`"]+$/.test(runUrl) ? runUrl : undefined;
  const from = [
    ...(commit === undefined ? [] : [`of ${code(commit.slice(0, 12))}`]),
    ...(link === undefined ? [] : [`[whole output](${link})`]),
  ];
  const head = [`### ${headline(subject, changes)}`, ...(from.length > 0 ? [from.join(" · ")] : [])].join("\n\n");
  const parts: (Part | undefined)[] = [
    failure(preview, isEmpty(changes)),
    losses(changes),
    part("moved traffic", 1, changes.traffic.map(trafficTable).join("\n\n")),
    listed("♻️ Replaces", 3, changes.replaces, diffOf),
    listed("🗑️ Deletes", 3, changes.deletes, byPart),
    listed("➕ Creates", 8, changes.creates, byKind),
    listed("✏️ Updates", 7, changes.updates, diffOf),
    listed("❔ Else", 2, changes.others, (all) =>
      all.map(({ op, ...one }) => `- ${code(op)} ${named(one)}`).join("\n"),
    ),
    policies(preview),
    part("cost", 5, costBlock(preview)),
    part("models", 4, modelText(models)),
    part("warnings", 6, warnings(preview)),
  ];
  return fit(
    head,
    parts.flatMap((one) => one ?? []),
    limit,
    link,
  );
}

/** What happens, in a line, for whoever reads no further. */
function headline({ stack, preview }: Subject, changes: Changes): string {
  const { losses, traffic, replaces, deletes, creates, updates, others } = changes;
  const broken = preview.violations.some(({ mandatory }) => mandatory);
  const facts = [
    ...(losses.length > 0
      ? [
          `**${losses.length} ${losses.length === 1 ? "that holds" : "that hold"} data, keys or an address would be lost**`,
        ]
      : []),
    ...(traffic.length > 0 ? ["traffic moves"] : []),
    ...counted([replaces.length, "replaced"], [deletes.length, "deleted"], [creates.length, "created"]),
    ...counted([updates.length, "updated"], [others.length, "else"]),
  ];
  const name = code(stack);
  if (broken) return `⛔ ${name}: refused by a policy`;
  if (!preview.succeeded) return `❌ ${name}: the preview failed`;
  if (facts.length === 0) return `⚪ ${name}: nothing changes`;
  const mark = losses.length > 0 ? "🔴" : traffic.length + replaces.length + deletes.length > 0 ? "🟠" : "🟢";
  return `${mark} ${name}: ${facts.join(", ")}`;
}

function counted(...all: readonly (readonly [number, string])[]): string[] {
  return all.flatMap(([count, word]) => (count > 0 ? [`${count} ${word}`] : []));
}

function failure({ succeeded, errors, violations }: Preview, isAll: boolean): Part | undefined {
  if (succeeded || (errors.length === 0 && violations.some(({ mandatory }) => mandatory))) return undefined;
  const words =
    errors.length > 0 ? errors.join("\n") : "The engine ended without a word. The whole output may say more.";
  const note = isAll ? "" : "\n\nWhat follows is how far it got: the rest is not known.";
  return part("errors", 0, `${block(shortened(words, ERROR_LENGTH))}${note}`);
}

const isEmpty = (changes: Changes) => Object.values(changes).every(({ length }) => length === 0);

/** Loud: this is the one thing that no later commit puts right. */
function losses({ losses: all }: Changes): Part | undefined {
  if (all.length === 0) return undefined;
  const lines = all.map((one) => {
    const causes = one.differences.map(({ property }) => code(shortened(property, 60))).slice(0, 4);
    return `- ${named(one)} is **${one.how}**${causes.length > 0 ? `, because of ${causes.join(", ")}` : ""}`;
  });
  const text = ["[!CAUTION]", "**What these hold is gone for good:**", ...lines].map((line) => `> ${line}`);
  return {
    ...part("losses", 0, text.join("\n")),
    short: `> [!CAUTION]\n> **${all.length} resources and what they hold are lost.**`,
  };
}

function trafficTable({ endpoint, before, after, copies, models }: TrafficChange): string {
  const names = Object.keys({ ...before, ...after }).sort((a, b) => (after[b] ?? 0) - (after[a] ?? 0));
  const rows = names.map((name) => {
    const [was, is] = [before[name] ?? 0, after[name] ?? 0];
    const model = models[name] === undefined ? "" : cell(shortened(models[name], 16));
    return `| ${cell(name)} | ${model} | ${was} % | ${was === is ? `${is} %` : `**${is} %**`} | \`${bar(is / 100)}\` |`;
  });
  const copied = Object.keys({ ...copies.before, ...copies.after })
    .filter((name) => copies.before[name] !== copies.after[name])
    .map((name) => `Copies to ${code(name)}: ${copies.before[name] ?? 0} % → **${copies.after[name] ?? 0} %**`);
  const table = [`| deployment | model | now | after | |`, "|---|---|--:|--:|---|", ...rows];
  return [`#### 🔀 Moves traffic, ${code(endpoint)}`, "", ...table, ...copied.flatMap((line) => ["", line])].join("\n");
}

function listed<One extends ResourceChange>(
  title: string,
  rank: number,
  all: readonly One[],
  show: (all: readonly One[]) => string,
): Part | undefined {
  if (all.length === 0) return undefined;
  const heading = `#### ${title} ${all.length}`;
  const inside = show(all);
  // A few lines are read at once; many are in the way of what comes after them.
  const long = inside.split("\n").length > 24;
  const text = `${heading}\n\n${long ? fold("all of them", inside) : inside}`;
  const name = `${title.split(" ").at(-1)?.toLowerCase()} (${all.length})`;
  return { ...part(name, rank, text), short: heading };
}

/** By component, so that a hundred of them are a dozen lines. */
function byPart(all: readonly ResourceChange[]): string {
  return partsOf(all, named);
}

/** As `byPart`; what a component has many of is counted. */
function byKind(all: readonly ResourceChange[]): string {
  const few = all.length <= 12;
  return partsOf(all, few ? named : ({ kind }) => kind);
}

function partsOf(all: readonly ResourceChange[], show: (one: ResourceChange) => string): string {
  const lines = [...Map.groupBy(all, (one) => one.part)].map(([part, ones]) => {
    const words = [...Map.groupBy(ones, show)].map(([word, { length }]) => (length > 1 ? `${length} × ${word}` : word));
    return `- **${part}** (${ones.length}): ${words.join(", ")}`;
  });
  return lines.join("\n");
}

const named = ({ name, kind }: Pick<ResourceChange, "name" | "kind">) => `${code(shortened(name, 80))} ${kind}`;

/** GitHub colours the lines of a diff. */
function diffOf(all: readonly ResourceChange[]): string {
  const lines = all.flatMap(({ name, kind, differences }) => {
    const shown = differences
      .slice(0, DIFFERENCES_SHOWN)
      .flatMap(({ property, config, cloud }) => [
        ...(config === undefined ? [] : [`-   ${property}: ${shownValue(config)}`]),
        ...(cloud === undefined ? [] : [`+   ${property}: ${shownValue(cloud)}`]),
      ]);
    const more = differences.length - DIFFERENCES_SHOWN;
    const rest =
      more > 0 ? [`    and ${more} more`] : differences.length === 0 ? ["    no input of its own differs"] : [];
    return [`  ${name} (${kind})`, ...shown, ...rest];
  });
  return block(lines.map((line) => line.replaceAll(/\s*\n\s*/g, " ")).join("\n"), "diff");
}

function shownValue(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return shortened(text.replaceAll(UNKNOWN, "(known only then)"), VALUE_LENGTH);
}

function policies({ violations, succeeded }: Preview): Part | undefined {
  const [hard, soft] = [violations.filter((one) => one.mandatory), violations.filter((one) => !one.mandatory)];
  const line = ({ policy, message }: Preview["violations"][number]) => `- ${code(policy)}\n${indented(block(message))}`;
  const texts = [
    ...(hard.length > 0 ? ["#### 📏 Policy: refused", ...hard.map(line)] : []),
    ...(soft.length > 0 ? [hard.length > 0 ? "Advice:" : "#### 📏 Policy: advice", ...soft.map(line)] : []),
  ];
  if (texts.length > 0) return part("policy", hard.length > 0 ? 0 : 6, texts.join("\n\n"));
  // A preview that was cut short has not asked every rule.
  return succeeded ? part("policy", 6, "**📏 Policy**: every rule is kept.") : undefined;
}

function modelText({ changes, unread }: Subject["models"]): string {
  if (changes.length + unread.length === 0) return "";
  const missing = unread.map(
    ({ deployment, reason }) => `Figures of ${code(deployment)} could not be read: ${code(shortened(reason, 300))}`,
  );
  return ["#### 🧪 Models", ...changes.map(modelTable), ...missing].join("\n\n");
}

function warnings({ warnings: all }: Preview): string {
  return all.length === 0
    ? ""
    : fold(
        `⚠️ ${all.length} ${all.length === 1 ? "warning" : "warnings"}`,
        all.map((one) => block(shortened(one, 1000))).join("\n"),
      );
}

/** As part of the list's entry above it. */
const indented = (text: string) => text.replaceAll(/^/gm, "  ");

function part(name: string, rank: number, text: string): Part {
  return { name, rank, text };
}
