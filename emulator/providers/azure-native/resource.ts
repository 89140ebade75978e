import { randomName, randomUuid } from "../naming.ts";
import { type Step, valueAt, withoutValue, withValue } from "../paths.ts";
import { project } from "../projection.ts";
import { type Call, type Created, Incomplete, type Known, type ResourceType } from "../provider.ts";
import { hasUnknown, isObject, type Properties, present, text, unknownValue, type Value, without } from "../values.ts";
import { type ArmClient, ArmError } from "./arm-client.ts";
import { idOf, namesIn, outsideBody, toBody, toInputs, toOutputs } from "./body.ts";
import { type AzureKind, hasLocation, pathNames } from "./kinds.ts";

const resourceGroupVersion = "2024-03-01";

/** How azure-native notes, among the inputs, that it made the name up: such a resource is replaced create first. */
const madeUp = "__createBeforeDelete";

/** What every kind of Azure resource shares. */
export interface AzureSurroundings {
  readonly arm: () => ArmClient;
  readonly subscriptionId: (call: Pick<Call, "session">) => string;
}

/** `East US` and `eastus` are one location. */
function same(steps: readonly Step[], old: Value, next: Value): boolean {
  const plain = (value: Value) => String(value).replaceAll(" ", "").toLowerCase();
  return steps.length === 1 && steps[0] === "location" && plain(old) === plain(next);
}

/** The behaviour of one kind: a row of the table, made a resource type. */
export function azureResource(kind: AzureKind, azure: AzureSurroundings): ResourceType {
  const names = pathNames(kind.path);
  const rules = { maps: kind.maps, writeOnly: [...kind.writeOnly, ...outsideBody, ...names], same };

  const put = async (id: string, inputs: Properties, base: Properties | undefined, call: Call): Promise<Created> => {
    const body = base === undefined ? toBody(kind, inputs) : keepWhatOthersSet(kind, toBody(kind, inputs), base);
    let accepted = false;
    try {
      const resource = await azure.arm().put(id, kind.apiVersion, body, call.deadline, () => {
        accepted = true;
      });
      return { id: text(resource, "id") ?? id, outputs: toOutputs(kind, resource) };
    } catch (error) {
      throw accepted ? await incomplete(kind, azure.arm(), id, inputs, error) : error;
    }
  };

  return {
    replaceOn: [...names, ...(hasLocation(kind) ? ["location"] : []), ...kind.replaceOn],
    same,

    async check(inputs, old, naming, call) {
      const filled: Record<string, Value> = { azureApiVersion: kind.apiVersion, ...inputs };
      const { input, as } = kind.autoname;
      if (filled[input] === undefined) {
        const kept = old?.[input];
        filled[input] = kept ?? (as === "uuid" ? randomUuid(naming.seed) : randomName(naming, "", 8));
        if (kept === undefined || old?.[madeUp] === true) filled[madeUp] = true;
      }
      if (hasLocation(kind) && filled["location"] === undefined) {
        const location = old?.["location"] ?? (await defaultLocation(filled, azure, call));
        if (location !== undefined) filled["location"] = location;
      }
      const failures = names
        .filter((name) => filled[name] === undefined)
        .map((name) => ({ property: name, reason: `missing required property '${name}'` }));
      // Only a resource group cannot do without: the others take on its location.
      if (names.length === 1 && hasLocation(kind) && filled["location"] === undefined) {
        failures.push({
          property: "location",
          reason:
            "missing required property 'location'. Either set it explicitly or configure it with " +
            "'pulumi config set azure-native:location <value>'.",
        });
      }
      return { inputs: filled, failures };
    },

    preview(inputs, known) {
      const outputs = without(inputs, [madeUp, ...names.filter((name) => name !== "scope")]);
      const expected = kind.computed.reduce((sum, path) => withUnknown(sum, path), outputs);
      // Name and location never change without a replacement, so dependents may use them already.
      return present({
        ...expected,
        name: known?.outputs["name"] ?? unknownValue,
        location: known?.outputs["location"] ?? expected["location"],
      });
    },

    deleteBeforeReplace: (old) => old[madeUp] !== true,

    async create(inputs, call) {
      const id = idOf(kind, inputs, azure.subscriptionId(call));
      if (!kind.comesWithParent && (await azure.arm().get(id, kind.apiVersion)) !== undefined) {
        throw new Error(`cannot create already existing resource '${id}'; import it, or choose another name`);
      }
      return put(id, inputs, undefined, call);
    },

    async read({ id, inputs }) {
      const resource = await azure.arm().get(id, kind.apiVersion);
      if (resource === undefined) return undefined;
      const outputs = toOutputs(kind, resource);
      const live = toInputs(kind, resource);
      if (Object.keys(inputs).length > 0) return { id, outputs, inputs: project(inputs, live, rules) };
      const writable = kind.computed.reduce((sum, path) => withoutValue(sum, path), live);
      return { id, outputs, inputs: { ...writable, ...namesIn(kind, id), azureApiVersion: kind.apiVersion } };
    },

    async update({ id }, inputs, call) {
      const base = kind.kept.length > 0 ? await azure.arm().get(id, kind.apiVersion) : undefined;
      return (await put(id, inputs, base, call)).outputs;
    },

    async delete({ id }: Known, call) {
      if (!kind.comesWithParent) return azure.arm().delete(id, kind.apiVersion, call.deadline);
      // Gone with its parent already, there is nothing to put back.
      if ((await azure.arm().get(id, kind.apiVersion)) === undefined) return;
      await azure.arm().put(id, kind.apiVersion, { properties: {} }, call.deadline);
    },
  };
}

/** Configured location, or the resource group's; unknown as long as the group is. */
async function defaultLocation(inputs: Properties, azure: AzureSurroundings, call: Call): Promise<Value | undefined> {
  const configured = text(call.session.settings, "location");
  if (configured !== undefined) return configured;
  const group = inputs["resourceGroupName"];
  if (group === undefined) return undefined;
  if (hasUnknown(group)) return unknownValue;
  const id = `/subscriptions/${azure.subscriptionId(call)}/resourceGroups/${String(group)}`;
  return text(await azure.arm().get(id, resourceGroupVersion), "location");
}

/** A PUT replaces the whole object; what belongs to another resource on it is sent back as Azure has it. */
function keepWhatOthersSet(kind: AzureKind, body: Properties, live: Properties): Properties {
  return kind.kept.reduce((sum, path) => {
    const kept = valueAt(live, path);
    return valueAt(sum, path) !== undefined || kept === undefined || kept === null ? sum : withValue(sum, path, kept);
  }, body);
}

/** Adds an unknown output, unless an input gives it; below an object only where that object is. */
function withUnknown(outputs: Properties, path: string): Properties {
  const parent = path.split(".").slice(0, -1).join(".");
  if (parent !== "" && !isObject(valueAt(outputs, parent))) return outputs;
  return valueAt(outputs, path) === undefined ? withValue(outputs, path, unknownValue) : outputs;
}

/** Azure took the request and then failed: what stands there now goes into state, or it would be orphaned. */
async function incomplete(
  kind: AzureKind,
  arm: ArmClient,
  id: string,
  inputs: Properties,
  error: unknown,
): Promise<unknown> {
  if (!(error instanceof ArmError)) return error;
  const resource = await arm.get(id, kind.apiVersion);
  if (resource === undefined) return error;
  return new Incomplete(error.message, { id, inputs, outputs: toOutputs(kind, resource) });
}
