/** Eigenvalues, and eigenvectors as the columns of a matrix by rows. */
export interface Eigen {
  readonly values: Float64Array;
  readonly vectors: Float64Array;
}

/** Eigen-decomposition of a symmetric matrix by cyclic Jacobi rotations (Golub & Van Loan, section 8.5). */
export function symmetricEigen(matrix: Float64Array, size: number): Eigen {
  const a = Float64Array.from(matrix);
  const vectors = new Float64Array(size * size);
  for (let index = 0; index < size; index++) vectors[index * size + index] = 1;

  for (let sweep = 0; sweep < 30 && offDiagonal(a, size) > 1e-12 * diagonal(a, size); sweep++) {
    for (let p = 0; p < size - 1; p++) {
      for (let q = p + 1; q < size; q++) rotate(a, vectors, size, p, q);
    }
  }
  return { values: Float64Array.from({ length: size }, (_, index) => a[index * size + index] ?? 0), vectors };
}

/** Turns the plane of axes p and q so that a[p,q] becomes 0. */
function rotate(a: Float64Array, vectors: Float64Array, size: number, p: number, q: number): void {
  const apq = a[p * size + q] ?? 0;
  if (apq === 0) return;
  const tau = ((a[q * size + q] ?? 0) - (a[p * size + p] ?? 0)) / (2 * apq);
  const t = (tau >= 0 ? 1 : -1) / (Math.abs(tau) + Math.sqrt(1 + tau * tau));
  const cos = 1 / Math.sqrt(1 + t * t);
  const sin = t * cos;
  turn(a, size, p, q, size, cos, sin);
  turn(a, size, p * size, q * size, 1, cos, sin);
  turn(vectors, size, p, q, size, cos, sin);
}

/** Mixes two lines of a matrix, rows or columns, told by where they start and the step along them. */
function turn(
  matrix: Float64Array,
  size: number,
  startP: number,
  startQ: number,
  step: number,
  cos: number,
  sin: number,
): void {
  for (let k = 0; k < size; k++) {
    const p = matrix[startP + k * step] ?? 0;
    const q = matrix[startQ + k * step] ?? 0;
    matrix[startP + k * step] = cos * p - sin * q;
    matrix[startQ + k * step] = sin * p + cos * q;
  }
}

function offDiagonal(a: Float64Array, size: number): number {
  let sum = 0;
  for (let row = 0; row < size; row++) {
    for (let column = row + 1; column < size; column++) sum += (a[row * size + column] ?? 0) ** 2;
  }
  return Math.sqrt(sum);
}

function diagonal(a: Float64Array, size: number): number {
  let sum = 0;
  for (let index = 0; index < size; index++) sum += (a[index * size + index] ?? 0) ** 2;
  return Math.sqrt(sum);
}
