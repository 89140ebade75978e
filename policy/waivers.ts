import type { Resource } from "./rule.ts";

/** A fault that is known and borne for a while. Stands in waivers.json, which is reviewed as all of the project is. */
export interface Waiver {
  /** Name of the rule. */
  readonly rule: string;
  readonly stack: string;
  /** Name of the resource in the program, as a preview shows it. */
  readonly resource: string;
  /** Why, in a sentence. */
  readonly reason: string;
  /** Last day that it holds, as 2027-01-31, at most a year ahead. */
  readonly until: string;
}

const KEYS = ["rule", "stack", "resource", "reason", "until"];
const DAY_MS = 24 * 3600 * 1000;
const LONGEST_DAYS = 366;

/**
 * Waivers from the file's text.
 *
 * @throws Error with everything wrong in it: a key unknown or missing, an unknown rule, no reason, a day that is none or
 * lies more than a year ahead.
 */
export function readWaivers(text: string, rules: readonly string[], now: Date): readonly Waiver[] {
  const list: unknown = JSON.parse(text);
  if (!Array.isArray(list)) throw new Error("policy/waivers.json must be a list, [] for none.");
  const problems = list.flatMap((one, index) => problemsOf(one, rules, now).map((text_) => `  - [${index}] ${text_}`));
  if (problems.length > 0) throw new Error(`policy/waivers.json cannot be used:\n${problems.join("\n")}`);
  return list as Waiver[];
}

function problemsOf(one: unknown, rules: readonly string[], now: Date): readonly string[] {
  const given = typeof one === "object" && one !== null ? (one as Readonly<Record<string, unknown>>) : {};
  const unknown = Object.keys(given).filter((key) => !KEYS.includes(key));
  const missing = KEYS.filter((key) => typeof given[key] !== "string" || given[key] === "");
  const problems = [
    ...unknown.map((key) => `${key} is not known; allowed: ${KEYS.join(", ")}`),
    ...missing.map((key) => `${key} is missing`),
  ];
  if (problems.length > 0) return problems;
  const { rule, reason, until } = given as unknown as Waiver;
  const end = endOf(until);
  return [
    ...(rules.includes(rule) ? [] : [`rule is ${rule}; allowed: ${rules.join(", ")}`]),
    ...(reason.trim().split(/\s+/).length >= 3 ? [] : ["reason must be a sentence"]),
    ...(Number.isNaN(end) ? [`until is ${until}; allowed: a day, as 2027-01-31`] : []),
    ...(end - now.getTime() > LONGEST_DAYS * DAY_MS ? [`until is ${until}; allowed: at most a year from now`] : []),
  ];
}

/** What a waiver does for a fault of a rule in a resource: none, one in force, or one that has ended. */
export function waiverFor(
  waivers: readonly Waiver[],
  rule: string,
  resource: Pick<Resource, "name" | "stack">,
  now: Date,
): { readonly waiver: Waiver; readonly inForce: boolean } | undefined {
  const waiver = waivers.find(
    (one) => one.rule === rule && one.stack === resource.stack && one.resource === resource.name,
  );
  return waiver && { waiver, inForce: now.getTime() <= endOf(waiver.until) };
}

/** The last moment of a day, UTC; NaN where it is none. */
function endOf(day: string): number {
  const start = /^\d{4}-\d{2}-\d{2}$/.test(day) ? Date.parse(`${day}T00:00:00Z`) : Number.NaN;
  return start + DAY_MS - 1;
}
