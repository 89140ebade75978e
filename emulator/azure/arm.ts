import type { BlobServiceClient } from "@azure/storage-blob";
import type { TokenKeys } from "../jwt.ts";
import type { ServiceContext } from "../service.ts";
import type { FrontDoor, ScoringHost, ScoringProcesses } from "../serving/front-door.ts";
import type { BlobAccount, BlobAccounts } from "../storage/blob-accounts.ts";
import type { FaultPlan } from "./faults.ts";
import type { Images } from "./images.ts";
import type { Cluster } from "./ml/cluster.ts";
import type { Operations } from "./operations.ts";
import type { ResourceId } from "./resource-id.ts";
import type { ResourceStore, Stored } from "./store.ts";

/** A deployment's processes, and what they were started from. */
export interface Scoring {
  readonly processes: ScoringProcesses;
  readonly origin: string;
}

/** What handlers work with. */
export interface Arm {
  readonly store: ResourceStore;
  readonly operations: Operations;
  readonly storage: BlobAccounts;
  readonly serving: FrontDoor & ScoringHost;
  readonly keys: TokenKeys;
  readonly images: () => Promise<Images>;
  /** A client of a storage account. */
  readonly blobs: (account: BlobAccount) => BlobServiceClient;
  readonly context: ServiceContext;
  /** What tests have go wrong. */
  readonly faults: FaultPlan;
  /** How long a cluster's node takes to come up. Minutes in Azure. */
  readonly nodeStartMs: number;
  /** The processes of each deployment, by the key of its id. */
  readonly scoring: Map<string, Scoring>;
  /** The nodes and queue of each cluster, by the key of its id. */
  readonly clusters: Map<string, Cluster>;
  /** Aborted when the service stops: what is under way then is neither a success nor a failure. */
  readonly stopping: AbortSignal;
}

/** A request to a known resource or collection. */
export interface ArmRequest {
  readonly method: string;
  readonly id: ResourceId;
  readonly apiVersion: string;
  readonly query: URLSearchParams;
  /** The parsed JSON body, or undefined. */
  readonly body: unknown;
}

/** An answer. `operation` makes the server add the headers by which a client follows it. */
export interface ArmReply {
  readonly status: number;
  readonly body?: unknown;
  readonly operation?: string;
}

/** A POST on a resource. */
export type Action = (arm: Arm, resource: Stored, request: ArmRequest) => Promise<ArmReply> | ArmReply;

/** What the emulator knows about one type of resource. Every hook is optional: without any it is kept as it is sent. */
export interface ResourceType {
  /** In Azure's own casing. */
  readonly type: string;
  /** `group`: in a resource group; `subscription`: beside groups; `extension`: under any resource, group or subscription. */
  readonly place: "group" | "subscription" | "extension";
  /** A location must be given and cannot change. */
  readonly located?: boolean;
  /** Names that exist without being created, such as a storage account's blobServices/default. */
  readonly implicit?: string;
  /** The resource around it is made where there is none, as an asset's version makes the asset. */
  readonly makesParent?: boolean;
  /** What PATCH may carry. Default: `tags`, `identity`, `sku`, `kind`, `properties`. */
  readonly patchable?: readonly string[];
  /** Refuses what Azure refuses, and adds the properties that Azure works out. */
  readonly complete?: (arm: Arm, draft: Stored, previous: Stored | undefined) => Promise<Stored> | Stored;
  /** Makes it so. Its presence makes PUT and DELETE long-running operations. */
  readonly apply?: (arm: Arm, resource: Stored, previous: Stored | undefined) => Promise<void>;
  /** Called after a synchronous creation or update is stored. */
  readonly stored?: (arm: Arm, resource: Stored) => Promise<void>;
  /** DELETE is a long-running operation though PUT is none. */
  readonly leavesSlowly?: boolean;
  /** Refuses a deletion that Azure refuses. */
  readonly leave?: (arm: Arm, resource: Stored) => void;
  /** Undoes what creation did, when the resource or one around it is deleted. */
  readonly removed?: (arm: Arm, resource: Stored) => Promise<void>;
  /** Takes up a resource found on disk at start. */
  readonly resume?: (arm: Arm, resource: Stored) => Promise<void>;
  /** The properties that change by themselves, added when it is read. */
  readonly live?: (arm: Arm, resource: Stored) => Readonly<Record<string, unknown>>;
  /** POST operations by name, in Azure's casing. */
  readonly actions?: Readonly<Record<string, Action>>;
}

/** The resource's `properties`, as a record. */
export function propertiesOf(resource: Stored): Readonly<Record<string, unknown>> {
  const properties = resource.fields["properties"];
  return typeof properties === "object" && properties !== null ? { ...properties } : {};
}

/** The resource with these properties added or replaced. */
export function withProperties(resource: Stored, added: Readonly<Record<string, unknown>>): Stored {
  return { ...resource, fields: { ...resource.fields, properties: { ...propertiesOf(resource), ...added } } };
}

/** The resource with these hidden values added or replaced. */
export function withHidden(resource: Stored, added: Readonly<Record<string, unknown>>): Stored {
  return { ...resource, hidden: { ...resource.hidden, ...added } };
}
