import type { Pipeline } from "../model.ts";

/** The first line of every generated file: says where it comes from, and marks it as ours to overwrite. */
export function marker(pipeline: Pipeline): string {
  return `Generated from ${pipeline.source}; do not edit. Change that file, then run \`npm run render\`.`;
}

/** How long artifacts are kept, in days. They are for people who look at a run, and for later jobs of it. */
export const KEEP_DAYS = 7;
