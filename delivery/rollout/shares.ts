import { inputError } from "../errors.ts";
import { type Shares, withoutZeros } from "../traffic.ts";

/**
 * Traffic with `percentage` on `name` and the rest shared among the others in proportion to what they have, in whole
 * numbers that sum to 100: each gets its share rounded down, and the largest remainders get what is left. Where there
 * are no others, `name` gets everything.
 */
export function shareTraffic(traffic: Shares, name: string, percentage: number): Shares {
  if (!Number.isInteger(percentage) || percentage < 0 || percentage > 100) {
    throw inputError(`traffic percentage must be a whole number from 0 to 100, got ${percentage}`);
  }
  const others = Object.entries(traffic).filter(([other, share]) => other !== name && share > 0);
  if (others.length === 0) return { [name]: 100 };
  const total = others.reduce((sum, [, share]) => sum + share, 0);
  const rest = 100 - percentage;
  const parts = others.map(([other, share]) => {
    const exact = (share * rest) / total;
    return { other, whole: Math.floor(exact), remainder: exact - Math.floor(exact) };
  });
  let left = rest - parts.reduce((sum, part) => sum + part.whole, 0);
  const result: Record<string, number> = { [name]: percentage };
  for (const part of [...parts].sort((a, b) => b.remainder - a.remainder)) {
    result[part.other] = part.whole + (left-- > 0 ? 1 : 0);
  }
  // Keys keep the order they had, so that the stack file's diff shows numbers and nothing else.
  const order = [...new Set([...Object.keys(traffic), name])];
  return withoutZeros(Object.fromEntries(order.map((key) => [key, result[key] ?? 0])));
}

/** Whether two maps send the same requests to the same deployments, whatever their order and zeros. */
export function sameShares(a: Shares, b: Shares): boolean {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) => (a[name] ?? 0) === (b[name] ?? 0));
}

/** `m-3f2a9c01 90, m-9c1b22d4 10`; `nothing` where nobody has any. */
export function describeShares(shares: Shares): string {
  const live = Object.entries(withoutZeros(shares));
  return live.map(([name, share]) => `${name} ${share}`).join(", ") || "nothing";
}

/** The one deployment that has all traffic, if one has. */
export function soleLive(shares: Shares): string | undefined {
  return Object.keys(shares).find((name) => shares[name] === 100);
}
