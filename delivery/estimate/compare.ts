import { cents, type Estimate } from "./estimate.ts";

/** The part of an estimate that a stack keeps as its output: what is paid whether used or not. */
export interface EstimateSummary {
  readonly currency: string;
  /** Dollars a month of all fixed lines that have a price. */
  readonly fixed: number;
  /** Fixed lines without a price. */
  readonly unknown: readonly string[];
  /** Dollars a month by resource; null where a part of it has no price. */
  readonly resources: Readonly<Record<string, number | null>>;
}

/** One resource before and after. Undefined where there is none; null where its price is not known. */
export interface Change {
  readonly resource: string;
  readonly before: number | null | undefined;
  readonly after: number | null | undefined;
  /** Dollars a month; null where a price is missing. */
  readonly difference: number | null;
}

/** What a change of config does to the monthly cost. */
export interface Comparison {
  readonly currency: string;
  /** Only what differs. */
  readonly changes: readonly Change[];
  /** Dollars a month, of what has a price on both sides. */
  readonly difference: number;
  /** Whether `difference` is all there is: no price is missing in what changed. */
  readonly complete: boolean;
}

/** Shortens an estimate to what a later one is compared with. */
export function summarize({ currency, fixed, unknown, lines }: Estimate): EstimateSummary {
  const resources: Record<string, number | null> = {};
  for (const { resource, monthly } of lines.filter(({ kind }) => kind === "fixed")) {
    const sum = resources[resource] ?? 0;
    resources[resource] = monthly === undefined || resources[resource] === null ? null : cents(sum + monthly);
  }
  return { currency, fixed, unknown, resources };
}

/**
 * Compares what is always paid. Pure.
 *
 * @param before what is deployed; undefined before the first update, when all is new
 */
export function compareEstimates(before: EstimateSummary | undefined, after: EstimateSummary): Comparison {
  const was = before?.resources ?? {};
  const is = after.resources;
  const names = [...new Set([...Object.keys(was), ...Object.keys(is)])];
  const changes = names
    .filter((name) => was[name] !== is[name])
    .map((resource) => {
      const [old, now] = [was[resource], is[resource]];
      const difference = old === null || now === null ? null : cents((now ?? 0) - (old ?? 0));
      return { resource, before: old, after: now, difference };
    });
  const known = changes.flatMap(({ difference }) => difference ?? []);
  return {
    currency: after.currency,
    changes,
    difference: cents(known.reduce((sum, one) => sum + one, 0)),
    complete: known.length === changes.length,
  };
}
