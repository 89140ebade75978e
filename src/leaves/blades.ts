import type { Random } from "../random.ts";
import { arc, type LeafShape, type Point, smoothClosed, type Vein } from "./geometry.ts";

/** A blade on a midrib: oval, lance, heart or lobed, by the half-width along its length. */
export interface PinnateBlade {
  /** Greatest half-width, as a share of the length. */
  readonly halfWidth: number;
  /** Where along the midrib it is widest, 0 base to 1 tip. */
  readonly widestAt: number;
  /** Roundness of the ends: 0.4 blunt, 1.5 drawn out. */
  readonly taper: number;
  /** How far the base runs back past the stalk, as in a heart. */
  readonly heart?: number;
  readonly lobes?: { readonly count: number; readonly depth: number };
  readonly teeth?: Teeth;
  readonly spines?: { readonly count: number; readonly depth: number };
  readonly veinPairs: number;
  /** Angle between midrib and side veins, radians. */
  readonly veinAngle: number;
}

export interface Teeth {
  readonly count: number;
  readonly depth: number;
  /** Each tooth carries a smaller one on its back. */
  readonly double?: boolean;
}

const stepsPerSide = 160;

export function pinnate(random: Random, blade: PinnateBlade): LeafShape {
  const phase = random.between(-0.2, 0.2);
  const sides = [-1, 1].map((side) => {
    const width = blade.halfWidth * random.between(0.93, 1.07);
    const points: Point[] = [];
    for (let step = 0; step <= stepsPerSide; step++) {
      points.push(marginPoint(blade, side * width, step / stepsPerSide, phase + side * 0.1));
    }
    return points;
  });
  const [left = [], right = []] = sides;
  return {
    blades: [[...left, ...right.toReversed()]],
    veins: [{ points: arc([0, 0], [0, 0.98], 0), width: 0.013 }, ...sideVeins(random, blade)],
    stalk: { points: arc([0, 0.02], [random.between(-0.06, 0.06), -0.24], random.between(-0.2, 0.2)), width: 0.02 },
  };
}

function marginPoint(blade: PinnateBlade, width: number, t: number, phase: number): Point {
  let x = profile(blade, t);
  // Teeth and lobes fade out at both ends, where the margin runs into the stalk and the tip.
  const fade = Math.min(1, t * 8, (1 - t) * 8);
  if (blade.lobes) {
    const wave = 0.5 - 0.5 * Math.cos(2 * Math.PI * (blade.lobes.count * t + phase));
    x *= 1 - blade.lobes.depth * fade * (1 - Math.sqrt(wave));
  }
  if (blade.spines) {
    const wave = Math.abs(Math.sin(Math.PI * (blade.spines.count * t + phase)));
    x *= 1 - blade.spines.depth * fade * wave;
  }
  let y = t;
  if (blade.teeth) {
    const tooth = sawtooth(blade.teeth, t, phase) * blade.teeth.depth * fade;
    x += tooth / Math.abs(width);
    y += tooth * 0.6;
  }
  if (blade.heart) y -= blade.heart * x * Math.exp(-t / 0.16);
  return [x * width, y];
}

/** Half-width at t as a share of the greatest: t^a (1-t)^b, scaled to 1 where it is widest. */
function profile({ widestAt, taper }: PinnateBlade, t: number): number {
  const rise = taper * widestAt * 2;
  const fall = taper * (1 - widestAt) * 2;
  const peak = widestAt ** rise * (1 - widestAt) ** fall;
  return (t ** rise * (1 - t) ** fall) / peak;
}

function sawtooth(teeth: Teeth, t: number, phase: number): number {
  const place = teeth.count * t + phase + 8;
  const along = place - Math.floor(place);
  const small = teeth.double ? 0.35 * ((along * 3) % 1) : 0;
  return along * along * (1 - 0.35 * Number(teeth.double ?? false)) + small;
}

function sideVeins(random: Random, blade: PinnateBlade): Vein[] {
  const veins: Vein[] = [];
  for (let pair = 0; pair < blade.veinPairs; pair++) {
    const t = (pair + 0.6) / (blade.veinPairs + 0.6);
    for (const side of [-1, 1]) {
      const start = t * 0.92 + random.between(-0.012, 0.012);
      // The vein ends near the margin at the height it reaches, not at the height where it leaves the midrib.
      const reach = profile(blade, Math.min(0.97, start + 0.12)) * blade.halfWidth * 0.86;
      const end: Point = [side * reach, start + reach / Math.tan(blade.veinAngle)];
      if (end[1] < 0.98) veins.push({ points: arc([0, start], end, side * -0.07), width: 0.006 });
    }
  }
  return veins;
}

