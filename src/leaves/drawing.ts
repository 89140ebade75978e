import type { Random } from "../random.ts";
import { type LeafShape, mapShape, move, type Point, type Vein } from "./geometry.ts";
import type { Species, Tint } from "./species.ts";

/** The leaf of one picture as SVG on a clear ground, and where the light comes from. */
export interface LeafDrawing {
  readonly svg: string;
  /** Unit vector from the leaf towards the light, in picture coordinates (y down). */
  readonly light: Point;
}

/** Draws one leaf of the species in a pose of its own on a `size`×`size` ground. */
export function drawLeaf(random: Random, plant: Species, size: number): LeafDrawing {
  const leaf = pose(random, plant.shape(random), size);
  const lightAngle = random.between(0, 2 * Math.PI);
  const light: Point = [Math.cos(lightAngle), Math.sin(lightAngle)];

  const age = plant.autumn && random.chance(0.3) ? random.between(0.25, 1) : 0;
  const tint = mix(stray(random, plant.summer), stray(random, plant.autumn ?? plant.summer), age);
  const lit = hsl(tint, random.between(3, 9) * (1 + plant.gloss));
  const shaded = hsl(tint, -random.between(3, 9));
  const veinColour = hsl(
    { ...tint, saturation: tint.saturation * 0.75 },
    plant.veinContrast * random.between(0.6, 1.2),
  );
  const stalkColour = hsl({ ...tint, hue: tint.hue - 12 }, 5);
  const outline = leaf.blades.map((blade) => path(blade, true)).join("");

  const [cx, cy] = [50 + light[0] * 45, 50 + light[1] * 45];
  return {
    light,
    svg: [
      `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}" viewBox="0 0 ${size} ${size}">`,
      `<defs><radialGradient id="f" cx="${fixed(cx)}%" cy="${fixed(cy)}%" r="95%">`,
      `<stop offset="0" stop-color="${lit}"/><stop offset="1" stop-color="${shaded}"/></radialGradient>`,
      `<clipPath id="c"><path d="${outline}"/></clipPath></defs>`,
      strokes([leaf.stalk], stalkColour, 1),
      `<path d="${outline}" fill="url(#f)" stroke="${hsl(tint, -7)}" stroke-width="${fixed(size * 0.003)}"/>`,
      `<g clip-path="url(#c)">${blemishes(random, size, age)}${strokes(leaf.veins, veinColour, 0.85)}</g>`,
      occluder(random, size),
      "</svg>",
    ].join(""),
  };
}

/** Bends the leaf, tips it away from the lens, turns it, and puts it near the middle at about two thirds of the picture. */
function pose(random: Random, leaf: LeafShape, size: number): LeafShape {
  const bend = random.normal() * 0.09;
  const foreshortening = random.between(0.84, 1);
  const tilt = random.normal() * 0.1;
  const angle = Math.max(-1.2, Math.min(1.2, random.normal() * 0.33));
  const posed = mapShape(leaf, ([x, y]) => {
    const along = y - 0.5;
    const bent: Point = [x * foreshortening * (1 + tilt * along) + bend * (along * along * 4 - 1) * 0.7, -along];
    return move(bent, -angle, 1, [0, 0]);
  });
  const { centre, extent } = bounds(posed.blades.flat());
  const scale = (size * random.between(0.66, 0.86)) / extent;
  const [left, top] = [size * (0.5 + random.normal() * 0.035), size * (0.5 + random.normal() * 0.035)];
  return mapShape(posed, ([x, y]) => [left + (x - centre[0]) * scale, top + (y - centre[1]) * scale], scale);
}

function bounds(points: readonly Point[]): { centre: Point; extent: number } {
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const [left, right, top, low] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  return { centre: [(left + right) / 2, (top + low) / 2], extent: Math.max(right - left, low - top) };
}

function blemishes(random: Random, size: number, age: number): string {
  const spots: string[] = [];
  const count = random.chance(0.35 + age * 0.5) ? random.integer(2, 14) : 0;
  for (let spot = 0; spot < count; spot++) {
    const x = size * random.between(0.2, 0.8);
    const y = size * random.between(0.2, 0.8);
    const radius = size * random.between(0.003, 0.016);
    const opacity = fixed(random.between(0.25, 0.8));
    const colour = `hsl(${random.integer(22, 46)},${random.integer(30, 60)}%,${random.integer(18, 36)}%)`;
    spots.push(
      `<ellipse cx="${fixed(x)}" cy="${fixed(y)}" rx="${fixed(radius)}" ry="${fixed(radius * random.between(0.6, 1.3))}" ` +
        `fill="${colour}" fill-opacity="${opacity}"/>`,
    );
  }
  return spots.join("");
}

/** In some pictures a blade of grass or a twig lies across the leaf. */
function occluder(random: Random, size: number): string {
  if (!random.chance(0.2)) return "";
  const angle = random.between(0, Math.PI);
  const reach = size * 0.75;
  const centre: Point = [size * random.between(0.3, 0.7), size * random.between(0.3, 0.7)];
  const end = (side: number): Point => [
    centre[0] + side * reach * Math.cos(angle),
    centre[1] + side * reach * Math.sin(angle),
  ];
  const [from, to] = [end(-1), end(1)];
  const bow: Point = [centre[0] + random.between(-0.15, 0.15) * size, centre[1] + random.between(-0.15, 0.15) * size];
  const grass = random.chance(0.6);
  const colour = grass
    ? `hsl(${random.integer(75, 105)},45%,${random.integer(30, 50)}%)`
    : `hsl(28,30%,${random.integer(20, 36)}%)`;
  const width = size * (grass ? random.between(0.012, 0.03) : random.between(0.01, 0.02));
  return (
    `<path d="M${pair(from)}Q${pair(bow)} ${pair(to)}" fill="none" stroke="${colour}" ` +
    `stroke-width="${fixed(width)}" stroke-linecap="round"/>`
  );
}

function strokes(veins: readonly Vein[], colour: string, opacity: number): string {
  const lines = veins.map(
    ({ points, width }) => `<path d="${path(points, false)}" stroke-width="${fixed(Math.max(0.6, width))}"/>`,
  );
  return `<g fill="none" stroke="${colour}" stroke-opacity="${opacity}" stroke-linecap="round">${lines.join("")}</g>`;
}

const fixed = (value: number): string => value.toFixed(2);
const pair = ([x, y]: Point): string => `${fixed(x)} ${fixed(y)}`;

function path(points: readonly Point[], closed: boolean): string {
  return `M${points.map(pair).join("L")}${closed ? "Z" : ""}`;
}

function stray(random: Random, tint: Tint): Tint {
  return {
    ...tint,
    hue: tint.hue + random.normal() * 7 * tint.spread,
    saturation: tint.saturation + random.normal() * 7 * tint.spread,
    lightness: tint.lightness + random.normal() * 4.5 * tint.spread,
  };
}

function mix(from: Tint, to: Tint, share: number): Tint {
  const blend = (a: number, b: number): number => a + (b - a) * share;
  return {
    hue: blend(from.hue, to.hue),
    saturation: blend(from.saturation, to.saturation),
    lightness: blend(from.lightness, to.lightness),
    spread: from.spread,
  };
}

function hsl({ hue, saturation, lightness }: Tint, lighter: number): string {
  const percent = (value: number): string => `${fixed(Math.min(96, Math.max(3, value)))}%`;
  return `hsl(${fixed((hue + 360) % 360)},${percent(saturation)},${percent(lightness + lighter)})`;
}
