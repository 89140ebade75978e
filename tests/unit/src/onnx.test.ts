import assert from "node:assert/strict";
import { test } from "node:test";
import { Tensor } from "onnxruntime-node";
import { encodeModel, type Graph } from "../../../src/onnx/model.ts";
import { bytesField, floatField, varintField } from "../../../src/onnx/protobuf.ts";
import { floats, openSession } from "../../../src/onnx/session.ts";

const graph: Graph = {
  name: "line",
  inputs: [{ name: "x", dims: ["N", 2] }],
  outputs: [
    { name: "y", dims: ["N", 3] },
    { name: "best", dims: ["N"], type: "int64" },
  ],
  constants: [
    { name: "w", dims: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
    { name: "b", dims: [3], data: Float32Array.of(0.5, 0, -0.5) },
  ],
  nodes: [
    { op: "Gemm", inputs: ["x", "w", "b"], outputs: ["y"], attributes: { alpha: { float: 2 } } },
    { op: "ArgMax", inputs: ["y"], outputs: ["best"], attributes: { axis: -1, keepdims: 0 } },
  ],
};

test("protobuf fields are the bytes of the encoding guide", () => {
  assert.deepEqual([...varintField(1, 150)], [0x08, 0x96, 0x01]);
  assert.deepEqual([...varintField(3, -1)], [0x18, ...Array(9).fill(0xff), 0x01]);
  assert.deepEqual([...bytesField(2, "testing")], [0x12, 0x07, ...Buffer.from("testing")]);
  assert.deepEqual([...bytesField(3, [varintField(1, 150)])], [0x1a, 0x03, 0x08, 0x96, 0x01]);
  assert.deepEqual([...floatField(2, 1)], [0x15, 0, 0, 0x80, 0x3f]);
  assert.deepEqual([...varintField(20, 1)], [0xa0, 0x01, 0x01]);
});

test("onnxruntime loads a written model and finds names, shapes and types", async () => {
  const session = await openSession(encodeModel(graph));
  const seen = [...session.inputMetadata, ...session.outputMetadata].map(
    (value) => value.isTensor && [value.name, value.type, value.shape],
  );
  assert.deepEqual(seen, [
    ["x", "float32", ["N", 2]],
    ["y", "float32", ["N", 3]],
    ["best", "int64", ["N"]],
  ]);
  await session.release();
});

test("a written model computes what its graph says, for any number of rows", async () => {
  const session = await openSession(encodeModel(graph));
  const { y, best } = await session.run({ x: new Tensor("float32", Float32Array.of(1, 0, 0, -1), [2, 2]) });
  assert.deepEqual([...floats(y)], [2.5, 4, 5.5, -7.5, -10, -12.5]);
  assert.deepEqual([...((best?.data as BigInt64Array | undefined) ?? [])], [2n, 0n]);
  await session.release();
});

test("the same graph gives the same bytes", () => {
  assert.deepEqual(encodeModel(graph), encodeModel(structuredClone(graph)));
});

test("a constant that does not fit its shape is refused", () => {
  const constants = [{ name: "w", dims: [2, 3], data: new Float32Array(5) }];
  assert.throws(() => encodeModel({ ...graph, constants }), /constant `w` has 5 numbers; its shape \[2,3\] needs 6/);
});
