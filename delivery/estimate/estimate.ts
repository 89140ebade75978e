import type { Capacity } from "../capacity.ts";
import { HOURS_PER_MONTH, type Item, type Price, priceOf, vmPrice } from "./prices.ts";

/** What of a stack's config costs money. */
export interface Plan extends Capacity {
  /** AWS region. */
  readonly region: string;
  readonly monitoring: { readonly silentMinutes?: number | undefined };
  /** @default "public" */
  readonly network?: "public" | "private" | undefined;
  /** @default - encrypted by a key of S3's own */
  readonly storage?: { readonly encryption: "kms" | "s3" | undefined };
}

/** What is used in a month beyond what is always there. What is absent is priced by the unit and not added up. */
export interface Usage {
  /** Hours of the cluster's nodes, all nodes together. */
  readonly nodeHours?: number | undefined;
  /** Gigabytes of logs. */
  readonly logGb?: number | undefined;
  /** Gigabytes kept in the buckets. */
  readonly dataGb?: number | undefined;
}

/** One row: something that is paid for. */
export interface Line {
  /** What it belongs to, such as `deployment m-3f2a9c01`. */
  readonly resource: string;
  readonly item: string;
  /** `fixed`: paid whether used or not. `use`: paid by what is used. */
  readonly kind: "fixed" | "use";
  /** Units a month. Undefined where it depends on use and nothing was assumed. */
  readonly quantity: number | undefined;
  readonly price: Price | undefined;
  /** Dollars a month. Undefined without a price or a quantity. */
  readonly monthly: number | undefined;
}

/** What a stack costs a month. */
export interface Estimate {
  readonly currency: "USD";
  readonly lines: readonly Line[];
  /** Dollars a month of all fixed lines that have a price. */
  readonly fixed: number;
  /** Dollars a month of what was assumed to be used. */
  readonly use: number;
  /** Fixed lines without a price, as `resource: item`: what is missing in `fixed`. */
  readonly unknown: readonly string[];
}

/** What is watched of each deployment: seven statuses, its latency and its processors. */
const SERIES_PER_DEPLOYMENT = 7 + 1 + 1;

/** What a private network has: endpoints of workspace, blobs, files, vault and registry, and the zones of their names. */
const PRIVATE_ENDPOINTS = 5;
const PRIVATE_ZONES = 6;

/** Estimates what a stack costs a month, from its config alone. Pure. */
export function estimate(plan: Plan, usage: Usage = {}): Estimate {
  const lines = [...endpointLines(plan), ...clusterLines(plan, usage), ...platformLines(plan, usage)];
  const sum = (kind: Line["kind"]) =>
    cents(lines.filter((line) => line.kind === kind).reduce((total, { monthly = 0 }) => total + monthly, 0));
  const unknown = lines.filter(({ kind, monthly }) => kind === "fixed" && monthly === undefined);
  return {
    currency: "USD",
    lines,
    fixed: sum("fixed"),
    use: sum("use"),
    unknown: unknown.map(({ resource, item }) => `${resource}: ${item}`),
  };
}

function endpointLines({ location, endpoint }: Plan): Line[] {
  const deployments = Object.entries(endpoint.deployments);
  if (deployments.length === 0) {
    const price = vmPrice(endpoint.instanceType, location);
    return [line("endpoint", `an instance, ${endpoint.instanceType}`, "use", undefined, price)];
  }
  return deployments.flatMap(([name, deployment]) => {
    const size = deployment.instanceType ?? endpoint.instanceType;
    const price = vmPrice(size, location);
    const { min, max } = endpoint.autoscale ?? { min: deployment.instances, max: deployment.instances };
    const resource = `deployment ${name}`;
    const always = line(resource, `${min} × ${size}`, "fixed", min * HOURS_PER_MONTH, price);
    if (max === min) return [always];
    return [always, line(resource, `an instance more, at most ${max - min}`, "use", undefined, price)];
  });
}

function clusterLines({ location, cluster }: Plan, { nodeHours }: Usage): Line[] {
  const { vmSize, minNodes } = cluster;
  const price = vmPrice(vmSize, location);
  const working = line("cluster", `a node at work, ${vmSize}`, "use", nodeHours, price);
  if (minNodes === 0) return [working];
  return [line("cluster", `${minNodes} × ${vmSize} always up`, "fixed", minNodes * HOURS_PER_MONTH, price), working];
}

function platformLines(plan: Plan, { logGb, dataGb }: Usage): Line[] {
  const { location, region, endpoint, monitoring, network = "public", storage } = plan;
  const series = 1 + SERIES_PER_DEPLOYMENT * Object.keys(endpoint.deployments).length;
  const fixed = (resource: string, item: string, what: Item, quantity: number, where = location) =>
    line(resource, item, "fixed", quantity, priceOf(what, where));
  const use = (resource: string, item: string, what: Item, quantity?: number, where = location) =>
    line(resource, item, "use", quantity, priceOf(what, where));
  return [
    ...(network === "public"
      ? [fixed("registry", "Standard", "registry Standard", HOURS_PER_MONTH / 24)]
      : [
          fixed("registry", "Premium", "registry Premium", HOURS_PER_MONTH / 24),
          fixed(
            "network",
            `${PRIVATE_ENDPOINTS} private endpoints`,
            "private endpoint",
            PRIVATE_ENDPOINTS * HOURS_PER_MONTH,
          ),
          fixed("network", `${PRIVATE_ZONES} zones of private names`, "private DNS zone", PRIVATE_ZONES),
          use("network", "through private endpoints", "private endpoint data"),
        ]),
    ...(storage?.encryption === "kms"
      ? [
          fixed("buckets", "1 key", "KMS key", 1, region),
          use("buckets", "uses of the key", "KMS requests", undefined, region),
        ]
      : []),
    fixed("alerts", `${series} series of metrics`, "metric series", series),
    fixed("alerts", "1 query every 5 minutes", "query every 5 minutes", 1),
    ...(monitoring.silentMinutes === undefined
      ? []
      : [fixed("alerts", "1 query every 15 minutes", "query every 15 minutes", 1)]),
    use("logs", "logs taken in", "log ingestion", logGb),
    use("workspace storage", "blobs of jobs and models", "blob storage"),
    use("vault", "secrets read and written", "vault operations"),
    use("buckets", "data and models kept", "S3 storage", dataGb, region),
  ];
}

function line(
  resource: string,
  item: string,
  kind: Line["kind"],
  quantity: number | undefined,
  price: Price | undefined,
): Line {
  const known = price !== undefined && quantity !== undefined;
  return { resource, item, kind, quantity, price, monthly: known ? cents(quantity * price.amount) : undefined };
}

/** Rounded to cents, so that what is printed adds up. */
export function cents(dollars: number): number {
  return Math.round(dollars * 100) / 100;
}
