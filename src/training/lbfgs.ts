/** A function to make small: its value at a point, and its gradient there. */
export type Objective = (point: Float64Array) => Promise<{ value: number; gradient: Float64Array }>;

export interface Minimum {
  readonly point: Float64Array;
  readonly value: number;
  readonly steps: number;
}

interface Pair {
  readonly move: Float64Array;
  readonly change: Float64Array;
  readonly curvature: number;
}

const memory = 8;

/**
 * Limited-memory BFGS with backtracking (Nocedal & Wright, algorithms 7.4 and 3.1), from `start`, until a step gains less
 * than one part in 10⁵ or `maxSteps` are made. For smooth convex functions.
 */
export async function minimize(
  objective: Objective,
  start: Float64Array,
  maxSteps: number,
  onStep: (step: number, value: number) => void = () => {},
): Promise<Minimum> {
  let point = start;
  let { value, gradient } = await objective(point);
  const pairs: Pair[] = [];
  let step = 0;
  while (step < maxSteps) {
    const direction = descent(gradient, pairs);
    const slope = dot(direction, gradient);
    if (slope >= 0) break;
    const next = await search(objective, point, value, direction, slope, pairs.length === 0 ? 1 / norm(gradient) : 1);
    if (!next) break;
    step++;
    const move = subtract(next.point, point);
    const change = subtract(next.gradient, gradient);
    const curvature = dot(move, change);
    if (curvature > 1e-12) pairs.push({ move, change, curvature });
    if (pairs.length > memory) pairs.shift();
    const gain = value - next.value;
    ({ point, value, gradient } = next);
    onStep(step, value);
    if (gain < 1e-5 * Math.abs(value)) break;
  }
  return { point, value, steps: step };
}

/** The two-loop recursion: minus the inverse Hessian, as the last steps show it, times the gradient. */
function descent(gradient: Float64Array, pairs: readonly Pair[]): Float64Array {
  const direction = gradient.map((value) => -value);
  const shares: number[] = [];
  for (const { move, change, curvature } of pairs.toReversed()) {
    const share = dot(move, direction) / curvature;
    shares.push(share);
    addScaled(direction, change, -share);
  }
  const last = pairs.at(-1);
  if (last) {
    const scale = last.curvature / dot(last.change, last.change);
    for (let index = 0; index < direction.length; index++) direction[index] = (direction[index] ?? 0) * scale;
  }
  for (const { move, change, curvature } of pairs) {
    addScaled(direction, move, (shares.pop() ?? 0) - dot(change, direction) / curvature);
  }
  return direction;
}

/** Halves the step until the value falls by a little of what the slope promises; undefined if it never does. */
async function search(
  objective: Objective,
  point: Float64Array,
  value: number,
  direction: Float64Array,
  slope: number,
  first: number,
) {
  for (let length = first; length > first * 1e-6; length /= 2) {
    const candidate = Float64Array.from(point);
    addScaled(candidate, direction, length);
    const found = await objective(candidate);
    if (found.value <= value + 1e-4 * length * slope) return { point: candidate, ...found };
  }
  return undefined;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let index = 0; index < a.length; index++) sum += (a[index] ?? 0) * (b[index] ?? 0);
  return sum;
}

const norm = (a: Float64Array): number => Math.sqrt(dot(a, a));

function subtract(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, index) => value - (b[index] ?? 0));
}

function addScaled(into: Float64Array, what: Float64Array, scale: number): void {
  for (let index = 0; index < into.length; index++) into[index] = (into[index] ?? 0) + scale * (what[index] ?? 0);
}
