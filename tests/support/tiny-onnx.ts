import { encodeModel, type Graph } from "../../src/onnx/model.ts";

/** The least that satisfies the contract of a model: mean colour in, probabilities of two classes out. */
export function tinyGraph(seed: number): Graph {
  return {
    name: "tiny",
    inputs: [{ name: "image", dims: ["N", 3, 224, 224] }],
    outputs: [{ name: "probabilities", dims: ["N", 2] }],
    constants: [
      { name: "weights", dims: [3, 2], data: new Float32Array([seed, 0, 0, 1, 0, 1]) },
      { name: "bias", dims: [2], data: new Float32Array([0, 0]) },
    ],
    nodes: [
      { op: "GlobalAveragePool", inputs: ["image"], outputs: ["mean"] },
      { op: "Flatten", inputs: ["mean"], outputs: ["flat"] },
      { op: "Gemm", inputs: ["flat", "weights", "bias"], outputs: ["scores"] },
      { op: "Softmax", inputs: ["scores"], outputs: ["probabilities"], attributes: { axis: 1 } },
    ],
  };
}

/** {@link tinyGraph} as a file; a model of its own for each `seed`. */
export function tinyModel(seed: number): Uint8Array {
  return encodeModel(tinyGraph(seed));
}
