/** One thing wrong with a value that a person wrote, in that person's words. */
export interface Problem {
  /** Where it stands, e.g. `endpoint.traffic.blue`. */
  readonly key: string;
  readonly got: unknown;
  readonly allowed: string;
  readonly remedy: string;
}

/** `endpoint.traffic.blue is 33.3; allowed: a whole number from 0 to 100; drop the decimals` */
export function describe({ key, got, allowed, remedy }: Problem): string {
  return `${key} is ${show(got)}; allowed: ${allowed}; ${remedy}`;
}

/** Where a shape says what it found wrong. */
export type Report = (problem: Problem) => void;

/**
 * Checks one value. Every problem goes to `report`, so that all are shown at once; what is returned is only good where
 * nothing was reported.
 */
export interface Shape<T> {
  (value: unknown, key: string, report: Report): T;
  /** What it allows, for the documentation. Without it, the shape must be given words by {@link worded}. */
  readonly form?: Form;
}

/** What a shape allows, to be read rather than run. */
export type Form = { readonly optional?: boolean } & (
  | { readonly kind: "value"; readonly allowed: string }
  | { readonly kind: "list"; readonly item: Form }
  | { readonly kind: "map"; readonly name: Form; readonly item: Form }
  | { readonly kind: "object"; readonly fields: Readonly<Record<string, Form>> }
);

type Check<T> = (value: unknown, key: string, report: Report) => T;

const formed = <T>(check: Check<T>, form: Form): Shape<T> => Object.assign(check, { form });

/** Gives a check of one's own the words for what it allows. */
export function worded<T>(check: Check<T>, allowed: string): Shape<T> {
  return formed((value, key, report) => check(value, key, report), { kind: "value", allowed });
}

/** What a shape allows. @throws Error where it has no words for it. */
export function formOf({ form }: Shape<unknown>, key: string): Form {
  if (form === undefined)
    throw new Error(`The shape of ${key} has no words for what it allows; give it some by worded().`);
  return form;
}

/** What a shape gives. */
export type Shaped<S> = S extends Shape<infer T> ? T : never;

/** A text that matches `pattern`; `allowed` says the pattern in words. */
export function text(pattern: RegExp, allowed: string, remedy = "change it"): Shape<string> {
  return worded((value, key, report) => {
    if (typeof value === "string" && pattern.test(value)) return value;
    report({ key, got: value, allowed, remedy: value === undefined ? "add it" : remedy });
    return "";
  }, allowed);
}

/** One of `choices`. */
export function choice<const C extends string>(...choices: readonly C[]): Shape<C> {
  return worded((value, key, report) => {
    const found = choices.find((one) => one === value);
    if (found !== undefined) return found;
    const near = nearest(String(value), choices);
    const remedy = value === undefined ? "add it" : near ? `did you mean ${near}?` : "choose one of them";
    report({ key, got: value, allowed: choices.join(", "), remedy });
    return choices[0] as C;
  }, choices.join(", "));
}

/** `true` or `false`. */
export const flag: Shape<boolean> = worded((value, key, report) => {
  if (typeof value === "boolean") return value;
  report({
    key,
    got: value,
    allowed: "true or false",
    remedy: value === undefined ? "add it" : "write it without quotes",
  });
  return false;
}, "true or false");

/** A number from `min` to `max`, both included. Texts, NaN and infinities are no numbers. */
export function number(min: number, max: number): Shape<number> {
  return numeric(`a number from ${min} to ${max}`, (n) => n >= min && n <= max);
}

/** A whole number from `min` to `max`, both included. */
export function whole(min: number, max: number): Shape<number> {
  return numeric(`a whole number from ${min} to ${max}`, (n) => Number.isInteger(n) && n >= min && n <= max);
}

