import assert from "node:assert/strict";
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, test } from "node:test";
import { readCandidate } from "../../../../delivery/candidate.ts";
import { inspectModel } from "../../../../delivery/gate/inspect.ts";
import { DEFAULT_LIMITS, type GateLimits } from "../../../../delivery/gate/limits.ts";
import { verdictOf } from "../../../../delivery/gate/reason.ts";
import type { Golden } from "../../../../delivery/golden.ts";
import { DEFAULT_INPUT, DEFAULT_OUTPUT } from "../../../../delivery/manifest.ts";
import { publishPackage } from "../../../../delivery/package.ts";
import { openClassifier, readModelFiles } from "../../../../src/classifier.ts";
import { encodeModel, type Graph } from "../../../../src/onnx/model.ts";
import { bytesField, varintField } from "../../../../src/onnx/protobuf.ts";
import { preprocessImage } from "../../../../src/preprocessing.ts";
import { tinyGraph, tinyModel } from "../../../support/tiny-onnx.ts";

const root = await mkdtemp(join(tmpdir(), "inspect-"));
after(() => rm(root, { recursive: true }));
const leaf = await readFile(new URL("../../../data/leaf.jpg", import.meta.url));
const SERVE = `node ${resolve(import.meta.dirname, "../../../../src/serve.ts")}`;
const LABELS = ["fern", "ivy"];

let folders = 0;
/** A model's folder with `content` as its file. */
async function folderOf(content: Uint8Array | string): Promise<string> {
  const folder = join(root, `model-${folders++}`);
  await mkdir(folder);
  await writeFile(join(folder, "model.onnx"), content);
  await writeFile(join(folder, "labels.json"), JSON.stringify(LABELS));
  return folder;
}

async function inspect(folder: string, more: Partial<Omit<GateLimits, "golden">> = {}, golden?: Golden) {
  const model = { folder, manifest: { input: DEFAULT_INPUT, output: DEFAULT_OUTPUT }, labels: LABELS, golden };
  const limits = { ...DEFAULT_LIMITS, ...(golden === undefined && { golden: "if-present" as const }), ...more };
  const { verdict, reasons } = verdictOf(await inspectModel(model, limits, SERVE));
  return { verdict, message: reasons.at(-1)?.message ?? "" };
}

async function refused(content: Uint8Array | string, message: RegExp, more: Partial<Omit<GateLimits, "golden">> = {}) {
  const found = await inspect(await folderOf(content), more);
  assert.equal(found.verdict, "fail", found.message);
  assert.match(found.message, message);
}

const model = tinyModel(1);
const variant = (change: Partial<Graph>) => encodeModel({ ...tinyGraph(1), ...change });

test("a model that keeps to the contract is taken", async () => {
  assert.deepEqual(await inspect(await folderOf(model)), {
    verdict: "pass",
    message: "the package has no golden samples, and none are asked for",
  });
});

test("a file that is cut, padded or something else altogether is not loaded (MOD-01)", async () => {
  for (const share of [0.1, 0.5, 0.999]) {
    await refused(model.subarray(0, Math.floor(model.length * share)), /no ONNX file, or is cut short|does not load/);
  }
  await refused(model.subarray(0, -1), /no ONNX file, or is cut short/);
  await refused(Buffer.concat([model, Buffer.from("garbage")]), /no ONNX file, or is cut short/);
  await refused("", /an empty file/);
  await refused("\n<!DOCTYPE html><title>404</title>", /HTML or XML/);
  await refused(Buffer.alloc(5000), /a run of zeros/);
  const folder = await folderOf(model);
  await rm(join(folder, "model.onnx"));
  assert.equal((await inspect(folder)).message, "`model.onnx` is no file", "missing");
  await mkdir(join(folder, "model.onnx"));
  assert.equal((await inspect(folder)).message, "`model.onnx` is no file", "a folder");
});

