import { randomBytes } from "node:crypto";

/** What a name is made of when the program gives none. */
export interface NamingContext {
  /** The resource's logical name. */
  readonly name: string;
  /** The engine's seed: the same plan gives the same name. Empty where the engine has none. */
  readonly seed: Uint8Array;
  /** The engine's own proposal (`pulumi:autonaming` in config), if there is one. */
  readonly proposed?: string;
}

/** `length` hexadecimal digits from the seed, or random ones without a seed. */
export function hexDigits(seed: Uint8Array, length: number): string {
  const bytes = seed.length * 2 >= length ? Buffer.from(seed) : randomBytes(Math.ceil(length / 2));
  return bytes.toString("hex").slice(0, length);
}

/** The logical name with `digits` hexadecimal digits behind it, or the engine's proposal. */
export function randomName(context: NamingContext, separator: string, digits: number): string {
  return context.proposed ?? `${context.name}${separator}${hexDigits(context.seed, digits)}`;
}

/** A UUID from the seed. */
export function randomUuid(seed: Uint8Array): string {
  return hexDigits(seed, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
