import { DeliveryError, inputError } from "./errors.ts";
import { Version } from "./manifest.ts";
import { sameShares, shareTraffic, soleLive } from "./rollout/shares.ts";
import { withoutZeros } from "./traffic.ts";

/** One deployment of an endpoint in stack config. */
export type DeploymentConfig = {
  readonly model: string;
  readonly instances: number;
  /** @default - the stack's `images.scoring` */
  readonly image?: string | undefined;
  /** @default - the endpoint's `instanceType` */
  readonly instanceType?: string | undefined;
};

/** The part of `endpoint` in stack config that a rollout reads. Deployments are in order of rollout, the newest last. */
export type EndpointConfig = {
  readonly deployments: Readonly<Record<string, DeploymentConfig>>;
  /** Per cent by deployment; one that is not named has 0. */
  readonly traffic: Readonly<Record<string, number>>;
  /** Per cent of requests that are copied to a deployment without traffic. */
  readonly mirror?: Readonly<Record<string, number>>;
  /** Instances of the first deployment. @default 1 */
  readonly instances?: number;
};

/** One difference between two endpoint configs. */
export type Change =
  | { readonly kind: "add"; readonly deployment: string; readonly model: string; readonly instances: number }
  | { readonly kind: "remove"; readonly deployment: string }
  | { readonly kind: "traffic" | "mirror"; readonly deployment: string; readonly from: number; readonly to: number };

export type RolloutPlan = { readonly endpoint: EndpointConfig; readonly changes: readonly Change[] };

/** What is rolled out. */
export type RolloutRequest = {
  readonly version: string;
  /** Where the environment's own copy of the package lies. */
  readonly modelPath: string;
  /** Whole per cent for this version, 0 to 100. The first deployment of an endpoint gets 100 whatever is asked. */
  readonly percentage: number;
  /** Per cent of requests to copy to it, 1 to 50, instead of traffic: `percentage` must be 0. @default - none */
  readonly mirror?: number;
  /** @default - as many as the deployment with most traffic has, else the endpoint's `instances`, else 1 */
  readonly instances?: number;
};

/** Rules of a deployment that the environment or the caller sets. */
export type RolloutRules = {
  /** Deployments beside the new one that stay for the way back. @default 1 */
  readonly keepPrevious?: number;
  /** Takes the traffic off a canary under way instead of refusing. @default false */
  readonly restartCanary?: boolean;
};

/** The deployment that serves a version: `m-` and the first 8 digits. */
export function deploymentName(version: string): string {
  if (!Version.safeParse(version).success) throw inputError(`\`${version}\` is not a model version (16 hex digits)`);
  return `m-${version.slice(0, 8)}`;
}

/**
 * The endpoint's config after giving a version its share of traffic, or a copy of it. The others give way in
 * proportion. Deployments that nobody reaches are dropped but for `keepPrevious` earlier ones, the way back; one that
 * had traffic before this change stays for now. A version that gets none, as a shadow, replaces nobody: the way back of
 * the present one stays too.
 *
 * @throws DeliveryError `refused` while another version is a canary, unless `restartCanary`: of two canaries at once,
 * neither could be told from the other's effect.
 */
export function planDeployment(before: EndpointConfig, request: RolloutRequest, rules: RolloutRules = {}): RolloutPlan {
  checkEndpoint(before);
  const name = deploymentName(request.version);
  const existing = before.deployments[name];
  if (existing !== undefined && existing.model !== request.modelPath) {
    throw inputError(
      `deployment \`${name}\` serves \`${existing.model}\`, not \`${request.modelPath}\`; one name, one model`,
    );
  }
  const settled = settleCanary(before, name, rules.restartCanary ?? false);
  const instances = instancesOf(before, name, request);
  const added = { [name]: { ...existing, model: request.modelPath, instances } };
  const { [name]: _moved, ...others } = before.deployments;
  const keepsPlace = (before.traffic[name] ?? 0) > 0;
  const deployments = keepsPlace ? { ...before.deployments, ...added } : { ...others, ...added };
  const reached =
    request.mirror === undefined
      ? { traffic: shareTraffic(settled, name, request.percentage), mirror: mirrorWithout(before, name) }
      : { traffic: settled, mirror: mirrorTo(before, name, request) };
  // One that has what is asked for already is no reason to remove others either.
  if (existing?.instances === instances && sameService({ ...before, ...reached }, before)) {
    return { endpoint: before, changes: [] };
  }
  return finish(before, { ...before, deployments, ...reached }, name, rules.keepPrevious ?? 1);
}

