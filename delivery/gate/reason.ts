export type Verdict = "pass" | "fail" | "cannot decide";

/** One thing that was looked at. */
export type Reason = {
  readonly verdict: Verdict;
  /** The field of `metrics.json`, the limit, or the part of the model that this is about. */
  readonly field: string;
  readonly message: string;
};

export type GateVerdict = { readonly verdict: Verdict; readonly reasons: readonly Reason[] };

/** "cannot decide" over "fail" over "pass"; nothing looked at is nothing known. */
export function verdictOf(reasons: readonly Reason[]): GateVerdict {
  const is = (verdict: Verdict) => reasons.some((reason) => reason.verdict === verdict);
  const undecided = reasons.length === 0 || is("cannot decide");
  return { verdict: undecided ? "cannot decide" : is("fail") ? "fail" : "pass", reasons };
}

export function reasonFor(verdict: Verdict, field: string, message: string): Reason {
  return { verdict, field, message };
}

export function cannotDecide(field: string, message: string): Reason {
  return reasonFor("cannot decide", field, message);
}

/** A number that can be compared: JavaScript's comparisons take text, lists and nothing as numbers too. */
export function isFigure(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

/** A value as a message shows it. */
export function show(value: unknown): string {
  if (value === undefined) return "nothing";
  return typeof value === "number" ? String(value) : (JSON.stringify(value)?.slice(0, 80) ?? typeof value);
}
