/** How bad a kind of problem is: an error fails the data set, a warning is only told. */
export type Severity = "error" | "warning";

/** One kind of problem, with how often it was met and the first examples. */
export type Anomaly = {
  /** As in TensorFlow Data Validation's `anomalies.proto` where it has a name for it; ours in the same manner elsewhere. */
  readonly name: string;
  readonly severity: Severity;
  /** What the rule says. */
  readonly rule: string;
  readonly count: number;
  readonly examples: readonly string[];
};

/** Most examples that are told of one kind of problem. */
export const MAX_EXAMPLES = 5;

/** Collects problems by kind; memory stays bounded however many there are. */
export type AnomalyLog = {
  /** Notes occurrences; the example names the place (path or row) and what was found there. */
  add(name: string, rule: string, example: string, severity?: Severity, count?: number): void;
  /** Notes problems that were counted elsewhere. */
  include(anomalies: readonly Anomaly[]): void;
  /** Everything noted, errors first, then by count. */
  all(): Anomaly[];
};

export function createAnomalyLog(): AnomalyLog {
  const found = new Map<
    string,
    { name: string; severity: Severity; rule: string; count: number; examples: string[] }
  >();
  const include = ({ name, severity, rule, count, examples }: Anomaly) => {
    const id = `${name}\n${rule}`;
    const entry = found.get(id) ?? { name, severity, rule, count: 0, examples: [] };
    found.set(id, entry);
    entry.count += count;
    entry.examples.push(...examples.slice(0, MAX_EXAMPLES - entry.examples.length));
  };
  return {
    add: (name, rule, example, severity = "error", count = 1) =>
      include({ name, severity, rule, count, examples: [example] }),
    include: (anomalies) => {
      for (const anomaly of anomalies) include(anomaly);
    },
    all() {
      const rank = (severity: Severity) => (severity === "error" ? 0 : 1);
      return [...found.values()].sort((a, b) => rank(a.severity) - rank(b.severity) || b.count - a.count);
    },
  };
}
