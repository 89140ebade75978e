import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runCommand, wholeNumber } from "./command-line.ts";
import { photograph } from "./leaves/photograph.ts";
import { type Species, species } from "./leaves/species.ts";

// Two pictures in the making keep a second core busy: one is rasterised or encoded in sharp's threads while the other is
// composed here.
const inTheMaking = 2;

/** The file of a picture, below the data set's folder. Seed and index are in the name, so sets of two seeds can be joined. */
function pictureFile(plant: Species, seed: number, index: number): string {
  return join(plant.name, `${plant.name}-${seed}-${String(index).padStart(5, "0")}.jpg`);
}

/** Writes `perClass` photographs of each plant below `folder`. Returns how many were written. */
export async function generate(folder: string, perClass: number, seed: number): Promise<number> {
  for (const plant of species) await mkdir(join(folder, plant.name), { recursive: true });
  // Index first, plant second: an interrupted run leaves balanced classes.
  const total = perClass * species.length;
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < total) {
      const place = next++;
      const plant = species[place % species.length];
      if (!plant) return;
      const index = Math.floor(place / species.length) + 1;
      await writeFile(join(folder, pictureFile(plant, seed, index)), await photograph(plant, seed, index));
    }
  };
  await Promise.all(Array.from({ length: inTheMaking }, worker));
  return total;
}

if (import.meta.main) {
  await runCommand(
    {
      name: "generate",
      about: "Generates photographs of leaves of ten plants, one sub-folder a plant.",
      example: "node src/generate.ts --output-path data/raw --per-class 60 --seed 7",
      flags: {
        "output-path": { value: "DIR", about: "folder to write to; made if it is not there" },
        "per-class": { value: "N", about: "pictures of each plant" },
        seed: { value: "N", about: "another seed gives other pictures of the same plants", default: "1" },
      },
    },
    async (flags) => {
      const started = performance.now();
      const perClass = wholeNumber("per-class", flags["per-class"], 1, 99_999);
      const seed = wholeNumber("seed", flags.seed, 0, 2 ** 31 - 1);
      const written = await generate(flags["output-path"], perClass, seed);
      const seconds = (performance.now() - started) / 1000;
      console.log(`generate: ${written} pictures of ${species.length} plants in ${seconds.toFixed(1)} s`);
    },
  );
}
