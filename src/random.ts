import { createHash } from "node:crypto";

/** A reproducible source of numbers. Two of the same key give the same sequence on every machine. */
export interface Random {
  /** 32 uniform bits, 0 to 2³²-1. */
  bits(): number;
  /** Uniform in [0,1), 32 bits of it. */
  next(): number;
  /** Uniform in [low,high). */
  between(low: number, high: number): number;
  /** A whole number in [low,high], both ends included. */
  integer(low: number, high: number): number;
  /** Mean 0, standard deviation 1. */
  normal(): number;
  chance(probability: number): boolean;
  pick<T>(items: readonly [T, ...T[]]): T;
}

/**
 * A generator keyed by words, such as `("picture", 7, "oak", 12)`: each key has a sequence of its own, so what is drawn
 * for one does not depend on how many others were drawn before. The state is the key's SHA-256; the generator is sfc32
 * (Doty-Humphrey, PractRand).
 */
export function randomFor(...key: readonly (string | number)[]): Random {
  const digest = createHash("sha256").update(JSON.stringify(key)).digest();
  let a = digest.readInt32LE(0);
  let b = digest.readInt32LE(4);
  let c = digest.readInt32LE(8);
  let counter = 1;

  const bits = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  const next = (): number => bits() / 4294967296;
  const between = (low: number, high: number): number => low + (high - low) * next();

  return {
    bits,
    next,
    between,
    integer: (low, high) => low + Math.floor(next() * (high - low + 1)),
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    chance: (probability) => next() < probability,
    pick: (items) => items[Math.floor(next() * items.length)] ?? items[0],
  };
}
