import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import sharp from "sharp";
import { argmax, openClassifier, readModelFiles } from "./classifier.ts";
import { InputError, runCommand } from "./command-line.ts";
import { listDataset } from "./dataset.ts";
import { ImageError, preprocessImage } from "./preprocessing.ts";
import { startProgress } from "./training/progress.ts";

/** What the model said of one test picture: a line of the output. */
export interface Evaluation {
  readonly path: string;
  readonly label: string;
  readonly prediction: string;
  /** One a label, in the order of `labels.json`. */
  readonly probabilities: readonly number[];
  /** Decoding, preprocessing and inference, one picture at a time on one thread, in milliseconds. */
  readonly latency_ms: number;
}

/** Asks the model about every test picture, in the order of their names. Throws `InputError` for a picture or class it cannot judge. */
export async function evaluate(modelPath: string, testData: string): Promise<Evaluation[]> {
  const { labels, classify } = await openClassifier(await readModelFiles(modelPath));
  const dataset = await listDataset(testData);
  const unknown = dataset.classes.filter((name) => !labels.includes(name));
  if (unknown.length > 0) {
    throw new InputError(
      `the model knows no ${unknown.join(", ")}; it knows ${labels.join(", ")}. Test it on these classes`,
    );
  }
  const ask = async (bytes: Uint8Array): Promise<readonly number[]> => classify(await preprocessImage(bytes));

  const evaluations: Evaluation[] = [];
  const progress = startProgress("evaluate", dataset.pictures.length);
  for (const { path, label } of dataset.pictures) {
    const bytes = await readFile(join(dataset.folder, path));
    try {
      // The first picture also pays for what a process does once; it is asked twice and the second answer counts.
      if (evaluations.length === 0) await ask(bytes);
      const started = performance.now();
      const probabilities = await ask(bytes);
      const latency = performance.now() - started;
      const prediction = labels[argmax(probabilities)] ?? "";
      evaluations.push({ path, label, prediction, probabilities, latency_ms: Math.round(latency * 1000) / 1000 });
    } catch (error) {
      if (error instanceof ImageError)
        throw new InputError(`test picture \`${path}\`: ${error.message}; mend or remove it`);
      throw error;
    }
    progress(evaluations.length);
  }
  return evaluations;
}

if (import.meta.main) {
  await runCommand(
    {
      name: "evaluate",
      about: "Asks a model about a folder of test pictures and writes one JSON line a picture.",
      example: "node src/evaluate.ts --model-path model --test-data data/test --output-path evaluation.jsonl",
      flags: {
        "model-path": { value: "DIR", about: "folder with model.onnx and labels.json" },
        "test-data": { value: "DIR", about: "pictures the model has not seen: DIR/<class>/<file>.jpg" },
        "output-path": { value: "FILE", about: "where the JSON lines go" },
      },
    },
    async (flags) => {
      sharp.concurrency(1);
      const evaluations = await evaluate(flags["model-path"], flags["test-data"]);
      await mkdir(dirname(flags["output-path"]), { recursive: true });
      await writeFile(flags["output-path"], evaluations.map((line) => `${JSON.stringify(line)}\n`).join(""));
      const right = evaluations.filter(({ label, prediction }) => label === prediction).length;
      console.log(`evaluate: ${right} of ${evaluations.length} right (${(right / evaluations.length).toFixed(4)})`);
    },
  );
}
