import { type Difference, differencesIn } from "../drift.ts";
import { type Shares, TRAFFIC_TYPE } from "../traffic.ts";
import type { Preview, Step } from "./events.ts";

/** One resource and what would be done to it. */
export interface ResourceChange {
  /** Its name in the program. */
  readonly name: string;
  /** Its type in short, such as `s3 Bucket`. */
  readonly kind: string;
  /** The component that it is a part of, such as `storage`; `stack` where it is of none. */
  readonly part: string;
  /** Whether it holds what cannot be made again by an update: data, models, keys, logs, an address that callers use. */
  readonly stateful: boolean;
  /** Inputs that differ; for a replacement, those that cause it where the engine names them. */
  readonly differences: readonly Difference[];
}

/** How requests are split before and after. */
export interface TrafficChange {
  readonly endpoint: string;
  readonly before: Shares;
  readonly after: Shares;
  /** Percent of requests copied to a deployment that answers nobody. */
  readonly copies: { readonly before: Shares; readonly after: Shares };
  /** Versions of models by deployment, of both sides. */
  readonly models: Readonly<Record<string, string>>;
}

/** A preview by risk, the greatest first. */
export interface Changes {
  /** Replacements and deletions of what holds something. */
  readonly losses: readonly (ResourceChange & { readonly how: "replaced" | "deleted" })[];
  readonly traffic: readonly TrafficChange[];
  /** Without the losses, as `deletes`. */
  readonly replaces: readonly ResourceChange[];
  readonly deletes: readonly ResourceChange[];
  readonly creates: readonly ResourceChange[];
  readonly updates: readonly ResourceChange[];
  /** Whatever else the engine does: imports, and steps that this version does not know. By its word. */
  readonly others: readonly (ResourceChange & { readonly op: string })[];
}

/** Types whose loss an update does not make good. */
const STATEFUL: readonly RegExp[] = [
  /^aws:s3\/bucket(V2)?:/,
  /^aws:kms\/key:/,
  /^azure-native:storage:StorageAccount$/,
  /^azure-native:keyvault:Vault$/,
  /^azure-native:containerregistry:Registry$/,
  /^azure-native:operationalinsights:Workspace$/,
  /^azure-native:machinelearningservices:(Workspace|OnlineEndpoint|ModelVersion)$/,
  /^azure-native:resources:ResourceGroup$/,
];

/** Parts of another step: what they do is told with that step. */
const SILENT = new Set([
  ...["same", "read", "refresh", "discard", "discard-replaced", "create-replacement", "delete-replaced"],
  ...["read-replacement", "remove-pending-replace"],
]);

/** Groups what a preview would do by its risk. Components are left out: their parts are listed. */
export function changesIn({ steps }: Preview): Changes {
  const real = steps
    .filter((step) => (step.new ?? step.old)?.custom === true && !SILENT.has(step.op))
    // The engine works on many at once: its order is another one each time.
    .sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
  const moves = real.filter(({ type }) => type === TRAFFIC_TYPE).flatMap((step) => trafficOf(step) ?? []);
  const rest = real.filter((step) => step.type !== TRAFFIC_TYPE || trafficOf(step) === undefined);
  const of = (...ops: string[]) => rest.filter(({ op }) => ops.includes(op)).map(changeOf);
  const [replaces, deletes] = [of("replace", "import-replacement"), of("delete")];
  const known = ["replace", "import-replacement", "delete", "create", "update"];
  return {
    losses: [
      ...replaces.filter(({ stateful }) => stateful).map((one) => ({ ...one, how: "replaced" as const })),
      ...deletes.filter(({ stateful }) => stateful).map((one) => ({ ...one, how: "deleted" as const })),
    ],
    traffic: moves,
    replaces: replaces.filter(({ stateful }) => !stateful),
    deletes: deletes.filter(({ stateful }) => !stateful),
    creates: of("create"),
    updates: of("update"),
    others: rest.filter(({ op }) => !known.includes(op)).map((step) => ({ ...changeOf(step), op: step.op })),
  };
}

/** The traffic of the stack's endpoint as it is, whether it would change or not. */
export function trafficNow({ steps }: Preview): Shares {
  const found = steps.find(({ type }) => type === TRAFFIC_TYPE);
  return found?.old?.inputs === undefined ? {} : sharesIn(found.old.inputs["traffic"]);
}

/** Undefined where nobody's share or copy changes: then it is an update like any other. */
function trafficOf(step: Step): TrafficChange | undefined {
  const [old, now] = [step.old?.inputs ?? {}, step.op === "delete" ? {} : (step.new?.inputs ?? {})];
  const [before, after] = [sharesIn(old["traffic"]), sharesIn(now["traffic"])];
  const copies = { before: sharesIn(old["mirror"]), after: sharesIn(now["mirror"]) };
  if (sameShares(before, after) && sameShares(copies.before, copies.after)) return undefined;
  const models = { ...textsIn(old["models"]), ...textsIn(now["models"]) };
  return { endpoint: nameOf(step.urn), before, after, copies, models };
}

function changeOf(step: Step): ResourceChange {
  const { urn, type, keys = [] } = step;
  const different = step.old && step.new ? differencesIn(step.old.inputs, step.new.inputs) : [];
  // What begins so is the engine's own, as the text of a dynamic provider.
  const all = different.filter(({ property }) => !/(^|\.)__/.test(property));
  const causes = all.filter(({ property }) => keys.some((key) => property === key || property.startsWith(`${key}.`)));
  return {
    name: nameOf(urn),
    kind: kindOf(type),
    part: partOf(urn),
    stateful: STATEFUL.some((pattern) => pattern.test(type)),
    differences: causes.length > 0 ? causes : all,
  };
}

const sortKey = ({ urn }: Step) => `${partOf(urn)} ${nameOf(urn)}`;

const nameOf = (urn: string) => urn.split("::").at(-1) ?? urn;

/** `aws:s3/bucket:Bucket` is an `s3 Bucket`. */
function kindOf(type: string): string {
  const [, module = "", name = type] = type.split(":");
  const [service = ""] = module.split("/");
  return wordsOf(["index", "dynamic", ""].includes(service) ? name : `${service} ${name}`);
}

/** The outermost component: `ml-delivery:storage:Storage$aws:s3/bucket:Bucket` is part of `storage`. */
function partOf(urn: string): string {
  const [first = "", ...inner] = (urn.split("::")[2] ?? "").split("$");
  return inner.length === 0 ? "stack" : wordsOf(first.split(":")[1] ?? "stack");
}

/** Tokens are shown as text, and whoever writes the program chooses them. */
const wordsOf = (token: string) => token.replace(/[^\w .-]/g, "?");

function sharesIn(value: unknown): Shares {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(Object.entries(value).filter(([, share]) => typeof share === "number"));
}

function textsIn(value: unknown): Record<string, string> {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(Object.entries(value).filter(([, text]) => typeof text === "string"));
}

/** A deployment that has nothing and one that is not there get the same requests. */
function sameShares(left: Shares, right: Shares): boolean {
  return Object.keys({ ...left, ...right }).every((name) => (left[name] ?? 0) === (right[name] ?? 0));
}
