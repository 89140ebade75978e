import type { Random } from "../random.ts";
import { palmate, pinnate } from "./blades.ts";
import { arc, type LeafShape, moveShape, type Point, type Vein } from "./geometry.ts";

/** Colour as hue (degrees), saturation and lightness (percent), and how far each strays. */
export interface Tint {
  readonly hue: number;
  readonly saturation: number;
  readonly lightness: number;
  readonly spread: number;
}

export interface Species {
  readonly name: string;
  readonly shape: (random: Random) => LeafShape;
  readonly summer: Tint;
  /** The colour of an old leaf, if the plant sheds; it fades from summer to this. */
  readonly autumn?: Tint;
  /** How much light the surface throws back, 0 dull to 1 waxed. */
  readonly gloss: number;
  /** Lightness of the veins against the blade, percent. */
  readonly veinContrast: number;
}

/** The ten plants, in the order of their names. */
export const species: readonly Species[] = [
  {
    name: "birch",
    shape: (random) =>
      pinnate(random, {
        halfWidth: random.between(0.28, 0.34),
        widestAt: random.between(0.24, 0.31),
        taper: random.between(0.66, 0.78),
        teeth: { count: random.integer(13, 17), depth: random.between(0.03, 0.045), double: true },
        veinPairs: random.integer(6, 8),
        veinAngle: 0.85,
      }),
    summer: { hue: 92, saturation: 42, lightness: 38, spread: 1 },
    autumn: { hue: 48, saturation: 70, lightness: 50, spread: 1 },
    gloss: 0.3,
    veinContrast: 9,
  },
  {
    name: "fern",
    shape: fern,
    summer: { hue: 95, saturation: 45, lightness: 36, spread: 1.2 },
    autumn: { hue: 36, saturation: 55, lightness: 38, spread: 1 },
    gloss: 0.15,
    veinContrast: 8,
  },
  {
    name: "ginkgo",
    shape: ginkgo,
    summer: { hue: 88, saturation: 42, lightness: 42, spread: 1 },
    autumn: { hue: 50, saturation: 78, lightness: 54, spread: 1 },
    gloss: 0.2,
    veinContrast: 6,
  },
  {
    name: "holly",
    shape: (random) =>
      pinnate(random, {
        halfWidth: random.between(0.27, 0.34),
        widestAt: random.between(0.44, 0.54),
        taper: random.between(0.66, 0.8),
        spines: { count: random.integer(5, 7), depth: random.between(0.24, 0.38) },
        veinPairs: 6,
        veinAngle: 0.95,
      }),
    summer: { hue: 118, saturation: 38, lightness: 25, spread: 1 },
    gloss: 1,
    veinContrast: 10,
  },
  {
    name: "ivy",
    shape: (random) => {
      const depth = random.between(0.85, 1.1);
      return palmate(random, {
        lobes: [
          { angle: 0, radius: 1 },
          { angle: random.between(0.85, 1), radius: random.between(0.74, 0.86) },
          { angle: random.between(1.85, 2.05), radius: random.between(0.5, 0.62) },
        ],
        notches: [0.6 / depth, 0.5 / depth, 0.3],
        teeth: 0,
        toothDepth: 0,
      });
    },
    summer: { hue: 122, saturation: 32, lightness: 28, spread: 1.2 },
    gloss: 0.6,
    veinContrast: 22,
  },
  {
    name: "linden",
    shape: (random) =>
      pinnate(random, {
        halfWidth: random.between(0.45, 0.52),
        widestAt: random.between(0.27, 0.35),
        taper: random.between(0.52, 0.62),
        heart: random.between(0.19, 0.27),
        teeth: { count: random.integer(20, 26), depth: random.between(0.018, 0.028) },
        veinPairs: random.integer(5, 6),
        veinAngle: 0.8,
      }),
    summer: { hue: 96, saturation: 42, lightness: 40, spread: 1 },
    autumn: { hue: 52, saturation: 65, lightness: 48, spread: 1 },
    gloss: 0.25,
    veinContrast: 11,
  },
  {
    name: "maple",
    shape: (random) =>
      palmate(random, {
        lobes: [
          { angle: 0, radius: 1 },
          { angle: random.between(0.82, 0.95), radius: random.between(0.84, 0.96) },
          { angle: random.between(1.62, 1.85), radius: random.between(0.55, 0.68) },
        ],
        notches: [random.between(0.36, 0.5), random.between(0.33, 0.45), 0.22],
        teeth: random.integer(2, 3),
        toothDepth: random.between(0.07, 0.12),
      }),
    summer: { hue: 98, saturation: 40, lightness: 36, spread: 1.1 },
    autumn: { hue: 14, saturation: 72, lightness: 42, spread: 1.8 },
    gloss: 0.3,
    veinContrast: 12,
  },
  {
    name: "oak",
    shape: (random) =>
      pinnate(random, {
        halfWidth: random.between(0.29, 0.37),
        widestAt: random.between(0.58, 0.66),
        taper: random.between(0.5, 0.62),
        lobes: { count: random.integer(4, 6), depth: random.between(0.45, 0.62) },
        veinPairs: random.integer(4, 6),
        veinAngle: 0.85,
      }),
    summer: { hue: 94, saturation: 38, lightness: 33, spread: 1 },
    autumn: { hue: 32, saturation: 52, lightness: 36, spread: 1.2 },
    gloss: 0.35,
    veinContrast: 12,
  },
  {
    name: "strawberry",
    shape: strawberry,
    summer: { hue: 102, saturation: 45, lightness: 35, spread: 1 },
    autumn: { hue: 10, saturation: 55, lightness: 36, spread: 1.2 },
    gloss: 0.3,
    veinContrast: 14,
  },
  {
    name: "willow",
    shape: (random) =>
      pinnate(random, {
        halfWidth: random.between(0.075, 0.115),
        widestAt: random.between(0.38, 0.48),
        taper: random.between(0.6, 0.8),
        teeth: { count: random.integer(30, 40), depth: random.between(0.006, 0.01) },
        veinPairs: random.integer(10, 14),
        veinAngle: 0.7,
      }),
    summer: { hue: 90, saturation: 34, lightness: 42, spread: 1 },
    autumn: { hue: 50, saturation: 60, lightness: 48, spread: 1 },
    gloss: 0.35,
    veinContrast: 12,
  },
];

