/** Random numbers that are the same in every run with the same seed. */
export interface Random {
  /** In [0, 1). */
  uniform(): number;
  normal(): number;
  poisson(mean: number): number;
  /** Successes among `trials`. */
  binomial(trials: number, share: number): number;
}

/** xoshiro128** (Blackman, Vigna 2018), seeded by splitmix32. */
export function seededRandom(seed: number): Random {
  let mix = seed >>> 0;
  const next = () => {
    mix = (mix + 0x9e3779b9) >>> 0;
    let z = mix;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) >>> 0;
  };
  const state = Uint32Array.of(next(), next(), next(), next());
  const rotate = (x: number, by: number) => (x << by) | (x >>> (32 - by));
  const uniform = () => {
    const [a = 0, b = 0, c = 0, d = 0] = state;
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    const [c1, d1] = [c ^ a, d ^ b];
    state[1] = b ^ c1;
    state[0] = a ^ d1;
    state[2] = c1 ^ (b << 9);
    state[3] = rotate(d1, 11);
    return result / 2 ** 32;
  };
  let spare: number | undefined;
  const normal = () => {
    if (spare !== undefined) {
      const kept = spare;
      spare = undefined;
      return kept;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
  return {
    uniform,
    normal,
    // Above this the normal approximation is right to a fraction of a request; below, Knuth's product of uniforms.
    poisson(mean) {
      if (mean > 30) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal()));
      const limit = Math.exp(-mean);
      let count = 0;
      for (let product = uniform(); product > limit; product *= uniform()) count++;
      return count;
    },
    // By the gaps between successes, which are geometric: quick where they are rare.
    binomial(trials, share) {
      if (share <= 0) return 0;
      if (share >= 1) return trials;
      const scale = Math.log1p(-share);
      let count = 0;
      for (let at = -1; ; count++) {
        at += 1 + Math.floor(Math.log(1 - uniform()) / scale);
        if (at >= trials) return count;
      }
    },
  };
}
