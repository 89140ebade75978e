/** A family of VM sizes that Azure takes out of service. */
interface Retirement {
  /** Names of the family's sizes. */
  readonly sizes: RegExp;
  /** The day after which Azure makes no more of them. */
  readonly on: string;
  readonly replacement: string;
}

/**
 * From Microsoft's list of retired and announced sizes with its entries of April 2026, read 24 November 2026:
 * https://learn.microsoft.com/azure/virtual-machines/sizes/retirement/retired-sizes-list
 */
const retirements: readonly Retirement[] = [
  // Microsoft names NC A100 v4 as successor; a T4 has its 16 GB of memory for a seventh of the price.
  { sizes: /^Standard_NC(6|12|24)r?s_v3$/i, on: "2025-09-30", replacement: "Standard_NC4as_T4_v3" },
  { sizes: /^Standard_NV(12|24|48)s_v3$/i, on: "2026-09-30", replacement: "Standard_NV6ads_A10_v5" },
  { sizes: /^Standard_NV(4|8|16|32)as_v4$/i, on: "2026-09-30", replacement: "Standard_NV6ads_A10_v5" },
  { sizes: /^Standard_DS?\d+(-\d+)?(_v2)?$/i, on: "2028-05-01", replacement: "Standard_D4as_v4" },
  { sizes: /^Standard_F\d+s?(_v2)?$/i, on: "2028-11-15", replacement: "Standard_D4as_v4" },
  { sizes: /^Standard_(B\d+[lm]?s|A\d+m?_v2)$/i, on: "2028-11-15", replacement: "Standard_D4as_v4" },
];

/**
 * A warning about a size that Azure retires; nothing for the others. Retired sizes are no error: what runs on them may
 * go on for a while, and its owner decides when to move.
 */
export function retirementWarning(key: string, size: string, today = new Date()): string | undefined {
  const found = retirements.find(({ sizes }) => sizes.test(size));
  if (!found) return undefined;
  const past = found.on < today.toISOString().slice(0, 10);
  const when = past ? `retired ${size} on ${found.on}: new nodes will fail` : `retires ${size} on ${found.on}`;
  return `Azure ${when}. Set ${key} to ${found.replacement}.`;
}
