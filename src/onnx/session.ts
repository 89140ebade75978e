import { InferenceSession, type OnnxValue } from "onnxruntime-node";

/**
 * Opens a model on one thread. One thread keeps the order of every sum, and so its last bit, the same from run to run;
 * callers that want more cores open more sessions in worker threads.
 */
export function openSession(model: Uint8Array): Promise<InferenceSession> {
  return InferenceSession.create(model, {
    executionProviders: ["cpu"],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: "sequential",
    logSeverityLevel: 3,
  });
}

/** The numbers of a float32 output. Throws `TypeError` for anything else. */
export function floats(value: OnnxValue | undefined): Float32Array<ArrayBuffer> {
  if (value?.type !== "float32") throw new TypeError(`the model gave ${value?.type ?? "nothing"}, not float32 numbers`);
  return value.data as Float32Array<ArrayBuffer>;
}
