import { messageOf } from "./errors.ts";
import { judgeRecordedGolden } from "./gate/golden.ts";
import { checkLimits, DEFAULT_LIMITS, type FullLimits, type GateLimits, withDefaults } from "./gate/limits.ts";
import { cannotDecide, type GateVerdict, isFigure, type Reason, reasonFor, show, verdictOf } from "./gate/reason.ts";
import { parseJson } from "./json.ts";
import type { Manifest } from "./manifest.ts";
import { wilsonInterval } from "./statistics.ts";

export { DEFAULT_LIMITS, type GateLimits } from "./gate/limits.ts";
export type { GateVerdict, Reason, Verdict } from "./gate/reason.ts";

/** What is judged: the metrics as text or as parsed JSON, and the manifest of the package that they are said to be of. */
export type Candidate = { readonly metrics: unknown; readonly manifest?: Pick<Manifest, "files"> };

type Fields = Readonly<Record<string, unknown>>;

/**
 * Judges a model by its metrics. Fails closed: anything missing, not a number, out of its range, at odds with the rest,
 * or measured on another model is "cannot decide", which outranks "fail"; only what is known and within the limits passes.
 */
export function judge(candidate: Candidate, given: GateLimits = DEFAULT_LIMITS): GateVerdict {
  const limits = withDefaults(given);
  const metrics = readMetrics(candidate.metrics);
  const unusable = [...checkLimits(limits), ...("problem" in metrics ? [metrics.problem] : [])];
  if (unusable.length > 0 || "problem" in metrics) return verdictOf(unusable);
  const { fields } = metrics;
  const figures = [
    checkAccuracy(fields, limits),
    checkFigure(fields, "avg_latency_ms", "at most", limits.maxLatencyMs, [0, Infinity]),
    checkFigure(fields, "model_size_mb", "at most", limits.maxModelSizeMb, [0, Infinity]),
    checkFigure(fields, "samples", "at least", limits.minSamples, [1, Number.MAX_SAFE_INTEGER]),
  ];
  return verdictOf([
    ...figures,
    ...checkClasses(fields, limits),
    judgeRecordedGolden(fields["golden"], candidate.manifest, limits),
    ...(candidate.manifest === undefined ? [] : checkOrigin(fields, candidate.manifest)),
  ]);
}

function readMetrics(metrics: unknown): { fields: Fields } | { problem: Reason } {
  const problem = (message: string) => ({ problem: cannotDecide("metrics.json", message) });
  let value = metrics;
  if (typeof metrics === "string") {
    try {
      value = parseJson(metrics, "`metrics.json`");
    } catch (error) {
      return problem(messageOf(error));
    }
  }
  if (value === undefined) return problem("there is no `metrics.json`; run `evaluate`");
  if (!isRecord(value)) return problem(`\`metrics.json\` must be an object, got ${show(value)}`);
  // What an object inherits is not the document's.
  return { fields: Object.assign(Object.create(null), value) as Fields };
}

function checkFigure(
  fields: Fields,
  field: string,
  relation: "at least" | "at most",
  limit: number,
  [low, high]: readonly [number, number],
): Reason {
  const value = fields[field];
  if (!isFigure(value) || value < low || value > high) {
    const allowed = Number.isFinite(high) ? `a number from ${low} to ${high}` : `a number of at least ${low}`;
    return cannotDecide(field, `\`${field}\` must be ${allowed}, got ${show(value)}`);
  }
  const holds = relation === "at least" ? value >= limit : value <= limit;
  return reasonFor(
    holds ? "pass" : "fail",
    field,
    `\`${field}\` is ${value}, ${holds ? "" : "not "}${relation} ${limit}`,
  );
}

/** Lets an accuracy be rounded to six digits. */
const ROUNDING = 1e-6;

