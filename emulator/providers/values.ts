import struct from "google-protobuf/google/protobuf/struct_pb.js";

/** A property's value as the engine sends it: JSON, with unknowns and secrets marked inside. */
export type Value = null | boolean | number | string | readonly Value[] | Properties;

/** The properties of one resource, or of one object inside it. */
export interface Properties {
  readonly [name: string]: Value;
}

/** A value that may be absent; absent entries are dropped before they reach the engine. */
export type Draft = { readonly [name: string]: Value | undefined };

/** The engine's mark for a value that is not known until the resource exists (`UnknownStringValue` in its RPC layer). */
export const unknownValue = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

const signatureKey = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";

/** True for an object with named entries, so neither null nor an array. */
export function isObject(value: unknown): value is Properties {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Marks an output as secret, so that the engine encrypts it in state. */
export function secret(value: Value): Properties {
  return { [signatureKey]: secretSignature, value };
}

/** The value without any mark of secrecy, all the way down. */
export function revealed(value: Value): Value {
  if (Array.isArray(value)) return value.map(revealed);
  if (!isObject(value)) return value;
  if (value[signatureKey] === secretSignature) return revealed(value["value"] ?? null);
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, revealed(entry)]));
}

/** True where the value, or anything inside it, is not known yet. */
export function hasUnknown(value: Value | undefined): boolean {
  if (value === unknownValue) return true;
  if (Array.isArray(value)) return value.some(hasUnknown);
  return isObject(value) && Object.values(value).some(hasUnknown);
}

/** The draft without its absent entries. */
export function present(draft: Draft): Properties {
  const kept: Record<string, Value> = {};
  for (const [name, value] of Object.entries(draft)) if (value !== undefined) kept[name] = value;
  return kept;
}

/** The properties without those named. */
export function without(properties: Properties, names: readonly string[]): Properties {
  return Object.fromEntries(Object.entries(properties).filter(([name]) => !names.includes(name)));
}

/** The properties that are named, in the order in which they stand. */
export function only(properties: Properties, names: readonly string[]): Properties {
  return Object.fromEntries(Object.entries(properties).filter(([name]) => names.includes(name)));
}

/** A text property, or undefined where it is absent or not known yet. */
export function text(properties: Properties | undefined, name: string): string | undefined {
  const value = properties?.[name];
  return typeof value === "string" && value !== unknownValue ? value : undefined;
}

/** A text property that must be there by now. */
export function needText(properties: Properties, name: string): string {
  const value = text(properties, name);
  if (value === undefined || value === "") {
    throw new Error(`\`${name}\` is missing, or not a text; got ${JSON.stringify(properties[name] ?? null)}`);
  }
  return value;
}

/** JSON from a service, with whatever is not JSON taken out; an absent body is an empty object. */
export function toProperties(value: unknown): Properties {
  const plain = value === undefined ? {} : (JSON.parse(JSON.stringify(value)) as Value);
  if (!isObject(plain)) throw new Error(`expected a JSON object, got ${JSON.stringify(plain)}`);
  return plain;
}

/** Plain properties as the engine's wire format. Absent values are dropped: the format has none. */
export function toStruct(properties: Draft): struct.Struct {
  return struct.Struct.fromJavaScript(toProperties(properties) as Parameters<typeof struct.Struct.fromJavaScript>[0]);
}

/** The engine's wire format as plain properties; undefined where the engine sent nothing. */
export function fromStruct(message: struct.Struct | undefined): Properties | undefined {
  return message === undefined ? undefined : (message.toJavaScript() as Properties);
}
