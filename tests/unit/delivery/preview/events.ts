import type { Step } from "../../../../delivery/preview/events.ts";

type Inputs = Record<string, unknown>;

const urnOf = (type: string, name: string, component: string) =>
  `urn:pulumi:production::ml-delivery::${component === "" ? "" : `ml-delivery:${component}:C$`}${type}::${name}`;

/** A step as the engine tells it. Without `old` something new, without `now` something that goes. */
export function step(op: string, type: string, name: string, old?: Inputs, now?: Inputs, keys: string[] = []): Step {
  const state = (inputs: Inputs | undefined) => (inputs === undefined ? null : { custom: true, inputs, outputs: {} });
  return { op, urn: urnOf(type, name, "storage"), type, old: state(old), new: state(now), keys };
}

export const TRAFFIC = "pulumi-nodejs:dynamic/traffic:EndpointTraffic";

/** The lines of `pulumi preview --json` with these steps. */
export function preview(
  steps: readonly Step[],
  more: readonly object[] = [],
  { result = "succeeded", before, after }: { result?: string; before?: Inputs; after?: Inputs } = {},
): string {
  const stack = (outputs: Inputs | undefined) => (outputs === undefined ? null : { outputs });
  const metadata = { op: "update", urn: "s", type: "pulumi:pulumi:Stack", old: stack(before), new: stack(after) };
  const events = [
    ...steps.map((metadata) => ({ resourcePreEvent: { metadata } })),
    ...more,
    { resOutputsEvent: { metadata } },
    { summaryEvent: { result } },
  ];
  return events.map((event) => JSON.stringify(event)).join("\n");
}
