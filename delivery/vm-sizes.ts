/** What the rules need to know of an Azure VM size. */
export interface VmSize {
  readonly cores: number;
  /** Whole GPUs; 0 where there is none. */
  readonly gpus: number;
  /** The family whose quota it counts against, as Azure Machine Learning names it. */
  readonly family: string;
  /** Whether a managed endpoint needs a fifth more quota than its instances have, for upgrades without a gap. */
  readonly spare: boolean;
}

interface Series {
  /** Names of the series' sizes; the group is the number of cores, unless `cores` says otherwise. */
  readonly sizes: RegExp;
  readonly family: string;
  readonly cores?: Readonly<Record<string, number>>;
  readonly gpus?: (cores: number) => number;
  /** @default true */
  readonly spare?: boolean;
}

/** Dv2 counts sizes, not cores. */
const dv2Cores = { 1: 1, 2: 2, 3: 4, 4: 8, 5: 16, 11: 2, 12: 4, 13: 8, 14: 16, 15: 20 };

/**
 * Series that Azure ML trains and serves on. Families are those of its quota page; which of them need no spare fifth
 * stands in https://learn.microsoft.com/azure/machine-learning/how-to-manage-quotas (read 24 November 2026).
 */
const series: readonly Series[] = [
  { sizes: /^Standard_DS(\d+)_v2$/i, family: "Standard DSv2 Family", cores: dv2Cores },
  { sizes: /^Standard_D(\d+)s_v3$/i, family: "Standard DSv3 Family" },
  { sizes: /^Standard_D(\d+)s_v4$/i, family: "Standard DSv4 Family" },
  { sizes: /^Standard_D(\d+)s_v5$/i, family: "Standard DSv5 Family" },
  { sizes: /^Standard_D(\d+)ds_v4$/i, family: "Standard DDSv4 Family" },
  { sizes: /^Standard_D(\d+)ds_v5$/i, family: "Standard DDSv5 Family" },
  { sizes: /^Standard_D(\d+)as_v4$/i, family: "Standard DASv4 Family" },
  { sizes: /^Standard_D(\d+)as_v5$/i, family: "Standard DASv5 Family" },
  { sizes: /^Standard_D(\d+)ads_v5$/i, family: "Standard DADSv5 Family" },
  { sizes: /^Standard_E(\d+)s_v3$/i, family: "Standard ESv3 Family" },
  { sizes: /^Standard_E(\d+)as_v4$/i, family: "Standard EASv4 Family" },
  { sizes: /^Standard_F(\d+)s_v2$/i, family: "Standard FSv2 Family" },
  { sizes: /^Standard_NC(\d+)r?s_v3$/i, family: "Standard NCSv3 Family", gpus: (cores) => cores / 6 },
  {
    sizes: /^Standard_NC(\d+)as_T4_v3$/i,
    family: "Standard NCASv3_T4 Family",
    gpus: (cores) => (cores === 64 ? 4 : 1),
  },
  {
    sizes: /^Standard_NC(\d+)ads_A100_v4$/i,
    family: "Standard NCADSA100v4 Family",
    gpus: (cores) => cores / 24,
    spare: false,
  },
  {
    sizes: /^Standard_NC(\d+)adi?s_H100_v5$/i,
    family: "Standard NCADSH100v5 Family",
    gpus: (cores) => cores / 40,
    spare: false,
  },
  { sizes: /^Standard_NV(36|72)adm?s_A10_v5$/i, family: "Standard NVADSA10v5 Family", gpus: (cores) => cores / 36 },
];

/** The size by its name, in any casing. Undefined for a series that is not in the table: its quota cannot be judged. */
export function vmSize(name: string): VmSize | undefined {
  for (const { sizes, family, cores: table, gpus, spare = true } of series) {
    const [, digits] = sizes.exec(name) ?? [];
    if (digits === undefined) continue;
    const cores = table === undefined ? Number(digits) : table[digits];
    if (cores !== undefined) return { cores, gpus: gpus?.(cores) ?? 0, family, spare };
  }
  return undefined;
}

/** Cores of quota that a managed endpoint needs for so many instances. */
export function coresForInstances({ cores, spare }: VmSize, instances: number): number {
  // In tenths: 1.2 is not exact in binary, and ceil(1.2 × 5) would be 7.
  return (spare ? Math.ceil((instances * 12) / 10) : instances) * cores;
}