/** A blade spread from the stalk like a hand: lobe tips and the notches between, by angle from the tip and radius. */
export interface PalmateBlade {
  readonly lobes: readonly { readonly angle: number; readonly radius: number }[];
  /** Radius of each notch: between lobe 0 and 1, 1 and 2, …, and last before the stalk. */
  readonly notches: readonly number[];
  /** Teeth on each flank of a lobe; 0 leaves a smooth margin. */
  readonly teeth: number;
  readonly toothDepth: number;
}

/** `lobes[0]` points to the tip; the others come in mirrored pairs. */
export function palmate(random: Random, blade: PalmateBlade): LeafShape {
  const sides = [-1, 1].map((side) => palmateSide(random, blade, side));
  const [left, right] = sides;
  const outline = [...(right?.margin ?? []), ...(left?.margin ?? []).toReversed()];
  const veins = sides.flatMap((side) => side.tips.map((tip) => lobeVein(random, tip)));
  return {
    blades: [blade.teeth > 0 ? outline : smoothClosed(outline, 10)],
    veins: veins.flat(),
    stalk: { points: arc([0, 0.02], [random.between(-0.12, 0.12), -0.38], random.between(-0.2, 0.2)), width: 0.02 },
  };
}

function palmateSide(random: Random, blade: PalmateBlade, side: number): { margin: Point[]; tips: Point[] } {
  const polar = (angle: number, radius: number): Point => [side * radius * Math.sin(angle), radius * Math.cos(angle)];
  const margin: Point[] = [];
  const tips: Point[] = [];
  let previous: Point | undefined;
  const edgeTo = (point: Point, outwards: boolean): void => {
    if (previous && blade.teeth > 0) margin.push(...toothedEdge(previous, point, blade, outwards, side));
    margin.push(point);
    previous = point;
  };
  blade.lobes.forEach(({ angle, radius }, index) => {
    const spread = index === 0 ? 0 : angle + random.between(-0.06, 0.06);
    const tip = polar(spread, radius * random.between(0.94, 1.04));
    tips.push(tip);
    edgeTo(tip, true);
    const next = blade.lobes[index + 1]?.angle ?? 2.95;
    edgeTo(polar((angle + next) / 2, (blade.notches[index] ?? 0.2) * random.between(0.92, 1.08)), false);
  });
  margin.push([side * 0.02, 0]);
  return { margin, tips };
}

/** Teeth point towards the lobe's tip, which is `to` on the way out and `from` on the way in, and grow towards the notch. */
function toothedEdge(from: Point, to: Point, blade: PalmateBlade, outwards: boolean, side: number): Point[] {
  const [notch, tip] = outwards ? [from, to] : [to, from];
  const dx = tip[0] - notch[0];
  const dy = tip[1] - notch[1];
  const depth = (blade.toothDepth * side * (outwards ? 1 : -1)) / Math.hypot(dx, dy);
  const points: Point[] = [];
  for (let tooth = 1; tooth <= blade.teeth; tooth++) {
    const valley = (0.85 * (tooth - 0.4)) / blade.teeth;
    const height = depth * (1.3 - valley);
    const along = valley + 0.07;
    points.push(
      [notch[0] + dx * along - dy * height, notch[1] + dy * along + dx * height],
      [notch[0] + dx * (valley + 0.1), notch[1] + dy * (valley + 0.1)],
    );
  }
  return outwards ? points : points.toReversed();
}

function lobeVein(random: Random, tip: Point): Vein[] {
  const main = arc([0, 0], [tip[0] * 0.94, tip[1] * 0.94], random.between(-0.03, 0.03));
  const veins: Vein[] = [{ points: main, width: 0.013 }];
  for (const t of [0.4, 0.58, 0.74]) {
    for (const side of [-1, 1]) {
      const from: Point = [tip[0] * t, tip[1] * t];
      const length = 0.22 * (1.1 - t);
      const turn = side * 0.7;
      const [ux, uy] = [
        tip[0] * Math.cos(turn) - tip[1] * Math.sin(turn),
        tip[0] * Math.sin(turn) + tip[1] * Math.cos(turn),
      ];
      veins.push({ points: arc(from, [from[0] + ux * length, from[1] + uy * length], 0), width: 0.006 });
    }
  }
  return veins;
}
