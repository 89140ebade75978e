/** x to the right, y from the leaf's base (0) towards its tip (1). */
export type Point = readonly [x: number, y: number];

export interface Vein {
  readonly points: readonly Point[];
  /** Width as a share of the leaf's length. */
  readonly width: number;
}

/** One leaf: the outlines of its blades, its veins, and the stalk they hang on. */
export interface LeafShape {
  readonly blades: readonly (readonly Point[])[];
  readonly veins: readonly Vein[];
  readonly stalk: Vein;
}

export function move([x, y]: Point, angle: number, scale: number, [dx, dy]: Point): Point {
  const cos = Math.cos(angle) * scale;
  const sin = Math.sin(angle) * scale;
  return [x * cos + y * sin + dx, y * cos - x * sin + dy];
}

export function moveShape(shape: LeafShape, angle: number, scale: number, offset: Point): LeafShape {
  return mapShape(shape, (point) => move(point, angle, scale, offset), scale);
}

/** Every point of the shape through `map`; widths times `widthScale`. */
export function mapShape(shape: LeafShape, map: (point: Point) => Point, widthScale = 1): LeafShape {
  const vein = ({ points, width }: Vein): Vein => ({ points: points.map(map), width: width * widthScale });
  return {
    blades: shape.blades.map((blade) => blade.map(map)),
    veins: shape.veins.map(vein),
    stalk: vein(shape.stalk),
  };
}

/** A closed Catmull–Rom curve through the points, `steps` segments between each pair. */
export function smoothClosed(points: readonly Point[], steps: number): Point[] {
  const at = (index: number): Point => points[(index + points.length) % points.length] ?? [0, 0];
  const curve: Point[] = [];
  for (let index = 0; index < points.length; index++) {
    const [before, from, to, after] = [at(index - 1), at(index), at(index + 1), at(index + 2)];
    for (let step = 0; step < steps; step++) {
      const t = step / steps;
      const along = (axis: 0 | 1): number =>
        from[axis] +
        0.5 *
          t *
          (to[axis] -
            before[axis] +
            t *
              (2 * before[axis] -
                5 * from[axis] +
                4 * to[axis] -
                after[axis] +
                t * (3 * (from[axis] - to[axis]) + after[axis] - before[axis])));
      curve.push([along(0), along(1)]);
    }
  }
  return curve;
}

/** A quadratic curve from `from` to `to`, bowed sideways by `bow` times its length. */
export function arc(from: Point, to: Point, bow: number, steps = 8): Point[] {
  const dx = to[0] - from[0];
  const dy = to[1] - from[1];
  const points: Point[] = [];
  for (let step = 0; step <= steps; step++) {
    const t = step / steps;
    const lift = 4 * t * (1 - t) * bow;
    points.push([from[0] + dx * t - dy * lift, from[1] + dy * t + dx * lift]);
  }
  return points;
}
