import type { CollectedAnswer, EndpointRoute } from "./front-door.ts";

/** What the service asks of the door's process. */
export type DoorRequest =
  | { readonly kind: "begin"; readonly metricsFolder: string }
  | { readonly kind: "route"; readonly route: EndpointRoute }
  | { readonly kind: "unroute"; readonly endpointId: string }
  | { readonly kind: "drained"; readonly targets: readonly number[] }
  | { readonly kind: "trust"; readonly publicPem: string }
  | { readonly kind: "flush" }
  | { readonly kind: "finish" };

/** A request with the number its answer carries. */
export interface DoorEnvelope {
  readonly call: number;
  readonly request: DoorRequest;
}

/** What the door's process says: an answer to a call, that it was used, or what was collected since it last said so. */
export type DoorReport =
  | { readonly kind: "done"; readonly call: number; readonly error?: string }
  | { readonly kind: "used" }
  | { readonly kind: "collected"; readonly answers: readonly CollectedAnswer[] };
