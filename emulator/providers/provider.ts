import type { DiffRules } from "./diff.ts";
import type { NamingContext } from "./naming.ts";
import type { Properties } from "./values.ts";

/** What the engine configured the provider with, and how to reach the person at the terminal. */
export interface Session {
  /** The provider's settings (`azure-native:location`), secrets revealed. */
  readonly settings: Properties;
  /** Shows a line under the resource in the engine's display. Never pass a secret. */
  readonly say: (urn: string, line: string) => Promise<void>;
}

/** One call for one resource. */
export interface Call {
  readonly urn: string;
  readonly session: Session;
  /** When to give up, in milliseconds since the epoch. */
  readonly deadline: number;
}

/** An input that cannot be used, and why. */
export interface Failure {
  readonly property: string;
  readonly reason: string;
}

/** Inputs with defaults filled in, and what is wrong with them. */
export interface Checked {
  readonly inputs: Properties;
  readonly failures: readonly Failure[];
}

/** A resource in the cloud, as its outputs. */
export interface Created {
  readonly id: string;
  readonly outputs: Properties;
}

/** A resource as the cloud has it now. */
export interface Found extends Created {
  readonly inputs: Properties;
}

/** What state holds about a resource. */
export interface Known {
  readonly id: string;
  readonly inputs: Properties;
  readonly outputs: Properties;
}

/** One type of resource: its rules, and the calls that make it so. Inputs and outputs are plain, without secrets' marks. */
export interface ResourceType extends DiffRules {
  /** Fills in defaults and names, and judges. Values may be unknown. `old` are the inputs in state, if any. */
  check(inputs: Properties, old: Properties | undefined, naming: NamingContext, call: Call): Promise<Checked>;
  /** The outputs to expect, before anything is done; unknown where only the cloud can tell. Calls no service. */
  preview(inputs: Properties, known: Known | undefined): Properties;
  /** True where the old resource has to go before the new one fits. */
  deleteBeforeReplace(old: Properties, next: Properties): boolean;
  create(inputs: Properties, call: Call): Promise<Created>;
  /** Undefined where the resource is gone. `inputs` are empty on import. */
  read(known: Known, call: Call): Promise<Found | undefined>;
  update(known: Known, inputs: Properties, call: Call): Promise<Properties>;
  /** Succeeds where the resource is gone already. */
  delete(known: Known, call: Call): Promise<void>;
}

/** A function of the provider (`getCallerIdentity`). */
export type Invocation = (inputs: Properties, session: Session) => Promise<Properties>;

/** A provider as the engine sees it. */
export interface Provider {
  readonly name: string;
  /** The version of the SDK that programs use, so that the engine asks for no other. */
  readonly version: string;
  /** Settings that are honoured; any other is refused. */
  readonly settings: readonly string[];
  /** By type token. */
  readonly resources: ReadonlyMap<string, ResourceType>;
  /** By function token. */
  readonly functions: ReadonlyMap<string, Invocation>;
}

/** A resource that was begun and exists, though not as asked: the engine records it, and the next update mends it. */
export class Incomplete extends Error {
  readonly found: Found;
  constructor(message: string, found: Found) {
    super(message);
    this.found = found;
  }
}
