import { bytesField, type Field, floatField, varintField } from "./protobuf.ts";

/** A value that flows along the graph: float32, a name for a size left open, such as "N". */
export interface Value {
  readonly name: string;
  readonly dims: readonly (number | string)[];
  readonly type?: "float" | "int64";
}

/** A constant of the graph, float32 by rows. */
export interface Constant {
  readonly name: string;
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** A whole-number attribute, or a list of them; a real one is written `{ float: 0.5 }`. */
export type Attribute = number | readonly number[] | { readonly float: number };

export interface Node {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
}

export interface Graph {
  readonly name: string;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly constants: readonly Constant[];
  /** In an order in which every node comes after those it reads from. */
  readonly nodes: readonly Node[];
}

// Operator set 17 and file version 8 (ONNX 1.12) are read by every runtime of the last years and hold all that is used.
const operatorSet = 17;
const fileVersion = 8;
const elementTypes = { float: 1, int64: 7 } as const;
const attributeTypes = { float: 1, int: 2, ints: 7 } as const;

/** The graph as the bytes of an `.onnx` file (onnx.proto, `ModelProto`). The same graph gives the same bytes. */
export function encodeModel(graph: Graph): Uint8Array {
  return Buffer.concat([
    varintField(1, fileVersion),
    bytesField(2, "ml-delivery"),
    bytesField(7, [
      ...graph.nodes.map((node) => bytesField(1, encodeNode(node))),
      bytesField(2, graph.name),
      ...graph.constants.map((constant) => bytesField(5, encodeConstant(constant))),
      ...graph.inputs.map((value) => bytesField(11, encodeValue(value))),
      ...graph.outputs.map((value) => bytesField(12, encodeValue(value))),
    ]),
    bytesField(8, [bytesField(1, ""), varintField(2, operatorSet)]),
  ]);
}

function encodeNode({ op, inputs, outputs, attributes = {} }: Node): Field[] {
  return [
    ...inputs.map((name) => bytesField(1, name)),
    ...outputs.map((name) => bytesField(2, name)),
    bytesField(4, op),
    ...Object.entries(attributes).map(([name, value]) =>
      bytesField(5, [bytesField(1, name), ...encodeAttribute(value)]),
    ),
  ];
}

function encodeAttribute(value: Attribute): Field[] {
  if (typeof value === "number") return [varintField(3, value), varintField(20, attributeTypes.int)];
  if ("float" in value) return [floatField(2, value.float), varintField(20, attributeTypes.float)];
  return [...value.map((item) => varintField(8, item)), varintField(20, attributeTypes.ints)];
}

function encodeConstant({ name, dims, data }: Constant): Field[] {
  const size = dims.reduce((product, dim) => product * dim, 1);
  if (size !== data.length) {
    throw new RangeError(`constant \`${name}\` has ${data.length} numbers; its shape [${dims}] needs ${size}`);
  }
  // A copy through DataView order would only matter on a big-endian machine, which Node's float arrays would betray.
  const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return [
    ...dims.map((dim) => varintField(1, dim)),
    varintField(2, elementTypes.float),
    bytesField(8, name),
    bytesField(9, raw),
  ];
}

function encodeValue({ name, dims, type = "float" }: Value): Field[] {
  const shape = dims.map((dim) => bytesField(1, [typeof dim === "number" ? varintField(1, dim) : bytesField(2, dim)]));
  return [
    bytesField(1, name),
    bytesField(2, [bytesField(1, [varintField(1, elementTypes[type]), bytesField(2, shape)])]),
  ];
}
