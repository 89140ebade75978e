import type { Comparison } from "./compare.ts";
import type { Estimate, Line } from "./estimate.ts";
import type { Price } from "./prices.ts";

const UNKNOWN = "unknown";

/** An estimate as people read it: what is always paid, what is paid by use, and where the prices are from. */
export function estimateTable(title: string, { lines, fixed, use, unknown, currency }: Estimate): string {
  const sources = [...new Set(lines.flatMap(({ price }) => price?.source ?? []))];
  const mark = (price: Price | undefined) =>
    price === undefined ? "" : `[${sources.indexOf(price.source) + 1}]${price.checked ? "" : "*"}`;
  const always = lines.filter(({ kind }) => kind === "fixed");
  const byUse = lines.filter(({ kind }) => kind === "use");
  const rows = [
    ...always.map((line) => row(line.resource, line.item, money(line.monthly), mark(line.price))),
    row("always", unknown.length > 0 ? "at least, as a price is unknown" : "", money(fixed), ""),
    "",
    ...byUse.map((line) => row(line.resource, line.item, figureOf(line), `${unitOf(line)}${mark(line.price)}`)),
    ...(use > 0
      ? [row("by use, as assumed", "", money(use), ""), "", row("together", "", money(fixed + use), "")]
      : []),
  ];
  return [
    `${title}, ${currency} a month`,
    "",
    ...rows,
    "",
    `Prices without tax and discounts, from the pages below, read ${readOn(lines)}; * not checked there.`,
    ...sources.map((source, index) => `  [${index + 1}] ${source}`),
  ].join("\n");
}

/** What a change does to the cost, in a few lines. */
export function comparisonTable({ changes, difference, complete, currency }: Comparison): string {
  if (changes.length === 0) return "What is always paid stays as it is deployed.";
  const shown = (value: number | null | undefined) =>
    value === undefined ? "-" : value === null ? UNKNOWN : value.toFixed(2);
  return [
    `Against what is deployed, ${currency} a month`,
    "",
    ...changes.map((one) =>
      row(
        one.resource,
        `${shown(one.before)} → ${shown(one.after)}`,
        one.difference === null ? UNKNOWN : signed(one.difference),
        "",
      ),
    ),
    row("difference", complete ? "" : "of what has a price", signed(difference), ""),
  ].join("\n");
}

/** Fits a terminal of 80 columns, unless a name is very long. */
function row(resource: string, item: string, amount: string, note: string): string {
  return `  ${resource.padEnd(22)} ${item.padEnd(35)} ${amount.padStart(9)} ${note}`.trimEnd();
}

function money(dollars: number | undefined): string {
  return dollars === undefined ? UNKNOWN : dollars.toFixed(2);
}

const signed = (dollars: number) => `${dollars < 0 ? "-" : "+"}${Math.abs(dollars).toFixed(2)}`;

/** The month's cost where a use was assumed, else the price of a unit. */
function figureOf({ monthly, price }: Line): string {
  return monthly === undefined && price !== undefined ? String(price.amount) : money(monthly);
}

function unitOf({ monthly, price }: Line): string {
  return monthly === undefined && price !== undefined ? `/ ${price.unit} ` : "";
}

function readOn(lines: readonly Line[]): string {
  const days = [...new Set(lines.flatMap(({ price }) => price?.read ?? []))].sort();
  return days.length > 1 ? `${days[0]} to ${days.at(-1)}` : (days[0] ?? "never");
}
