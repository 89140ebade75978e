import { type Constant, encodeModel, type Node } from "../onnx/model.ts";
import { imageSize } from "../preprocessing.ts";
import { contrastFloor, type Filters } from "./filters.ts";
import type { Parameters, Scale } from "./parameters.ts";

/** The part of the network that turns pictures into features: `image` in, `features` [N,featureCount] out. */
export interface Extractor {
  readonly nodes: readonly Node[];
  readonly constants: readonly Constant[];
  readonly featureCount: number;
}

/** A linear classifier of features: `weights` is featureCount×classes, by rows. */
export interface Classifier {
  readonly weights: Float32Array;
  readonly bias: Float32Array;
}

const image = { name: "image", dims: ["N", 3, imageSize, imageSize] };

export function buildExtractor(filters: readonly Filters[], parameters: Parameters): Extractor {
  const branches = parameters.scales.map((scale, index) => {
    const learnt = filters[index];
    if (!learnt) throw new RangeError(`scale ${index} has no filters`);
    return scaleBranch(`scale${scale.shrink}`, scale, learnt, parameters);
  });
  const outputs = branches.map(({ output }) => output);
  return {
    nodes: [
      ...branches.flatMap(({ nodes }) => nodes),
      { op: "Concat", inputs: outputs, outputs: ["features"], attributes: { axis: 1 } },
    ],
    constants: branches.flatMap(({ constants }) => constants),
    featureCount: parameters.scales.reduce((sum, { filters: count }) => sum + 2 * count * parameters.grid ** 2, 0),
  };
}

function scaleBranch(name: string, scale: Scale, filters: Filters, parameters: Parameters) {
  const { shrink, patch } = scale;
  const columns = 3 * patch * patch;
  const { threshold, grid } = parameters;
  const constants: Constant[] = [
    { name: `${name}.weights`, dims: [scale.filters, 3, patch, patch], data: filters.weights },
    { name: `${name}.upper`, dims: [1, scale.filters, 1, 1], data: filters.bias.map((bias) => bias - threshold) },
    { name: `${name}.lower`, dims: [1, scale.filters, 1, 1], data: filters.bias.map((bias) => -bias - threshold) },
    { name: `${name}.mean`, dims: [1, 3, patch, patch], data: new Float32Array(columns).fill(1 / columns) },
    { name: `${name}.floor`, dims: [1], data: Float32Array.of(contrastFloor) },
  ];
  const nodes: Node[] = [];
  const add = (op: string, inputs: readonly string[], output: string, attributes: Node["attributes"] = {}): string => {
    nodes.push({ op, inputs, outputs: [`${name}.${output}`], attributes });
    return `${name}.${output}`;
  };

  const shrunk = add("AveragePool", ["image"], "shrunk", { kernel_shape: [shrink, shrink], strides: [shrink, shrink] });

  // A patch's deviation from its own mean is the one step that is not linear; everything else sits in the weights.
  const mean = add("Conv", [shrunk, `${name}.mean`], "patchMean");
  const square = add("Conv", [add("Mul", [shrunk, shrunk], "squares"), `${name}.mean`], "patchSquare");
  const variance = add(
    "Relu",
    [add("Sub", [square, add("Mul", [mean, mean], "meanSquare")], "difference")],
    "variance",
  );
  const deviation = add("Sqrt", [add("Add", [variance, `${name}.floor`], "raised")], "deviation");
  const contrast = add("Div", [add("Conv", [shrunk, `${name}.weights`], "filtered"), deviation], "contrast");

  // Both signs of a filter are features of their own (Coates & Ng 2011, "The importance of encoding", section 3): how far
  // contrast + bias is above the threshold, and how far below its negative.
  const above = add("Relu", [add("Add", [contrast, `${name}.upper`], "overUpper")], "above");
  const below = add("Relu", [add("Sub", [`${name}.lower`, contrast], "underLower")], "below");

  const size = imageSize / shrink - patch + 1;
  const region = Math.floor(size / grid);
  const spare = size - region * grid;
  // Regions overlap by what does not divide evenly, so that every response counts.
  const pool = { kernel_shape: [region + spare, region + spare], strides: [region, region] };
  const pooled = [above, below].map((half, index) => add("AveragePool", [half], `pooled${index}`, pool));
  const joined = add("Concat", pooled, "pooled", { axis: 1 });
  const output = add("Sqrt", [add("Flatten", [joined], "flat")], "features");
  return { nodes, constants, output };
}

/** The extractor alone, as a model. */
export function encodeExtractor({ nodes, constants, featureCount }: Extractor): Uint8Array {
  return encodeModel({
    name: "features",
    inputs: [image],
    outputs: [{ name: "features", dims: ["N", featureCount] }],
    constants,
    nodes,
  });
}

/** The whole network: `image` in, `probabilities` out. */
export function encodeNetwork(extractor: Extractor, classifier: Classifier): Uint8Array {
  const classes = classifier.bias.length;
  return encodeModel({
    name: "classifier",
    inputs: [image],
    outputs: [{ name: "probabilities", dims: ["N", classes] }],
    constants: [
      ...extractor.constants,
      { name: "weights", dims: [extractor.featureCount, classes], data: classifier.weights },
      { name: "bias", dims: [classes], data: classifier.bias },
    ],
    nodes: [
      ...extractor.nodes,
      { op: "Gemm", inputs: ["features", "weights", "bias"], outputs: ["scores"] },
      { op: "Softmax", inputs: ["scores"], outputs: ["probabilities"], attributes: { axis: 1 } },
    ],
  });
}
