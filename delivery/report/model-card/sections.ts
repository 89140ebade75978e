import type { Comparison } from "../../compare.ts";
import type { GateVerdict } from "../../gate.ts";
import type { Manifest } from "../../manifest.ts";
import type { Metrics } from "../../metrics.ts";
import { flattenParameters } from "../../parameters.ts";

/** All that a model card tells of. */
export type ModelCard = {
  readonly manifest: Manifest;
  /** Where the package lies. */
  readonly path: string;
  readonly metrics: Metrics;
  readonly gate: GateVerdict;
  /** How it did against the model in use. @default - none was there to compare with */
  readonly comparison?: { readonly champion: string; readonly result: Comparison };
};

/** Words of ours, which need no care; all other text in a cell is somebody else's. */
export type Words = { readonly words: string };
/** A sentence that names things between backticks. */
export type Sentence = { readonly sentence: string };
export type Cell = string | number | Words | Sentence;

/** A part of the card, whatever it is written in. */
export type Section = {
  readonly title: string;
  readonly words?: readonly string[];
  readonly tables: readonly {
    readonly caption: string;
    /** None for a list of facts. */
    readonly columns: readonly string[];
    readonly rows: readonly (readonly Cell[])[];
  }[];
};

/** Fewer test pictures of a class than this leave its recall open by 30 points and more. */
const FEW = 30;
const MOST_CONFUSIONS = 10;

export const percent = (share: number | null) => (share === null ? "–" : `${(share * 100).toFixed(1)} %`);
export const milliseconds = (value: number) => `${Number(value.toPrecision(3))} ms`;
const megabytes = (value: number) => `${value.toFixed(2)} MB`;
const own = (words: string): Words => ({ words });

/** What a card says, in the order of reading: may it ship, how good is it, what is it made of, what is not known. */
export function sectionsOf(card: ModelCard): Section[] {
  return [
    verdict(card),
    comparison(card),
    figures(card),
    byClass(card),
    slices(card),
    data(card),
    lineage(card),
    limits(card),
  ].filter((section) => section !== undefined);
}

function verdict({ gate }: ModelCard): Section {
  const rows = gate.reasons.map(({ verdict, field, message }) => [field, own(verdict), { sentence: message }]);
  return {
    title: "The gate",
    tables: [{ caption: `Judged by its figures: ${gate.verdict}`, columns: ["about", "verdict", "reason"], rows }],
  };
}

function comparison({ comparison }: ModelCard): Section {
  const title = "Against the model in use";
  if (comparison === undefined) return { title, words: ["There was no model to compare with."], tables: [] };
  const { champion, result } = comparison;
  const { accuracy, latency_ms: latency, model_size_mb: size } = result;
  const rows: Cell[][] = [
    ["accuracy", accuracy, percent, points] as const,
    ["mean latency", latency, milliseconds, signed(milliseconds)] as const,
    ["size", size, megabytes, signed(megabytes)] as const,
  ].flatMap(([name, contrast, show, difference]) => {
    if (contrast === undefined) return [];
    const range =
      "interval" in contrast ? `${difference(contrast.interval.low)} to ${difference(contrast.interval.high)}` : "–";
    return [[own(name), show(contrast.current), show(contrast.new), difference(contrast.difference), own(range)]];
  });
  const facts: Cell[][] = [[own("model in use"), champion]];
  if (result.only_new_right !== undefined) facts.push([own("only this model right"), result.only_new_right]);
  if (result.only_current_right !== undefined)
    facts.push([own("only the model in use right"), result.only_current_right]);
  if (result.p_value !== undefined) facts.push([own("McNemar's exact test, p"), Number(result.p_value.toPrecision(3))]);
  const figures = {
    caption: `Both on the same ${result.samples ?? 0} pictures; intervals by a paired bootstrap`,
    columns: ["figure", "in use", "this model", "difference", "95 % interval"],
    rows,
  };
  return {
    title,
    words: [`${capital(result.verdict)}: ${result.reason}.`],
    tables: [...(rows.length > 0 ? [figures] : []), fact("Picture by picture", facts)],
  };
}

function figures({ metrics }: ModelCard): Section {
  const { low, high } = metrics.accuracy_interval;
  const { ece, brier } = metrics.calibration;
  const rows: Cell[][] = [
    [own("accuracy"), percent(metrics.accuracy)],
    [own("its 95 % interval"), own(`${percent(low)} to ${percent(high)}`)],
    [own("test pictures"), metrics.samples],
    [own("calibration error"), ece.toFixed(3)],
    [own("Brier score, 0 to 2"), brier.toFixed(3)],
    [own("mean latency"), milliseconds(metrics.avg_latency_ms)],
    ...Object.entries(metrics.latency_ms).map(([name, value]) => [own(`${name} latency`), milliseconds(value)]),
    [own("size"), megabytes(metrics.model_size_mb)],
    ...(metrics.golden
      ? [
          [own("golden samples, served"), metrics.golden.samples],
          [own("furthest from training"), metrics.golden.max_difference.toPrecision(2)],
        ]
      : []),
  ];
  return { title: "Figures", words: [`Latency: ${metrics.latency_method}.`], tables: [fact("On the test data", rows)] };
}