function numeric(allowed: string, fits: (n: number) => boolean): Shape<number> {
  return worded((value, key, report) => {
    if (typeof value === "number" && fits(value)) return value;
    const quoted = typeof value === "string" && value.trim() !== "" && fits(Number(value));
    const remedy = value === undefined ? "add it" : quoted ? "write it without quotes" : "change it";
    report({ key, got: value, allowed, remedy });
    return 0;
  }, allowed);
}

/** A value that may be left out. */
export function optional<T>(shape: Shape<T>): Shape<T | undefined> {
  const check: Check<T | undefined> = (value, key, report) =>
    value === undefined ? undefined : shape(value, key, report);
  return shape.form ? formed(check, { ...shape.form, optional: true }) : check;
}

/** A list of `item`s. */
export function list<T>(item: Shape<T>): Shape<readonly T[]> {
  const check: Check<readonly T[]> = (value, key, report) => {
    if (Array.isArray(value)) return value.map((one, i) => item(one, `${key}[${i}]`, report));
    report({ key, got: value, allowed: "a list", remedy: value === undefined ? "add it, [] for none" : "write [ … ]" });
    return [];
  };
  return formed(check, { kind: "list", item: formOf(item, "a list's item") });
}

/** Values by names that the user chose. A missing map is an empty one. */
export function map<T>(name: Shape<string>, item: Shape<T>): Shape<Readonly<Record<string, T>>> {
  const check: Check<Readonly<Record<string, T>>> = (value, key, report) => {
    if (value === undefined || value === null) return {};
    if (!isObject(value)) {
      report({ key, got: value, allowed: "names with a value each", remedy: "write { name: value }, {} for none" });
      return {};
    }
    const entries = Object.entries(value).map(([name_, one]) => {
      name(name_, `${key}: the name`, report);
      return [name_, item(one, `${key}.${name_}`, report)] as const;
    });
    return Object.fromEntries(entries);
  };
  return formed(check, { kind: "map", name: formOf(name, "a map's name"), item: formOf(item, "a map's item") });
}

/** Exactly these keys. An unknown one is refused with the nearest known name; a missing one is its own shape's affair. */
export function object<F extends Record<string, Shape<unknown>>>(
  fields: F,
): Shape<{ readonly [K in keyof F]: Shaped<F[K]> }> {
  const known = Object.keys(fields);
  const forms = Object.entries(fields).map(([name, field]) => [name, formOf(field, name)] as const);
  const check: Check<{ readonly [K in keyof F]: Shaped<F[K]> }> = (value, key, report) => {
    const under = (name: string) => (key === "" ? name : `${key}.${name}`);
    const given = isObject(value) ? value : {};
    if (!isObject(value))
      report({ key, got: value, allowed: `an object with ${known.join(", ")}`, remedy: "write it so" });
    for (const name of Object.keys(given).filter((name) => !known.includes(name))) {
      const near = nearest(name, known);
      const remedy = near ? `did you mean ${under(near)}?` : "remove it";
      report({ key: under(name), got: given[name], allowed: `only ${known.join(", ")}`, remedy });
    }
    const checked = isObject(value) ? Object.entries(fields) : [];
    return Object.fromEntries(checked.map(([name, field]) => [name, field(given[name], under(name), report)])) as {
      readonly [K in keyof F]: Shaped<F[K]>;
    };
  };
  return formed(check, { kind: "object", fields: Object.fromEntries(forms) });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The one of `known` that `name` is most likely a slip of; none where nothing is close. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const close = known
    .map((candidate) => ({ candidate, distance: distance(name.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)[0];
  return close && close.distance <= Math.max(2, Math.floor(name.length / 3)) ? close.candidate : undefined;
}

/** Levenshtein distance: insertions, deletions and replacements of one character. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (const [i, left] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, right] of [...b].entries()) {
      const replaced = (row[j] ?? 0) + (left === right ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

function show(value: unknown): string {
  if (value === undefined) return "missing";
  if (typeof value === "number") return String(value); // JSON has no NaN
  return JSON.stringify(value);
}
