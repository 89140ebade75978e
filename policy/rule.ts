/** Stands for a value that a preview cannot know. The update, which knows it, checks it. */
export const UNKNOWN = Symbol("unknown until the update");

/** A resource as its rules see it: the inputs that the program gives it. */
export interface Resource {
  /** Its type without an API version: `azure-native:machinelearningservices:OnlineEndpoint`. */
  readonly type: string;
  /** Its name in the program, as a preview shows it. */
  readonly name: string;
  readonly stack: string;
  /** Whether what happens to it happens to users: every stack whose name is not in `TRIAL_STACKS`. */
  readonly production: boolean;
  /** Whether the engine refuses to delete it. */
  readonly protect: boolean;
  /** The input at a path such as `properties.authMode`: undefined where there is none, UNKNOWN in a preview. */
  get(path: string): unknown;
}

/** Stacks that may be more open: callers with a key, no protection. A new name is production until it stands here. */
export const TRIAL_STACKS: ReadonlySet<string> = new Set(["dev", "development", "test", "staging"]);

/** One thing that must hold. */
export interface Rule {
  /** kebab-case; how waivers name it. */
  readonly name: string;
  readonly description: string;
  /** What to change. */
  readonly remedy: string;
  /** @default mandatory: a preview or an update that breaks it stops */
  readonly level?: "advisory";
  /** What is wrong with a resource, one text a fault, without the remedy. */
  check(resource: Resource): readonly string[];
}

/** `value` in words: values a preview does not know are no fault yet, missing ones are. */
export function unless(value: unknown, holds: boolean, fault: string): readonly string[] {
  return value === UNKNOWN || holds
    ? []
    : [`${fault} (it is ${value === undefined ? "missing" : JSON.stringify(value)})`];
}

/** One thing that must hold of all resources together. Checked last, when all of them are known by name. */
export interface StackRule extends Omit<Rule, "check"> {
  /** The resources that break it, and how. */
  check(resources: readonly LinkedResource[]): readonly { readonly resource: LinkedResource; readonly fault: string }[];
}

/** A resource that says which others an input comes from. */
export interface LinkedResource extends Resource {
  readonly urn: string;
  /** URNs of what the input `property` is made of. */
  from(property: string): readonly string[];
}
