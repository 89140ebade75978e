/** A picture and the earlier one that it looks like. */
export type NearCopy<Item> = { readonly item: Item; readonly like: Item; readonly distance: number };

/**
 * For each item the first earlier one whose hash (16 hex digits) differs in at most `distance` bits, if any. Items with
 * the same hash are compared once. Hashes are cut into `distance` + 1 bands: two that differ in no more bits than that
 * share a band (pigeonhole), so only those in one drawer are compared, not all with all.
 */
export function findNearCopies<Item extends { readonly hash: string }>(
  items: readonly Item[],
  distance: number,
): NearCopy<Item>[] {
  const firstOf = new Map<string, Item>();
  const found: NearCopy<Item>[] = [];
  const bands = bandsOf(distance + 1);
  const drawers = new Map<string, { item: Item; high: number; low: number }[]>();
  for (const item of items) {
    const same = firstOf.get(item.hash);
    if (same !== undefined) {
      found.push({ item, like: same, distance: 0 });
      continue;
    }
    firstOf.set(item.hash, item);
    const [high, low] = halvesOf(item.hash);
    let best: NearCopy<Item> | undefined;
    for (const [band, [shift, width]] of bands.entries()) {
      const key = `${band}:${(BigInt(`0x${item.hash}`) >> BigInt(shift)) & ((1n << BigInt(width)) - 1n)}`;
      const drawer = drawers.get(key) ?? [];
      if (best === undefined) {
        const like = drawer.find((other) => bitsOf(other.high ^ high) + bitsOf(other.low ^ low) <= distance);
        if (like !== undefined)
          best = { item, like: like.item, distance: bitsOf(like.high ^ high) + bitsOf(like.low ^ low) };
      }
      drawer.push({ item, high, low });
      drawers.set(key, drawer);
    }
    if (best !== undefined) found.push(best);
  }
  return found;
}

/** Start and width, in bits, of `count` bands of 64 bits. */
function bandsOf(count: number): [shift: number, width: number][] {
  return Array.from({ length: count }, (_, index) => {
    const [from, to] = [Math.floor((index * 64) / count), Math.floor(((index + 1) * 64) / count)];
    return [from, to - from];
  });
}

function halvesOf(hash: string): [high: number, low: number] {
  return [Number.parseInt(hash.slice(0, 8), 16), Number.parseInt(hash.slice(8), 16)];
}

/** Ones in 32 bits (Hacker's Delight, 5-1). */
function bitsOf(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
