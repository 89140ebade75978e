/** One size at which a picture is looked at. */
export interface Scale {
  /** How many pixels of the picture, along each side, become one. */
  readonly shrink: number;
  /** Width and height of a patch, in shrunk pixels. */
  readonly patch: number;
  /** How many filters are learnt from patches of this scale. */
  readonly filters: number;
}

export interface Parameters {
  readonly seed: number;
  readonly scales: readonly Scale[];
  /** Patches each scale's filters are learnt from. */
  readonly patches: number;
  /** Rounds of k-means. */
  readonly rounds: number;
  /** Response below which a filter stays silent. */
  readonly threshold: number;
  /** A picture's responses are averaged over `grid`×`grid` regions. */
  readonly grid: number;
  /** Each picture is learnt from at most this many views: itself, and others turned, mirrored and shifted a little. */
  readonly views: number;
  /** Weight of the squared coefficients against the mean loss of a picture. */
  readonly penalty: number;
  /** At most this many steps of the optimiser. */
  readonly steps: number;
}

export const defaultParameters: Parameters = {
  seed: 1,
  scales: [
    { shrink: 4, patch: 8, filters: 160 },
    { shrink: 8, patch: 8, filters: 160 },
  ],
  patches: 30_000,
  rounds: 10,
  threshold: 0.5,
  grid: 4,
  views: 5,
  penalty: 0.03,
  steps: 60,
};

/** Beyond this many rows of features (about 80 kB of memory each) more views of a picture are not worth their cost. */
const mostRows = 4000;

/** How many views of each picture a data set of this size is learnt from: at least the picture itself. */
export function affordableViews(views: number, pictures: number): number {
  return Math.max(1, Math.min(views, Math.floor(mostRows / pictures)));
}
