import { DeliveryError, inputError } from "../errors.ts";
import type { ReleaseRecord } from "../release-log.ts";
import { deploymentName, type EndpointConfig } from "../rollout.ts";
import type { Shares } from "../traffic.ts";
import { cameBackAt, goodAt, lastGood, type WayBack } from "./log-state.ts";
import { describeShares, sameShares, soleLive } from "./shares.ts";

/**
 * The deployment that a rollback leads to.
 *
 * @param to a version (16 hex digits or its first 8), a deployment's name, or a time; the last good one where absent.
 * @param actual the traffic that Azure has. @default - as the stack file says
 * @throws DeliveryError `refused` where it is not deployed, or has all traffic without a way back having led there;
 *   `input` where `to` is none of these. Both say what is possible.
 */
export function wayBack(
  records: readonly ReleaseRecord[],
  endpoint: EndpointConfig,
  to: string | undefined,
  actual: Shares = endpoint.traffic,
): Exclude<WayBack, { kind: "none" }> {
  const found = to === undefined ? lastGood(records, endpoint) : asked(records, endpoint, to, actual);
  if (found.kind !== "none") return found;
  throw new DeliveryError("refused", `there is nothing to roll back to: ${found.why}. ${possible(records, endpoint)}`);
}

function asked(records: readonly ReleaseRecord[], endpoint: EndpointConfig, to: string, actual: Shares): WayBack {
  const deployment = nameOf(records, endpoint, to);
  if (endpoint.deployments[deployment] === undefined) {
    return { kind: "none", why: `\`${deployment}\` is not deployed` };
  }
  if (soleLive(endpoint.traffic) === deployment) {
    const since = cameBackAt(records, endpoint);
    if (since !== undefined) return { kind: "there", deployment, since };
    // Where somebody moved traffic by hand, what the stack file says is a way back.
    if (sameShares(actual, endpoint.traffic)) {
      return { kind: "none", why: `\`${deployment}\` is the present one: it has all traffic` };
    }
  }
  return { kind: "target", deployment, source: endpoint.deployments[to] === undefined ? "release log" : "stack file" };
}

function nameOf(records: readonly ReleaseRecord[], endpoint: EndpointConfig, to: string): string {
  if (endpoint.deployments[to] !== undefined) return to;
  if (/^[0-9a-f]{16}$/.test(to)) return deploymentName(to);
  if (/^(m-)?[0-9a-f]{8}$/.test(to)) return to.startsWith("m-") ? to : `m-${to}`;
  const time = parseTime(to);
  if (time === undefined) {
    throw inputError(
      `\`--to\` must be a version, a deployment or a time as 2026-11-24T12:00:00Z, got \`${to}\`. ${possible(records, endpoint)}`,
    );
  }
  const name = goodAt(records, time);
  if (name !== undefined) return name;
  throw inputError(`nothing had all traffic at ${time.toISOString()}. ${possible(records, endpoint)}`);
}

/** An ISO 8601 date or instant; without an offset it is UTC. A bare number is not taken for a year. */
export function parseTime(text: string): Date | undefined {
  const form = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?<offset>Z|[+-]\d{2}:\d{2})?)?$/;
  const match = form.exec(text);
  if (match === null) return undefined;
  const utc = match.groups?.["offset"] === undefined && text.length > 10 ? `${text}Z` : text;
  const time = new Date(utc.replace(" ", "T"));
  return Number.isNaN(time.getTime()) ? undefined : time;
}

/**
 * What `--to` could name, in words.
 *
 * @param usable whether a deployment could serve. @default - every configured one
 */
export function possible(
  records: readonly ReleaseRecord[],
  endpoint: EndpointConfig,
  usable: (deployment: string) => boolean = () => true,
): string {
  const others = Object.keys(endpoint.deployments).filter((name) => endpoint.traffic[name] !== 100 && usable(name));
  const now = `Live now: ${describeShares(endpoint.traffic)}.`;
  if (others.length > 0) return `${now} --to can name ${others.join(", ")}`;
  const versions = [...new Set(records.map(({ version }) => version).filter((version) => version !== undefined))];
  const again =
    versions.length > 0
      ? `; deploy one of the versions of the release log again: ${versions.slice(-5).join(", ")}`
      : "";
  return `${now} No other deployment is up${again}`;
}
