import { type Change, diff } from "./diff.ts";
import type { NamingContext } from "./naming.ts";
import type { Call, Checked, Created, Found, Invocation, Known, Provider, ResourceType } from "./provider.ts";
import { type Properties, revealed } from "./values.ts";

/** Settings that the engine adds for itself. */
const engineSettings = ["version", "pluginDownloadURL", "pluginChecksums", "parameterization", "__internal"];

/** What differs, and whether the old resource has to go first. */
export interface Difference {
  readonly changes: readonly Change[];
  readonly deleteBeforeReplace: boolean;
}

/** The type of a resource, or an error that says where more are added. */
export function resourceType(provider: Provider, token: string): ResourceType {
  const found = provider.resources.get(token);
  if (found !== undefined) return found;
  throw new Error(
    `the emulator's provider \`${provider.name}\` does not offer the resource type \`${token}\`; it offers ` +
      `${[...provider.resources.keys()].join(", ")}. Types are added in emulator/providers/${provider.name}/`,
  );
}

/** A function of the provider, or an error that says where more are added. */
export function invocation(provider: Provider, token: string): Invocation {
  const found = provider.functions.get(token);
  if (found !== undefined) return found;
  throw new Error(
    `the emulator's provider \`${provider.name}\` does not offer the function \`${token}\`; it offers ` +
      `${[...provider.functions.keys()].join(", ") || "none"}. Functions are added in emulator/providers/${provider.name}/`,
  );
}

/** Settings that would change what the real provider does and that this one cannot honour are refused. */
export function checkSettings(provider: Provider, settings: Properties): Checked {
  const failures = Object.keys(settings)
    .filter((name) => !provider.settings.includes(name) && !engineSettings.includes(name))
    .map((name) => ({
      property: name,
      reason: `the emulator's provider \`${provider.name}\` does not honour this setting; it honours ${provider.settings.join(", ")}`,
    }));
  return { inputs: settings, failures };
}

export function check(
  type: ResourceType,
  inputs: Properties,
  old: Properties,
  naming: NamingContext,
  call: Call,
): Promise<Checked> {
  return type.check(inputs, Object.keys(old).length === 0 ? undefined : old, naming, call);
}

export function difference(type: ResourceType, old: Properties, next: Properties): Difference {
  const changes = diff(old, next, type);
  const replaces = changes.some((change) => change.replace);
  return { changes, deleteBeforeReplace: replaces && type.deleteBeforeReplace(old, next) };
}

/** Under preview nothing is asked of any service. */
export async function create(type: ResourceType, inputs: Properties, preview: boolean, call: Call): Promise<Created> {
  if (preview) return { id: "", outputs: type.preview(inputs, undefined) };
  return type.create(inputs, call);
}

export async function update(
  type: ResourceType,
  known: Known,
  inputs: Properties,
  preview: boolean,
  call: Call,
): Promise<Properties> {
  return preview ? type.preview(inputs, known) : type.update(known, inputs, call);
}

export function read(type: ResourceType, known: Known, call: Call): Promise<Found | undefined> {
  return type.read(known, call);
}

/** Configuration as the provider reads it: complex settings arrive as JSON text, and secrets wrapped. */
export function settingsFrom(args: Properties): Properties {
  const settings = revealed(args) as Properties;
  return Object.fromEntries(Object.entries(settings).filter(([name]) => !engineSettings.includes(name)));
}
