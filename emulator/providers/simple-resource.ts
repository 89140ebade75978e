import type { DiffRules } from "./diff.ts";
import type { NamingContext } from "./naming.ts";
import { project } from "./projection.ts";
import type { Call, Checked, Created, Failure, Found, Known, ResourceType } from "./provider.ts";
import { only, type Properties, present, unknownValue } from "./values.ts";

/** A resource type with inputs that are named one by one: what the bridged providers have. */
export interface SimpleType {
  readonly token: string;
  readonly required: readonly string[];
  readonly optional: readonly string[];
  /** Inputs whose change needs a new resource. */
  readonly replaceOn: readonly string[];
  /** Outputs that only the cloud can tell; those of `stable` never change afterwards. */
  readonly computed: readonly string[];
  readonly stable?: readonly string[];
  readonly maps?: readonly string[];
  readonly writeOnly?: readonly string[];
  /** As in `DiffRules`, for diffs and for what the cloud gives back. */
  readonly same?: NonNullable<DiffRules["same"]>;
  /** The inputs that name it in the cloud: a replacement that keeps them all has to wait until the old one is gone. */
  readonly identity: readonly string[];
  /** Fills in what the program left out. */
  readonly defaults?: (inputs: Properties, old: Properties | undefined, naming: NamingContext) => Properties;
  /** What is wrong with the inputs beyond their names. Values may be unknown. */
  readonly judge?: (inputs: Properties) => readonly Failure[];
  create(inputs: Properties, call: Call): Promise<Created>;
  /** Undefined where it is gone. `inputs` are all that the cloud gives back; they are cut down to those in state. */
  read(known: Known, call: Call): Promise<Found | undefined>;
  update(known: Known, inputs: Properties, call: Call): Promise<Properties>;
  delete(known: Known, call: Call): Promise<void>;
}

/** The type as the plumbing wants it: inputs checked by name, diffs by the rules, previews from the lists. */
export function simpleResource(type: SimpleType): ResourceType {
  const sameness = type.same === undefined ? {} : { same: type.same };
  const rules = { maps: type.maps ?? [], writeOnly: type.writeOnly ?? [], ...sameness };
  return {
    replaceOn: type.replaceOn,
    ...sameness,

    check(inputs, old, naming): Promise<Checked> {
      const filled = type.defaults?.(inputs, old, naming) ?? inputs;
      const failures = [...nameFailures(type, filled), ...(type.judge?.(filled) ?? [])];
      return Promise.resolve({ inputs: filled, failures });
    },

    preview(inputs, known) {
      const unknowns = type.computed.map((name) => {
        const stays = known !== undefined && type.stable?.includes(name) === true;
        return [name, (stays ? known.outputs[name] : undefined) ?? unknownValue] as const;
      });
      return { ...Object.fromEntries(unknowns), ...inputs };
    },

    deleteBeforeReplace: (old, next) =>
      type.identity.length > 0 && type.identity.every((name) => old[name] === next[name]),
    create: type.create,
    update: type.update,
    delete: type.delete,

    async read(known, call) {
      const found = await type.read(known, call);
      if (found === undefined) return undefined;
      if (Object.keys(known.inputs).length === 0) {
        return { ...found, inputs: only(found.inputs, [...type.required, ...type.optional]) };
      }
      return { ...found, inputs: project(known.inputs, found.inputs, rules) };
    },
  };
}

function nameFailures(type: SimpleType, inputs: Properties): Failure[] {
  const missing = type.required
    .filter((name) => inputs[name] === undefined)
    .map((name) => ({ property: name, reason: `missing required property '${name}' of ${type.token}` }));
  const allowed = [...type.required, ...type.optional];
  const foreign = Object.keys(present(inputs))
    .filter((name) => !allowed.includes(name) && !name.startsWith("__"))
    .map((name) => ({
      property: name,
      reason: `the emulator does not offer the input '${name}' of ${type.token}; it offers ${allowed.join(", ")}`,
    }));
  return [...missing, ...foreign];
}
