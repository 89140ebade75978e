import type { ArmOptions } from "../azure.ts";
import { inputError } from "../errors.ts";
import { readEndpointMetrics, type Window } from "../monitor.ts";
import { agreementOf, labelsOf, openCollected, readPredictions } from "./collected.ts";
import type { Recording, Sample } from "./recording.ts";

/** Which canary, and what it is compared with. */
export type Subject = {
  /** ARM id of the online endpoint. */
  readonly endpointId: string;
  readonly canary: string;
  /** @default - the other deployment with most requests in the window */
  readonly baseline: string | undefined;
};

/** Reads from Azure Monitor what a verdict is made of. A window that is empty yet has no figures. */
export async function recordCanary(subject: Subject, window: Window, options: ArmOptions = {}): Promise<Recording> {
  const { endpointId, canary } = subject;
  const empty = window.from >= window.to;
  const samples = empty ? new Map<string, readonly Sample[]>() : await readEndpointMetrics(endpointId, window, options);
  const baseline = subject.baseline ?? busiest(samples, canary) ?? "none";
  if (baseline === canary) throw inputError(`\`${canary}\` cannot be its own baseline; name another deployment`);
  const side = (deployment: string) => ({ deployment, minutes: [...(samples.get(deployment) ?? [])] });
  return {
    schema: 1,
    endpoint: endpointId.split("/").at(-1) ?? endpointId,
    // The minute in which the canary got its share counts as a whole: Azure Monitor knows no smaller one.
    from: new Date(Math.floor(window.from.getTime() / 60_000) * 60_000).toISOString(),
    to: window.to.toISOString(),
    canary: side(canary),
    baseline: side(baseline),
  };
}

/** Adds what both sides predicted; of a shadow also how often that was the label that was answered. */
export async function addPredictions(
  recording: Recording,
  { endpointId }: Subject,
  { shadow }: { readonly shadow: boolean },
): Promise<Recording> {
  const window = { from: new Date(recording.from), to: new Date(recording.to) };
  const collected = await openCollected(endpointId);
  const [mine, theirs] = await Promise.all([
    readPredictions(collected, recording.canary.deployment, window),
    readPredictions(collected, recording.baseline.deployment, window),
  ]);
  const labels = labelsOf(mine, theirs);
  return { ...recording, labels, ...(shadow && { agreement: agreementOf(mine, theirs) }) };
}

function busiest(samples: ReadonlyMap<string, readonly Sample[]>, canary: string): string | undefined {
  const requests = (own: readonly Sample[]) =>
    own.reduce((sum, sample) => sum + Object.values(sample.requests).reduce<number>((all, n) => all + (n ?? 0), 0), 0);
  return [...samples]
    .filter(([deployment]) => deployment !== canary)
    .sort(([, a], [, b]) => requests(b) - requests(a))[0]?.[0];
}