/** The config after giving a configured deployment `percentage` of the traffic. Nothing is removed. */
export function planShift(before: EndpointConfig, name: string, percentage: number): RolloutPlan {
  checkEndpoint(before);
  if (before.deployments[name] === undefined) {
    throw inputError(
      `there is no deployment \`${name}\`; there are: ${Object.keys(before.deployments).join(", ") || "none"}`,
    );
  }
  const traffic = shareTraffic(before.traffic, name, percentage);
  return finish(before, { ...before, traffic, mirror: mirrorWithout(before, name) }, name, Number.POSITIVE_INFINITY);
}

/** The newest deployment while another one has traffic too: the canary. */
export function canaryOf(endpoint: EndpointConfig): string | undefined {
  const live = Object.keys(endpoint.deployments).filter((name) => (endpoint.traffic[name] ?? 0) > 0);
  return live.length > 1 ? live.at(-1) : undefined;
}

/** The deployment that requests are copied to. */
export function shadowOf({ mirror }: EndpointConfig): string | undefined {
  return Object.keys(withoutZeros(mirror)).at(0);
}

/** The canary, or a refusal that says what is live. */
export function requireCanary(endpoint: EndpointConfig, environment: string): string {
  const canary = canaryOf(endpoint);
  if (canary !== undefined) return canary;
  const live = soleLive(endpoint.traffic);
  const now = live === undefined ? "nothing is live" : `\`${live}\` has all traffic`;
  throw new DeliveryError("refused", `${environment} has no canary: ${now}; deploy a model at less than 100 % first`);
}

/** The next of `steps` above the share that the canary has; undefined where it has everything. */
export function nextStep(endpoint: EndpointConfig, canary: string, steps: readonly number[]): number | undefined {
  const share = endpoint.traffic[canary] ?? 0;
  return share >= 100 ? undefined : (steps.find((step) => step > share) ?? 100);
}

/** One line a change, as a person would say it. */
export function describeChange(change: Change): string {
  switch (change.kind) {
    case "add":
      return `+ ${change.deployment}: ${change.model}, ${change.instances} instance${change.instances === 1 ? "" : "s"}`;
    case "remove":
      return `- ${change.deployment}`;
    case "traffic":
      return `~ ${change.deployment}: ${change.from} => ${change.to}`;
    case "mirror":
      return `~ copy to ${change.deployment}: ${change.from} => ${change.to}`;
    default:
      return change satisfies never;
  }
}

/** The deployments with traffic, most first. */
export function liveNames({ traffic }: Pick<EndpointConfig, "traffic">): string[] {
  const live = Object.entries(traffic).filter(([, share]) => share > 0);
  return live.sort(([, a], [, b]) => b - a).map(([name]) => name);
}

/** The traffic without the canary's share, where another version than `name` is a canary. */
function settleCanary(before: EndpointConfig, name: string, restart: boolean): EndpointConfig["traffic"] {
  const canary = canaryOf(before);
  if (canary === undefined || canary === name) return before.traffic;
  if (!restart) {
    throw new DeliveryError(
      "refused",
      `\`${canary}\` is a canary with ${before.traffic[canary]} %, so \`${name}\` has to wait: ` +
        "promote it or abort it (`promote --abort`) first, or give --restart-canary to abort it and start with this model",
    );
  }
  return shareTraffic(before.traffic, canary, 0);
}

function instancesOf(before: EndpointConfig, name: string, request: RolloutRequest): number {
  const like = before.deployments[name] ?? before.deployments[liveNames(before)[0] ?? ""];
  const instances = request.instances ?? like?.instances ?? before.instances ?? 1;
  if (Number.isInteger(instances) && instances >= 1) return instances;
  throw inputError(`instances must be a whole number of at least 1, got ${instances}`);
}

/** One deployment at a time is mirrored to, and never one that is live. */
function mirrorTo(before: EndpointConfig, name: string, { mirror, percentage }: RolloutRequest) {
  if (mirror === undefined || !Number.isInteger(mirror) || mirror < 1 || mirror > 50) {
    throw inputError(`mirror percentage must be a whole number from 1 to 50, got ${mirror}`);
  }
  if (percentage !== 0) throw inputError("a deployment is mirrored to or live, not both: leave the traffic percentage");
  if (liveNames(before).length === 0) {
    throw new DeliveryError(
      "refused",
      "nothing is live whose requests could be copied; deploy a first model with traffic",
    );
  }
  if ((before.traffic[name] ?? 0) > 0) {
    throw new DeliveryError(
      "refused",
      `\`${name}\` has ${before.traffic[name]} % of the traffic; it cannot be mirrored to`,
    );
  }
  return { [name]: mirror };
}

