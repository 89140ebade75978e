import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import sharp from "sharp";
import { generate } from "../../../src/generate.ts";
import { photograph, photographSize } from "../../../src/leaves/photograph.ts";
import { type Species, species } from "../../../src/leaves/species.ts";

const [birch] = species as [Species, ...Species[]];

test("a picture depends on its seed, plant and index, and on nothing else", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "generate-"));
  t.after(() => rm(folder, { recursive: true }));
  assert.equal(await generate(folder, 2, 7), 20);
  const second = await readFile(join(folder, "birch", "birch-7-00002.jpg"));
  assert.deepEqual(await photograph(birch, 7, 2), second, "the second of two is the second alone");
  assert.notDeepEqual(await photograph(birch, 8, 2), second, "another seed gives another picture");
  assert.notDeepEqual(await photograph(birch, 7, 1), second, "another index gives another picture");
});

test("a data set has ten plants with as many pictures each", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "generate-"));
  t.after(() => rm(folder, { recursive: true }));
  await generate(folder, 1, 3);
  const plants = ["birch", "fern", "ginkgo", "holly", "ivy", "linden", "maple", "oak", "strawberry", "willow"];
  assert.deepEqual((await readdir(folder)).sort(), plants);
  for (const plant of plants) assert.deepEqual(await readdir(join(folder, plant)), [`${plant}-3-00001.jpg`]);
});

test("every plant is drawn whole: a JPEG of the stated size with leaf and ground on it", async () => {
  for (const plant of species) {
    const { data, info } = await sharp(await photograph(plant, 11, 1))
      .raw()
      .toBuffer({ resolveWithObject: true });
    assert.deepEqual([info.width, info.height, info.channels], [photographSize, photographSize, 3], plant.name);
    const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
    const deviation = Math.sqrt(data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / data.length);
    assert.ok(mean > 15 && mean < 245 && deviation > 10, `${plant.name}: mean ${mean}, deviation ${deviation}`);
  }
});

test("outlines are finite and stay near the leaf they belong to", async () => {
  const { randomFor } = await import("../../../src/random.ts");
  for (const plant of species) {
    for (let index = 0; index < 30; index++) {
      const { blades } = plant.shape(randomFor("shape", plant.name, index));
      const far = blades.flat().find(([x, y]) => !(Math.abs(x) < 1.5 && y > -0.9 && y < 1.3));
      assert.equal(far, undefined, `${plant.name} ${index}`);
    }
  }
});
