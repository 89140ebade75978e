import { compareEstimates, type EstimateSummary } from "../estimate/compare.ts";
import type { Preview } from "./events.ts";
import { cell } from "./markdown.ts";

/** What the change does to what is always paid; empty where the preview did not get as far as the estimate. */
export function costBlock({ outputs, succeeded }: Preview): string {
  const [before, after] = [summaryIn(outputs.old), summaryIn(outputs.new)];
  // One that was cut short shows the outputs of before.
  if (after === undefined || !succeeded) return "";
  const { changes, difference, complete, currency } = compareEstimates(before, after);
  const total = `${money(after.fixed)} ${currency} a month`;
  if (changes.length === 0) return `**💵 Cost** of what is always paid: stays at ${total}.`;
  const partly = complete ? "" : ", of what has a price";
  const sum = before === undefined ? total : `**${signed(difference)}** to ${total}`;
  return [
    `#### 💵 Cost of what is always paid: ${sum}${partly}`,
    "",
    ...["| | now | after | |", "|---|--:|--:|--:|"],
    ...changes.map((one) => {
      const move = one.difference === null ? "unknown" : signed(one.difference);
      return `| ${cell(one.resource)} | ${shown(one.before)} | ${shown(one.after)} | ${move} |`;
    }),
  ].join("\n");
}

/** What an earlier version of the program left may have another shape: then nothing is said. */
function summaryIn(outputs: Preview["outputs"]["new"]): EstimateSummary | undefined {
  const found = outputs?.["monthlyEstimate"];
  if (typeof found !== "object" || found === null) return undefined;
  const { currency, fixed, resources } = found as Readonly<Record<string, unknown>>;
  const isPrice = (value: unknown) => value === null || (typeof value === "number" && Number.isFinite(value));
  const isWhole =
    typeof currency === "string" &&
    /^[A-Z]{3}$/.test(currency) &&
    fixed !== null &&
    isPrice(fixed) &&
    typeof resources === "object" &&
    resources !== null &&
    Object.values(resources).every(isPrice);
  return isWhole ? (found as EstimateSummary) : undefined;
}

const money = (dollars: number) => dollars.toFixed(2);
const signed = (dollars: number) => `${dollars < 0 ? "−" : "+"}${money(Math.abs(dollars))}`;
const shown = (value: number | null | undefined) =>
  value === undefined ? "—" : value === null ? "unknown" : money(value);