test("a package whose file was cut is named with the file and both digests before anything is loaded (MOD-01)", async () => {
  const fields = { data: { fingerprint: "d".repeat(64), count: 1 }, git: null, parameters: {}, parent: null };
  const { path } = await publishPackage(await folderOf(model), join(root, "models"), fields);
  await writeFile(join(path, "model.onnx"), model.subarray(0, -1));
  await assert.rejects(
    readCandidate(path),
    /model.onnx` has \d+ bytes, SHA-256 [0-9a-f]{12}…; the manifest says \d+ bytes, SHA-256 [0-9a-f]{12}…/,
  );
});

test("weights in other files are refused, wherever they are said to be (MOD-03)", async () => {
  const location = [bytesField(1, "location"), bytesField(2, "../../../etc/passwd")];
  const tensor = [varintField(1, 1), varintField(2, 1), bytesField(8, "w"), bytesField(13, location)];
  const inGraph = bytesField(7, [bytesField(5, [...tensor, varintField(14, 1)])]);
  await refused(Buffer.concat([model, inGraph]), /keeps weights in other files \(external data\)/);
  const inAttribute = bytesField(7, [bytesField(1, [bytesField(5, [bytesField(5, tensor)])])]);
  await refused(Buffer.concat([model, inAttribute]), /external data/);
  const inSubgraph = bytesField(7, [bytesField(1, [bytesField(5, [bytesField(6, [bytesField(5, tensor)])])])]);
  await refused(Buffer.concat([model, inSubgraph]), /external data/);
});

const image = (...dims: (number | string)[]) => ({ inputs: [{ name: "image", dims }] });
test("another input or output than the contract's is refused, each in words (MOD-04)", async () => {
  const renamed = variant({
    inputs: [{ name: "picture", dims: ["N", 3, 224, 224] }],
    nodes: [{ op: "GlobalAveragePool", inputs: ["picture"], outputs: ["mean"] }, ...tinyGraph(1).nodes.slice(1)],
  });
  await refused(renamed, /takes `picture float32 .*`, but the contract is `image float32 \[N,3,224,224\]`/);
  await refused(variant(image("N", 3, 28, 28)), /takes `image float32 \[N,3,28,28\]`/);
  await refused(
    variant(image(1, 3, 224, 224)),
    /takes `image float32 \[1,3,224,224\]`.*export it with a dynamic batch/,
  );
  await refused(variant(image("N", 224, 224, 3)), /does not load|takes `image float32 \[N,224,224,3\]`/);
  const whole = { inputs: [{ name: "image", dims: ["N", 3, 224, 224], type: "int64" as const }] };
  await refused(variant(whole), /does not load|takes `image int64/);
  const three = variant({
    outputs: [{ name: "probabilities", dims: ["N", 3] }],
    constants: [
      { name: "weights", dims: [3, 3], data: new Float32Array(9) },
      { name: "bias", dims: [3], data: new Float32Array(3) },
    ],
  });
  await refused(three, /gives `probabilities float32 \[N,3\]`, but the contract is `probabilities float32 \[N,2\]`/);
  const scores = variant({
    outputs: [{ name: "probabilities", dims: ["N", 2] }],
    nodes: [
      ...tinyGraph(1).nodes.slice(0, 2),
      { op: "Gemm", inputs: ["flat", "weights", "bias"], outputs: ["probabilities"] },
    ],
  });
  await refused(scores, /probabilities that add up to 0, not 1/);
});

test("an operator set, a file version or an operator that the runtime does not have is said (MOD-05)", async () => {
  const bytes = Buffer.from(model);
  const opset = bytes.lastIndexOf(Buffer.from([0x10, 17]));
  await refused(Buffer.from(bytes).fill(99, opset + 1, opset + 2), /does not load: .*[Oo]pset/s);
  await refused(Buffer.from(bytes).fill(120, 1, 2), /does not load: .*IR version/s);
  const nodes = [{ op: "Frobnicate", inputs: ["image"], outputs: ["probabilities"] }];
  await refused(variant({ nodes }), /does not load: .*Frobnicate/s);
});

test("golden samples are scored by the server: as training computed them, and skewed (MOD-06)", async () => {
  const folder = await folderOf(model);
  const { classify } = await openClassifier(await readModelFiles(folder));
  const probabilities = [...(await classify(await preprocessImage(leaf)))];
  const golden = (skew: number): Golden => {
    const [first = 0, second = 0] = probabilities;
    const sample = { image: leaf.toString("base64"), probabilities: [first + skew, second - skew] };
    return { schema: 1, samples: [sample, { ...sample, probabilities }] };
  };
  assert.match(
    (await inspect(folder, {}, golden(0))).message,
    /^2 golden samples differ by \S+ at most, within 0.0001$/,
  );
  const skewed = await inspect(folder, {}, golden(2e-4));
  assert.equal(skewed.verdict, "fail");
  assert.match(skewed.message, /more than 0.0001: the server does not do to pictures what training did/);
  const manifest = { input: DEFAULT_INPUT, output: DEFAULT_OUTPUT };
  const subject = { folder, manifest, labels: LABELS, golden: golden(0) };
  const dead = verdictOf(await inspectModel(subject, DEFAULT_LIMITS, "node --eval process.exit(4)"));
  assert.equal(dead.verdict, "cannot decide");
  assert.match(dead.reasons.at(-1)?.message ?? "", /does not serve this model: it ended with 4/);
  const unpictured = { ...golden(0), samples: [{ image: "AAAA", probabilities }] };
  assert.match((await inspect(folder, {}, unpictured)).message, /the server answers 415 to golden sample 1/);
});

test("a file too large, or nested too deep, is not loaded; loading is limited in memory and time (MOD-07)", async () => {
  const folder = await folderOf("");
  const file = await open(join(folder, "model.onnx"), "r+");
  await file.truncate(3e9);
  await file.close();
  const large = await inspect(folder);
  assert.equal(large.verdict, "fail");
  assert.match(large.message, /has 3000 MB and is not loaded: at most 500/);
  assert.match((await inspect(folder, { maxModelSizeMb: 5000 })).message, /ends at 2147 MB/);
  let graph = bytesField(2, "innermost");
  for (let level = 0; level < 200; level++) {
    graph = Buffer.concat([bytesField(2, "g"), bytesField(1, [bytesField(5, [bytesField(6, [graph])])])]);
  }
  await refused(Buffer.concat([model, bytesField(7, [graph])]), /nested more than 16 deep/);
  await refused(model, /does not load: it took more than 20 MB of memory/, { loadMemoryMb: 20 });
  await refused(model, /does not load: it was not done after 0.05 s/, { loadSeconds: 0.05 });
});

test("a pickle, or an archive with one, is refused by its name (MOD-08)", async () => {
  await refused(Buffer.from([0x80, 0x04, 0x95, 0, 0]), /Python pickle, which runs code when it is read, not ONNX/);
  await refused(Buffer.from("PK\x03\x04archive/data.pkl"), /ZIP archive, as PyTorch saves models/);
  await refused(Buffer.from("\x89HDF\r\n", "latin1"), /HDF5/);
});
