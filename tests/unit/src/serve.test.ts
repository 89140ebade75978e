import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { cp, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { findModelFolder, OutputError, openClassifier } from "../../../src/classifier.ts";
import { encodeModel } from "../../../src/onnx/model.ts";
import { scratchFolder, trainTinyModel } from "./tiny-model.ts";

const { model } = await trainTinyModel();
const leaf = Uint8Array.from(await readFile(new URL("../../data/leaf.jpg", import.meta.url)));
const command = fileURLToPath(new URL("../../../src/serve.ts", import.meta.url));

interface Server {
  readonly child: ChildProcess;
  readonly url: string;
}

const running: ChildProcess[] = [];
after(() => {
  for (const child of running) child.kill("SIGKILL");
});

/** Starts the server and waits until it says where it listens, or ends. */
async function start(folder: string): Promise<Server & { errors: () => string }> {
  const environment = { ...process.env, AZUREML_MODEL_DIR: folder, PORT: "0", WORKERS: "1" };
  const child = spawn(process.execPath, [command], { env: environment, stdio: ["ignore", "pipe", "pipe"] });
  running.push(child);
  let [output, errors] = ["", ""];
  child.stderr.on("data", (chunk) => {
    errors += chunk;
  });
  const said = new Promise<void>((resolve) => {
    child.stdout.on("data", (chunk) => {
      output += chunk;
      if (output.includes("\n")) resolve();
    });
  });
  await Promise.race([said, once(child, "close")]);
  return { child, url: /http:\S+?(?=,)/.exec(output)?.[0] ?? "", errors: () => errors };
}

async function packaged(change: (folder: string) => Promise<void> = async () => {}): Promise<string> {
  const folder = await scratchFolder();
  await cp(model, folder, { recursive: true });
  const files: Record<string, { sha256: string; bytes: number }> = {};
  for (const name of ["model.onnx", "labels.json"]) {
    const bytes = await readFile(join(folder, name));
    files[name] = { sha256: createHash("sha256").update(bytes).digest("hex"), bytes: bytes.length };
  }
  await writeFile(join(folder, "manifest.json"), JSON.stringify({ schema: 1, files }));
  await change(folder);
  return folder;
}

test("SIGTERM lets requests in flight finish and ends with 0", async () => {
  const { child, url } = await start(await packaged());
  const body = new FormData();
  body.set("image", new Blob([leaf]));
  const inFlight = Array.from({ length: 8 }, () => fetch(`${url}/predict`, { method: "POST", body }));
  await inFlight[0];
  child.kill("SIGTERM");
  const statuses = (await Promise.all(inFlight)).map(({ status }) => status);
  assert.deepEqual(statuses, Array(8).fill(200));
  const [code] = child.exitCode === null ? await once(child, "exit") : [child.exitCode];
  assert.equal(code, 0);
  await assert.rejects(fetch(`${url}/health`), "nobody listens any more");
});

const broken: [string, (folder: string) => Promise<void>, RegExp][] = [
  ["a changed model", (folder) => writeFile(join(folder, "model.onnx"), "x"), /model\.onnx` has SHA-256 2d711642/],
  ["changed labels", (folder) => writeFile(join(folder, "labels.json"), '["a","b"]'), /labels\.json` has SHA-256/],
  [
    "a manifest that is silent",
    (folder) => writeFile(join(folder, "manifest.json"), "{}"),
    /its manifest says nothing/,
  ],
  [
    "a manifest that is no JSON",
    (folder) => writeFile(join(folder, "manifest.json"), "{"),
    /manifest\.json` is no JSON/,
  ],
];
for (const [what, change, message] of broken) {
  test(`${what} keeps the server from starting`, async () => {
    const { child, errors, url } = await start(await packaged(change));
    assert.equal(child.exitCode, 2);
    assert.match(errors(), message);
    assert.equal(url, "");
  });
}

test("the model is found in the folder itself or one below, and a choice of two is refused", async () => {
  const folder = await scratchFolder();
  await assert.rejects(findModelFolder(folder), /has no model\.onnx/);
  await cp(model, join(folder, "a"), { recursive: true });
  assert.equal(await findModelFolder(folder), join(folder, "a"));
  await mkdir(join(folder, "b"));
  await cp(model, join(folder, "b"), { recursive: true });
  await assert.rejects(findModelFolder(folder), /has 2 folders with a model\.onnx/);
  await rename(join(folder, "b", "model.onnx"), join(folder, "model.onnx"));
  assert.equal(await findModelFolder(folder), folder);
});

test("a model that gives NaN or no probabilities is caught before an answer leaves", async () => {
  const constantModel = (values: readonly number[]) =>
    encodeModel({
      name: "constant",
      inputs: [{ name: "image", dims: ["N", 3, 224, 224] }],
      outputs: [{ name: "probabilities", dims: ["N", 2] }],
      constants: [
        { name: "values", dims: [1, 2], data: Float32Array.from(values) },
        { name: "zero", dims: [1], data: Float32Array.of(0) },
      ],
      nodes: [
        { op: "ReduceMean", inputs: ["image"], outputs: ["mean"], attributes: { axes: [1, 2, 3], keepdims: 0 } },
        { op: "Mul", inputs: ["mean", "zero"], outputs: ["nothing"] },
        { op: "Add", inputs: ["values", "nothing"], outputs: ["probabilities"] },
      ],
    });
  const answer = async (values: readonly number[]) => {
    const labels = Buffer.from('["a","b"]');
    const { classify } = await openClassifier({ folder: "memory", model: constantModel(values), labels });
    return classify({ data: new Float32Array(3 * 224 * 224), dims: [1, 3, 224, 224] });
  };
  assert.deepEqual(await answer([0.25, 0.75]), [0.25, 0.75]);
  for (const values of [
    [Number.NaN, 1],
    [0.5, 0.6],
    [-0.5, 1.5],
    [Number.POSITIVE_INFINITY, 0],
  ]) {
    await assert.rejects(answer(values), OutputError, `${values}`);
  }
});
