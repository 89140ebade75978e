import { type Document, isMap, isNode, isScalar, parseDocument } from "yaml";
import { unifiedDiff } from "./diff.ts";
import { inputError } from "./errors.ts";
import type { EndpointConfig } from "./rollout.ts";

/** A stack file, `Pulumi.<stack>.yaml`, parsed and still holding its comments and order. */
export type StackFile = { readonly name: string; readonly text: string; readonly document: Document };

/** Parses a stack file. Refuses what YAML readers disagree on: keys given twice, more than one document. */
export function parseStackFile(text: string, name: string): StackFile {
  const document = parseDocument(text, { uniqueKeys: true, version: "1.2" });
  const [problem] = document.errors;
  if (problem !== undefined) throw inputError(`\`${name}\` cannot be edited: ${problem.message}`);
  if (!isMap(document.get("config"))) throw inputError(`\`${name}\` has no \`config:\` map`);
  return { name, text, document };
}

/** A value of the stack's config as plain data, such as `stackConfig(file, "ml-delivery:gate")`; undefined where absent. */
export function stackConfig(file: StackFile, key: string): unknown {
  const value: unknown = file.document.getIn(["config", key]);
  return isNode(value) ? value.toJS(file.document) : value;
}

/**
 * The file's text with the endpoint's deployments, traffic and copies as given, and its difference. Only what differs is
 * touched: comments, order and every other key stay.
 */
export function editEndpoint(file: StackFile, key: string, endpoint: EndpointConfig): { text: string; diff: string } {
  const document = parseStackFile(file.text, file.name).document;
  const at = ["config", key];
  if (!isMap(document.getIn(at))) throw inputError(`\`${file.name}\` has no map at \`config.${key}\``);
  setEntries(document, [...at, "deployments"], endpoint.deployments);
  setEntries(document, [...at, "traffic"], endpoint.traffic);
  if (endpoint.mirror !== undefined) setEntries(document, [...at, "mirror"], endpoint.mirror);
  const text = textOf(document, file.text);
  return { text, diff: unifiedDiff(file.text, text, file.name) };
}

/**
 * A document's text as stack files are written here: `{ a: 1 }`, `[a, b]`, no line broken. The library pads lists as it
 * pads maps; a line that only differs in that stays as it was `before`.
 */
export function textOf(document: Document, before: string): string {
  const unpadded = (line: string) => line.replaceAll(/\[ (?! )|(?<! ) \]/g, (found) => found.trim());
  const lines = new Map(before.split("\n").map((line) => [unpadded(line), line]));
  const text = document.toString({ lineWidth: 0, flowCollectionPadding: true });
  return text
    .split("\n")
    .map((line) => lines.get(unpadded(line)) ?? unpadded(line))
    .join("\n");
}

/** Makes the map at `path` hold exactly `entries`, in their order. What stays the same keeps its comments and style. */
function setEntries(document: Document, path: string[], entries: Readonly<Record<string, unknown>>): void {
  if (!isMap(document.getIn(path))) document.setIn(path, document.createNode({}));
  const map = document.getIn(path);
  if (!isMap(map)) throw inputError(`\`${path.join(".")}\` is not a map`);
  const pairs = new Map(map.items.map((pair) => [String(pair.key), pair]));
  const before = map.toJS(document) as Record<string, unknown>;
  // An empty `{}` is written on one line; deployments added to it go on a line each.
  if (pairs.size === 0) map.flow = !Object.values(entries).some((value) => typeof value === "object");
  map.items = Object.entries(entries).map(([name, value]) => {
    const pair = pairs.get(name);
    if (pair === undefined) return document.createPair(name, flowNode(document, value));
    if (JSON.stringify(before[name]) === JSON.stringify(value)) return pair;
    if (isScalar(pair.value)) pair.value.value = value;
    else pair.value = flowNode(document, value);
    return pair;
  });
}

/** Small maps on one line, as stack files are written here. */
function flowNode(document: Document, value: unknown): unknown {
  const node = document.createNode(value);
  if (isMap(node)) node.flow = true;
  return node;
}