function ginkgo(random: Random): LeafShape {
  const halfAngle = random.between(0.85, 1.15);
  const notch = random.chance(0.75) ? random.between(0.15, 0.45) : 0.04;
  const ripples = random.integer(5, 9);
  const phase = random.between(0, 6);
  const steps = 90;
  const blade: Point[] = [[0.012, 0]];
  for (let step = 0; step <= steps; step++) {
    const place = 1 - (2 * step) / steps;
    const angle = place * halfAngle;
    const ripple = 0.022 * Math.sin(ripples * angle * 2 + phase) + 0.012 * Math.sin(ripples * 4.3 * angle + phase);
    const shoulder = 1 - 0.13 * Math.abs(place) ** 6;
    const radius = (0.96 + ripple) * shoulder - notch * Math.exp(-((place / 0.05) ** 2));
    blade.push([radius * Math.sin(angle), radius * Math.cos(angle)]);
  }
  blade.push([-0.012, 0]);
  const veins: Vein[] = [];
  for (let vein = 0; vein < 26; vein++) {
    const angle = halfAngle * ((2 * (vein + 0.5)) / 26 - 1);
    const from = vein % 2 === 0 ? 0.05 : 0.4;
    const to = random.between(0.8, 0.9);
    veins.push({
      points: arc([from * Math.sin(angle), from * Math.cos(angle)], [to * Math.sin(angle), to * Math.cos(angle)], 0),
      width: 0.005,
    });
  }
  const stalk = arc([0, 0.03], [random.between(-0.15, 0.15), -0.45], random.between(-0.2, 0.2));
  return { blades: [blade], veins, stalk: { points: stalk, width: 0.022 } };
}

function fern(random: Random): LeafShape {
  const pairs = random.integer(11, 16);
  const reach = random.between(0.3, 0.42);
  const lean = random.between(1.05, 1.3);
  const parts: LeafShape[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    const t = (pair + 0.3) / pairs;
    const length = reach * Math.min(1, 0.55 + t * 1.8) * (1 - t) ** 0.75 + 0.03;
    for (const side of [-1, 1]) {
      const pinna = pinnate(random, {
        halfWidth: (0.4 / pairs / length) * random.between(0.95, 1.15),
        widestAt: 0.25,
        taper: 0.5,
        lobes: { count: Math.max(4, Math.round(length * 26)), depth: 0.3 },
        veinPairs: 0,
        veinAngle: 1,
      });
      const angle = side * (lean - 0.35 * t) + random.between(-0.06, 0.06);
      parts.push(moveShape(pinna, angle, length, [0, t * 0.95 + side * 0.01]));
    }
  }
  return {
    blades: parts.flatMap((part) => part.blades),
    veins: [...parts.flatMap((part) => part.veins), { points: arc([0, -0.1], [0, 0.97], 0), width: 0.014 }],
    stalk: { points: arc([0, 0], [random.between(-0.05, 0.05), -0.25], random.between(-0.1, 0.1)), width: 0.02 },
  };
}

function strawberry(random: Random): LeafShape {
  const spread = random.between(1.2, 1.6);
  const leaflet = (): LeafShape =>
    pinnate(random, {
      halfWidth: random.between(0.36, 0.43),
      widestAt: random.between(0.52, 0.6),
      taper: random.between(0.42, 0.52),
      teeth: { count: random.integer(8, 10), depth: random.between(0.055, 0.075) },
      veinPairs: random.integer(6, 8),
      veinAngle: 0.7,
    });
  const parts = [
    moveShape(leaflet(), -spread, random.between(0.56, 0.64), [-0.02, 0.24]),
    moveShape(leaflet(), spread, random.between(0.56, 0.64), [0.02, 0.24]),
    moveShape(leaflet(), random.between(-0.1, 0.1), random.between(0.66, 0.74), [0, 0.27]),
  ];
  return {
    blades: parts.flatMap((part) => part.blades),
    veins: parts.flatMap((part) => part.veins),
    stalk: { points: arc([0, 0.28], [random.between(-0.1, 0.1), -0.35], random.between(-0.15, 0.15)), width: 0.018 },
  };
}