/** The accuracy as it is, or the low end of its interval, which follows from it and the number of samples. */
function checkAccuracy(fields: Fields, { minAccuracy, decideOn }: FullLimits): Reason {
  const point = checkFigure(fields, "accuracy", "at least", minAccuracy, [0, 1]);
  const { accuracy, samples } = fields;
  if (point.verdict === "cannot decide" || !isFigure(accuracy)) return point;
  if (!isFigure(samples) || !Number.isInteger(samples) || samples < 1) return point;
  const right = Math.round(accuracy * samples);
  if (Math.abs(right / samples - accuracy) > ROUNDING) {
    return cannotDecide("accuracy", `\`accuracy\` ${accuracy} is no share of ${samples} \`samples\``);
  }
  if (decideOn === "point") return point;
  const { low } = wilsonInterval(right, samples);
  const holds = low >= minAccuracy;
  const message = `\`accuracy\` is ${accuracy}, by its 95 % interval at least ${low}, ${holds ? "" : "not "}at least ${minAccuracy}`;
  return reasonFor(holds ? "pass" : "fail", "accuracy", message);
}

/** Every class was tested, is answered at all, and is recognised well enough where that is asked. */
function checkClasses(fields: Fields, limits: FullLimits): Reason[] {
  const classes = isRecord(fields["classes"]) ? Object.entries(fields["classes"]) : [];
  if (classes.length === 0) {
    return [cannotDecide("classes", `\`classes\` must hold the figures of each class, got ${show(fields["classes"])}`)];
  }
  const counts = classes.map(([, one]) => (isRecord(one) ? one["count"] : undefined));
  const counted = counts.reduce<number>((sum, count) => sum + (isFigure(count) ? count : Number.NaN), 0);
  if (counted !== fields["samples"]) {
    const message = `the \`count\`s of \`classes\` add up to ${counted}, but there are ${show(fields["samples"])} \`samples\``;
    return [cannotDecide("classes", message)];
  }
  const problems = classes.flatMap(([name, one]) => classReasons(name, one as Fields, limits));
  const { minClassSamples, minClassRecall } = limits;
  const asked = minClassRecall === undefined ? "answered" : `recognised to ${minClassRecall} or more`;
  const fine = `each of ${classes.length} classes has ${minClassSamples} or more pictures and is ${asked}`;
  return problems.length > 0 ? problems : [reasonFor("pass", "classes", fine)];
}

function classReasons(name: string, figures: Fields, { minClassSamples, minClassRecall }: FullLimits): Reason[] {
  const at = (field: string) => `classes.${name}.${field}`;
  const held = (field: string, limit: number, high: number) =>
    checkFigure({ [at(field)]: figures[field] }, at(field), "at least", limit, [0, high]);
  const predicted = held("predicted", 0, Number.MAX_SAFE_INTEGER);
  const never = `class \`${name}\` is never answered, though the test data has ${show(figures["count"])} pictures of it`;
  const reasons = [
    held("count", minClassSamples, Number.MAX_SAFE_INTEGER),
    figures["predicted"] === 0 && figures["count"] !== 0 ? reasonFor("fail", at("predicted"), never) : predicted,
    ...(minClassRecall === undefined ? [] : [held("recall", minClassRecall, 1)]),
  ];
  return reasons.filter(({ verdict }) => verdict !== "pass");
}

/** The figures must be of this model, measured on data that they name. */
function checkOrigin(fields: Fields, manifest: Pick<Manifest, "files">): Reason[] {
  const reasons: Reason[] = [];
  const model = manifest.files["model.onnx"];
  if (fields["model_sha256"] !== model.sha256) {
    const message = `\`model_sha256\` is ${show(fields["model_sha256"])}, but this package's model is ${model.sha256}; evaluate this model`;
    reasons.push(cannotDecide("model_sha256", message));
  }
  const data = fields["test_data_sha256"];
  if (typeof data !== "string" || !/^[0-9a-f]{64}$/.test(data)) {
    const message = `\`test_data_sha256\` must name the test data by digest, got ${show(data)}`;
    reasons.push(cannotDecide("test_data_sha256", message));
  }
  const size = fields["model_size_mb"];
  // Half a per cent lets the figure be rounded; more is another file, or another unit.
  if (isFigure(size) && Math.abs(size - model.bytes / 1e6) > Math.max(0.005 * (model.bytes / 1e6), 0.01)) {
    const message = `\`model_size_mb\` is ${size}, but this package's model has ${model.bytes} bytes (1 MB is 1,000,000)`;
    reasons.push(cannotDecide("model_size_mb", message));
  }
  return reasons;
}

function isRecord(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
