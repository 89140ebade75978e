import type { Problem } from "../delivery/shape.ts";
import type { TrafficState } from "./traffic-provider.ts";

/**
 * What must not be taken away, by what state knows: the deployments that were configured and the traffic they had.
 *
 * - One that has traffic or copies of it stays, even where the same edit moves them: if the move failed, its requests
 *   would have nowhere to go. Take them off first, remove it with the next change.
 * - A removal leaves `keepPrevious` earlier deployments beside the present one, or as many as there were. A deployment
 *   that is added with traffic begins a new rollout: the present one is then a way back itself.
 */
export function checkRemovals(old: Partial<TrafficState>, next: TrafficState): Problem[] {
  const before = Object.keys(old.models ?? {});
  const after = Object.keys(next.models);
  const removed = before.filter((name) => !after.includes(name));
  if (removed.length === 0) return [];
  const live = removed.flatMap((name) => [
    ...stillUsed(name, old.traffic, "traffic"),
    ...stillUsed(name, old.mirror, "mirror"),
  ]);
  return live.length > 0 ? live : checkWayBack(before, next, removed);
}

/**
 * What must not change under requests: the image and the machines of a deployment that has traffic or copies of it.
 * Azure would roll through its instances, and what was judged would no longer be what serves. How many instances there
 * are may change, and so may a deployment that nobody reaches: it is called again before it gets traffic.
 */
export function checkChanges(old: Partial<TrafficState>, next: TrafficState): Problem[] {
  return Object.entries(next.runs ?? {}).flatMap(([name, wanted]) => {
    const present = old.runs?.[name];
    const share = (old.traffic?.[name] ?? 0) + (old.mirror?.[name] ?? 0);
    if (present === undefined || present === wanted || share === 0) return [];
    const [image, instanceType] = present.split(" on ");
    return [
      {
        key: `endpoint.deployments.${name}`,
        got: wanted,
        allowed: `to go on as ${present}, while ${name} has ${share} % of the requests or copies of them`,
        remedy: `keep it so with image: ${image} and instanceType: ${instanceType} in endpoint.deployments.${name}; add a deployment under another name for the change, and shift traffic to it`,
      },
    ];
  });
}

function stillUsed(name: string, shares: TrafficState["traffic"] | undefined, key: "traffic" | "mirror"): Problem[] {
  const share = shares?.[name] ?? 0;
  if (share === 0) return [];
  const what = key === "traffic" ? "of the requests" : "of the requests copied to it";
  return [
    {
      key: `endpoint.deployments.${name}`,
      got: undefined,
      allowed: `to stay, as ${name} has ${share} % ${what}`,
      remedy: `put ${name} back and set endpoint.${key}.${name} to 0; remove it with the next change`,
    },
  ];
}

function checkWayBack(before: string[], next: TrafficState, removed: string[]): Problem[] {
  const { models, traffic, keepPrevious = 0 } = next;
  const stay = before.length - removed.length;
  const startsRollout = Object.keys(models).some((name) => !before.includes(name) && (traffic[name] ?? 0) > 0);
  const waysBack = stay - (startsRollout ? 0 : 1);
  const wanted = Math.min(keepPrevious, before.length - 1);
  if (waysBack >= wanted) return [];
  return removed.map((name) => ({
    key: `endpoint.deployments.${name}`,
    got: undefined,
    allowed: `to stay, as rollout.keepPrevious is ${keepPrevious} and ${Math.max(0, waysBack)} would be left for the way back`,
    remedy: `put ${name} back; the next rollout may remove it, or lower rollout.keepPrevious`,
  }));
}