function mirrorWithout(before: EndpointConfig, name: string): EndpointConfig["traffic"] {
  const { [name]: _ended, ...others } = withoutZeros(before.mirror);
  return others;
}

function finish(before: EndpointConfig, planned: EndpointConfig, name: string, keepPrevious: number): RolloutPlan {
  const dropped = droppable(before, planned, name, keepPrevious);
  const kept = Object.entries(planned.deployments).filter(([other]) => !dropped.has(other));
  const { mirror, ...rest } = { ...planned, deployments: Object.fromEntries(kept) };
  // A file that never spoke of copies is not made to.
  const spoken = before.mirror !== undefined || Object.keys(mirror ?? {}).length > 0;
  const endpoint = spoken ? { ...rest, mirror: mirror ?? {} } : rest;
  checkEndpoint(endpoint);
  return { endpoint, changes: changesBetween(before, endpoint) };
}

/** The deployments that nobody reaches, neither before nor after, and that are no way back from the present one. */
function droppable(before: EndpointConfig, planned: EndpointConfig, name: string, keepPrevious: number): Set<string> {
  const used = (endpoint: EndpointConfig, other: string) =>
    (endpoint.traffic[other] ?? 0) > 0 || (endpoint.mirror?.[other] ?? 0) > 0;
  const present = used({ ...planned, mirror: {} }, name) ? name : liveNames(planned)[0];
  const order = Object.keys(planned.deployments);
  const others = order.filter((other) => other !== name && other !== present);
  const idle = others.filter((other) => !used(before, other) && !used(planned, other));
  // What came after the present one never had its place: it goes first, then the oldest.
  const isLater = (other: string) => present !== undefined && order.indexOf(other) > order.indexOf(present);
  const ranked = [...idle.filter(isLater), ...idle.filter((other) => !isLater(other))];
  const room = Math.max(0, keepPrevious - (others.length - idle.length));
  return new Set(ranked.slice(0, Math.max(0, ranked.length - room)));
}

/** What differs, in the order in which it is carried out: additions, traffic, removals. */
export function changesBetween(before: EndpointConfig, after: EndpointConfig): Change[] {
  const names = [...new Set([...Object.keys(before.deployments), ...Object.keys(after.deployments)])];
  const shifts = (kind: "traffic" | "mirror") =>
    names
      .map((deployment) => ({
        deployment,
        from: before[kind]?.[deployment] ?? 0,
        to: after[kind]?.[deployment] ?? 0,
      }))
      .filter(({ from, to }) => from !== to)
      .map((shift): Change => ({ kind, ...shift }));
  return [
    ...Object.entries(after.deployments)
      .filter(([name]) => before.deployments[name] === undefined)
      .map(([deployment, { model, instances }]): Change => ({ kind: "add", deployment, model, instances })),
    ...shifts("traffic"),
    ...shifts("mirror"),
    ...names
      .filter((name) => after.deployments[name] === undefined)
      .map((deployment): Change => ({ kind: "remove", deployment })),
  ];
}

/** Whether two configs serve the same requests from the same deployments. */
export function sameService(a: EndpointConfig, b: EndpointConfig): boolean {
  return sameShares(a.traffic, b.traffic) && sameShares(a.mirror ?? {}, b.mirror ?? {});
}

/** Refuses a config that Azure would refuse, before and after planning. */
function checkEndpoint(endpoint: EndpointConfig): void {
  const entries = Object.entries(endpoint.traffic);
  const key = "`endpoint.traffic`";
  for (const [name, share] of entries) {
    if (endpoint.deployments[name] === undefined) {
      const known = Object.keys(endpoint.deployments).join(", ") || "none";
      throw inputError(`${key} names \`${name}\`, which is not in \`endpoint.deployments\` (${known})`);
    }
    if (!Number.isInteger(share) || share < 0 || share > 100) {
      throw inputError(`${key}.${name} must be a whole number from 0 to 100, got ${JSON.stringify(share)}`);
    }
    if (share > 0 && (endpoint.mirror?.[name] ?? 0) > 0) {
      throw inputError(
        `\`${name}\` is in \`endpoint.mirror\`; one deployment cannot be live and mirrored, drop it there first`,
      );
    }
  }
  const sum = entries.reduce((total, [, share]) => total + share, 0);
  if (sum !== 100 && sum !== 0) throw inputError(`${key} sums to ${sum}; allowed: 100, or 0 where nothing is live`);
}