function byClass({ metrics }: ModelCard): Section {
  const rows = Object.entries(metrics.classes).map(([name, { count, recall, precision }]) => [
    name,
    count,
    percent(recall),
    percent(precision),
  ]);
  const { labels, counts } = metrics.confusion;
  const confused = counts
    .flatMap((row, i) =>
      row.map((count, j) => ({ is: labels[i] ?? "", answered: labels[j] ?? "", count, wrong: i !== j })),
    )
    .filter(({ count, wrong }) => wrong && count > 0)
    .sort((a, b) => b.count - a.count)
    .slice(0, MOST_CONFUSIONS);
  const confusions = {
    caption: "Most frequent mistakes",
    columns: ["is", "answered", "pictures"],
    rows: confused.map(({ is, answered, count }) => [is, answered, count]),
  };
  return {
    title: "By class",
    tables: [
      {
        caption: "Recall: share of the class that is found. Precision: share of the answers that are right",
        columns: ["class", "test pictures", "recall", "precision"],
        rows,
      },
      ...(confused.length > 0 ? [confusions] : []),
    ],
  };
}

function slices({ metrics }: ModelCard): Section | undefined {
  const tables = Object.entries(metrics.slices).map(([column, values]) => ({
    caption: `By ${column}`,
    columns: [column, "pictures", "accuracy", "95 % interval"],
    rows: Object.entries(values).map(
      ([
        value,
        {
          count,
          accuracy,
          accuracy_interval: { low, high },
        },
      ]) => [value, count, percent(accuracy), own(`${percent(low)} to ${percent(high)}`)],
    ),
  }));
  return tables.length === 0 ? undefined : { title: "Slices", tables };
}

function data({ manifest, metrics }: ModelCard): Section {
  const rows: Cell[][] = [
    [own("training pictures"), manifest.data.count],
    [own("fingerprint of the training data"), manifest.data.fingerprint],
    [own("test pictures"), metrics.samples],
    [own("fingerprint of the test data"), metrics.test_data_sha256],
  ];
  return { title: "Data", tables: [fact("A fingerprint is a digest of every file's name and content", rows)] };
}

function lineage({ manifest, metrics, path }: ModelCard): Section {
  const shape = ({ name, type, shape }: Manifest["input"]) => `${name} ${type} [${shape.join(",")}]`;
  const rows: Cell[][] = [
    [own("version"), manifest.version],
    [own("package"), path],
    [own("follows"), manifest.parent ?? own("none, it is the first")],
    [own("published"), manifest.createdAt],
    [own("commit, training"), manifest.git ?? own("outside a repository")],
    [own("commit, measuring"), metrics.git ?? own("outside a repository")],
    [own("SHA-256 of the model"), manifest.files["model.onnx"].sha256],
    [own("input"), shape(manifest.input)],
    [own("output"), shape(manifest.output)],
  ];
  return {
    title: "Made of",
    tables: [fact("Lineage", rows), fact("Parameters of the training", flattenParameters(manifest.parameters))],
  };
}

/** What the figures do not say. */
function limits({ metrics, manifest }: ModelCard): Section {
  const few = Object.entries(metrics.classes).filter(([, { count }]) => count < FEW);
  const { low, high } = metrics.accuracy_interval;
  const words = [
    `The figures hold for pictures like the ${metrics.samples} of the test data, and the accuracy is known to within ${percent(high - low)}.`,
    `Whatever a picture shows, the answer is one of ${metrics.confusion.labels.length} classes; nothing here says how it answers to other things.`,
    ...(few.length > 0
      ? [
          `${few.length} of ${metrics.confusion.labels.length} classes have fewer than ${FEW} test pictures: their recall and precision are rough.`,
        ]
      : []),
    ...(metrics.golden === null
      ? ["The package has no golden samples: nothing shows that the server treats pictures as training did."]
      : []),
    ...(manifest.git === null ? ["It was trained outside a repository: the code that made it is not known."] : []),
    "Latencies are those of the machine that measured, one picture at a time.",
  ];
  return { title: "What this does not say", words, tables: [] };
}

function fact(caption: string, rows: readonly (readonly Cell[])[]): Section["tables"][number] {
  return { caption, columns: [], rows };
}

const points = signed((share) => `${(share * 100).toFixed(1)} %`);

/** With its sign, as a difference is written. */
function signed(show: (value: number) => string): (value: number) => string {
  return (value) => `${value < 0 ? "−" : "+"}${show(Math.abs(value))}`;
}

function capital(words: string): string {
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}
