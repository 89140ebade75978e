import { isObject, only, type Properties, present, type Value, without } from "../values.ts";
import { type AzureKind, pathNames } from "./kinds.ts";

/** Inputs that are no part of the resource's JSON. `__createBeforeDelete` is azure-native's note of a name it made up. */
export const outsideBody = ["azureApiVersion", "__createBeforeDelete"];

/** Where `/{scope}` or `/{resourceUri}` begins the path, the input may have its own slash. */
const trimmed = (value: string) => value.replace(/^\/+|\/+$/g, "");

/** The resource's id from its inputs. Throws where a name is not known. */
export function idOf(kind: AzureKind, inputs: Properties, subscriptionId: string): string {
  return kind.path.replace(/\{(\w+)\}/g, (_whole, name: string) => {
    const value = name === "subscriptionId" ? subscriptionId : inputs[name];
    if (typeof value !== "string" || trimmed(value) === "") {
      throw new Error(
        `\`${name}\` is needed for the resource's path ${kind.path}; got ${JSON.stringify(value ?? null)}`,
      );
    }
    return trimmed(value);
  });
}

/** The names in an id, by input. Throws where the id is not one of this kind. */
export function namesIn(kind: AzureKind, id: string): Properties {
  const pattern = kind.path
    .split(/\{\w+\}/)
    .map((part) => part.replace(/[.*+?^$()|[\]\\]/g, "\\$&"))
    .join("\0");
  // A scope may hold slashes; any other name may not.
  const all = [...kind.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? "");
  let index = 0;
  const source = pattern.replaceAll("\0", () => (isScope(all[index++] ?? "") ? "(.+)" : "([^/]+)"));
  const match = new RegExp(`^${source}$`, "i").exec(id);
  if (match === null) throw new Error(`the id \`${id}\` is not of the form ${kind.path}`);
  const names = all.map((name, at) => [name, `${isScope(name) ? "/" : ""}${match[at + 1] ?? ""}`] as const);
  return without(Object.fromEntries(names), ["subscriptionId"]);
}

const isScope = (name: string) => name === "scope" || name === "resourceUri";

/** The JSON that ARM is sent. */
export function toBody(kind: AzureKind, inputs: Properties): Properties {
  const rest = without(inputs, [...pathNames(kind.path), ...outsideBody]);
  const envelope = Object.entries(rest).filter(([name]) => kind.envelope.includes(name));
  const others = Object.entries(rest).filter(([name]) => !kind.envelope.includes(name));
  const properties =
    kind.body === "nested"
      ? Object.fromEntries(others)
      : {
          properties: Object.fromEntries(
            others.map(([name, value]) => [kind.renames[name] ?? name, wrapped(kind, name, value)]),
          ),
        };
  const body = { ...Object.fromEntries(envelope), ...properties };
  return withOdataTypes(identitiesAsMap(body), "odataType", "odata.type") as Properties;
}

/** What ARM answered, in the SDK's shape. */
export function toOutputs(kind: AzureKind, resource: Properties): Properties {
  const spelled = withOdataTypes(resource, "odata.type", "odataType") as Properties;
  const { id: _id, properties, ...outer } = spelled;
  if (kind.outputs === "nested") return present({ ...outer, properties, azureApiVersion: kind.apiVersion });
  return { ...flattened(kind, properties), ...outer, azureApiVersion: kind.apiVersion };
}

/** What ARM answered, as inputs would have it; more than any program says, see `project`. */
export function toInputs(kind: AzureKind, resource: Properties): Properties {
  const spelled = withOdataTypes(resource, "odata.type", "odataType") as Properties;
  const envelope = Object.entries(spelled).filter(([name]) => kind.envelope.includes(name));
  const properties = spelled["properties"];
  const body = kind.body === "nested" ? present({ properties }) : flattened(kind, properties);
  return identitiesAsList({ ...Object.fromEntries(envelope), ...body });
}

function flattened(kind: AzureKind, properties: Value | undefined): Properties {
  if (!isObject(properties)) return {};
  const names = new Map(Object.entries(kind.renames).map(([sdk, arm]) => [arm, sdk]));
  return Object.fromEntries(
    Object.entries(properties).map(([name, value]) => [names.get(name) ?? name, unwrapped(kind, name, value)]),
  );
}

/** `[{ name, a }]` → `[{ name, properties: { a } }]`. */
function wrapped(kind: AzureKind, name: string, value: Value): Value {
  if (!kind.wrapped.includes(name) || !Array.isArray(value)) return value;
  return value.map((member: Value) => {
    if (!isObject(member)) return member;
    return { ...only(member, ["id", "name"]), properties: without(member, ["id", "name"]) };
  });
}

function unwrapped(kind: AzureKind, name: string, value: Value): Value {
  if (!kind.wrapped.includes(name) || !Array.isArray(value)) return value;
  return value.map((member: Value) => {
    if (!isObject(member) || !isObject(member["properties"])) return member;
    return { ...member["properties"], ...without(member, ["properties"]) };
  });
}

/** The SDK lists user-assigned identities; ARM maps their ids to objects. */
function identitiesAsMap(body: Properties): Properties {
  const identity = body["identity"];
  if (!isObject(identity) || !Array.isArray(identity["userAssignedIdentities"])) return body;
  const ids: readonly Value[] = identity["userAssignedIdentities"];
  const map = Object.fromEntries(ids.map((id) => [String(id), {}]));
  return { ...body, identity: { ...identity, userAssignedIdentities: map } };
}

function identitiesAsList(inputs: Properties): Properties {
  const identity = inputs["identity"];
  if (!isObject(identity) || !isObject(identity["userAssignedIdentities"])) return inputs;
  const ids = Object.keys(identity["userAssignedIdentities"]);
  return { ...inputs, identity: { ...identity, userAssignedIdentities: ids } };
}

/** `odata.type` cannot be a name in the SDK, which says `odataType`. */
function withOdataTypes(value: Value, from: string, to: string): Value {
  if (Array.isArray(value)) return value.map((item: Value) => withOdataTypes(item, from, to));
  if (!isObject(value)) return value;
  const renamed = Object.entries(value).map(([name, entry]) => [
    name === from ? to : name,
    withOdataTypes(entry, from, to),
  ]);
  return Object.fromEntries(renamed) as Properties;
}
