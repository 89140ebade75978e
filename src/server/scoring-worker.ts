import { parentPort, workerData } from "node:worker_threads";
import sharp from "sharp";
import { OutputError, openClassifier } from "../classifier.ts";
import { ImageError, type ImageTensor, preprocessImage } from "../preprocessing.ts";
import type { ErrorCode } from "./errors.ts";

/** A picture as it was sent, or a tensor that is ready for the model. */
export type ScoringInput = { readonly bytes: Uint8Array } | { readonly tensor: ImageTensor };

/** Probabilities in the order of the labels, or why there are none. */
export type ScoringResult =
  | { readonly probabilities: readonly number[] }
  | { readonly code: ErrorCode; readonly message: string };

// The pool runs one job on each worker; a second thread for one picture would only take another worker's core.
sharp.concurrency(1);
const { classify } = await openClassifier(workerData);

async function score(input: ScoringInput): Promise<ScoringResult> {
  try {
    return { probabilities: await classify("tensor" in input ? input.tensor : await preprocessImage(input.bytes)) };
  } catch (error) {
    if (error instanceof ImageError) return { code: error.code, message: error.message };
    if (error instanceof OutputError) return { code: "bad_model_output", message: error.message };
    throw error;
  }
}

parentPort?.on("message", async (input: ScoringInput) => parentPort?.postMessage(await score(input)));
parentPort?.postMessage("loaded");
