/** One type of Azure resource: where it lives, and how its inputs lie in ARM's JSON. Rows are in `table.ts`. */
export interface AzureKind {
  /** ARM path below the management endpoint; `{name}` is filled from the input of that name. */
  readonly path: string;
  /** The API version that the SDK's class says it uses. */
  readonly apiVersion: string;
  /** The input that is made up where the program gives none, and how. */
  readonly autoname: { readonly input: string; readonly as: "random" | "uuid" };
  /** Inputs that stay beside `properties` in ARM's JSON. */
  readonly envelope: readonly string[];
  /** `nested`: the SDK has an input `properties`. `flat`: what is not in the envelope goes into `properties`. */
  readonly body: "nested" | "flat";
  /** Where the SDK's outputs lie; nearly always as the inputs do. */
  readonly outputs: "nested" | "flat";
  /** SDK name → ARM name, where a flat input is called otherwise. */
  readonly renames: Readonly<Record<string, string>>;
  /** Lists whose members the SDK has flat, where ARM has all but `id` and `name` in their `properties`. */
  readonly wrapped: readonly string[];
  /** Outputs that only Azure can tell. */
  readonly computed: readonly string[];
  /** Inputs whose change needs a new resource, beyond those in the path and `location`. */
  readonly replaceOn: readonly string[];
  /** Maps with the user's own keys. */
  readonly maps: readonly string[];
  /** Inputs that Azure never gives back. */
  readonly writeOnly: readonly string[];
  /** Properties that another resource may set on the same object: an update sends what Azure has, unless inputs set it. */
  readonly kept: readonly string[];
  /** It comes and goes with its parent: creating it writes over what is there, deleting it puts Azure's defaults back. */
  readonly comesWithParent: boolean;
}

/** What a row says; the rest has defaults. */
export interface AzureRow extends Partial<Omit<AzureKind, "path" | "apiVersion" | "autoname">> {
  /** Below `/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/`, or a full path from `/`. */
  readonly path: string;
  readonly apiVersion: string;
  /** Default: the last name in the path, made random. */
  readonly autoname?: AzureKind["autoname"];
}

const everyKind = ["name", "type", "systemData"];
const tracked = ["location", "tags", "sku", "identity", "kind", "extendedLocation", "managedBy", "zones"];

/** The names in the path, in order, without the subscription. */
export function pathNames(path: string): readonly string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? "").filter((name) => name !== "subscriptionId");
}

/** The row with its defaults: a tracked resource (one with location and tags) in a resource group. */
export function azureKind(row: AzureRow): AzureKind {
  const path = row.path.startsWith("/")
    ? row.path
    : `/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/${row.path}`;
  return {
    body: "nested",
    outputs: row.body ?? "nested",
    envelope: tracked,
    renames: {},
    wrapped: [],
    replaceOn: [],
    writeOnly: [],
    kept: [],
    comesWithParent: false,
    autoname: { input: pathNames(path).at(-1) ?? "", as: "random" },
    ...row,
    path,
    computed: [...everyKind, ...(row.computed ?? [])],
    maps: ["tags", ...(row.maps ?? [])],
  };
}

/** True where Azure wants a location, so that a default is filled in. */
export function hasLocation(kind: AzureKind): boolean {
  return kind.envelope.includes("location");
}
