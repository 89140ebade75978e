import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { generate } from "../../../src/generate.ts";
import { train } from "../../../src/train.ts";
import { defaultParameters, type Parameters } from "../../../src/training/parameters.ts";

/** Small enough to train in a second; what it learns is little. */
export const tinyParameters: Parameters = {
  ...defaultParameters,
  scales: [{ shrink: 8, patch: 6, filters: 12 }],
  patches: 600,
  rounds: 2,
  grid: 2,
  views: 2,
  steps: 10,
};

/** A folder that is removed when the test file is done. */
export async function scratchFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "model-"));
  after(() => rm(folder, { recursive: true }));
  return folder;
}

/** A model of ten plants, trained on two pictures of each: `model` and `data` are its folders. */
export async function trainTinyModel(): Promise<{ model: string; data: string }> {
  const folder = await scratchFolder();
  const [model, data] = [join(folder, "model"), join(folder, "data")];
  await generate(data, 2, 5);
  await train({ dataPath: data, outputPath: model, experimentName: "tiny", parameters: tinyParameters });
  return { model, data };
}
