import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { publishPackage, readPackage } from "../../../../delivery/package.ts";
import { signatureProblems, signPackage } from "../../../../delivery/signing.ts";
import { goodMetrics } from "../../../support/model-figures.ts";
import { modelFolder } from "../package-contract.ts";

/** Both ways with OpenSSF's own tool, where Python has it: `pip install model-signing==1.1.1 pyopenssl`. */

const PYTHON = process.env["MODEL_SIGNING_PYTHON"] ?? "python3";
const missing = spawnSync(PYTHON, ["-c", "import model_signing"]).status !== 0;
const skip = missing ? "Python has no model-signing; set MODEL_SIGNING_PYTHON to one that has" : false;

const root = await mkdtemp(join(tmpdir(), "model-signing-"));
after(() => rm(root, { recursive: true }));
const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
const [secret, shared] = [
  privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  publicKey.export({ type: "spki", format: "pem" }).toString(),
];
await writeFile(join(root, "key.pem"), secret);
await writeFile(join(root, "public.pem"), shared);

async function packaged(content: string): Promise<string> {
  const fields = { data: { fingerprint: "d".repeat(64), count: 3 }, git: null, parameters: {}, parent: null };
  const { path } = await publishPackage(await modelFolder(root, content, content), join(root, "models"), fields);
  await writeFile(join(path, "metrics.json"), JSON.stringify(goodMetrics(content)));
  return path;
}

const tool = (verb: string, path: string, ...flags: string[]) =>
  execFileSync(PYTHON, ["-m", "model_signing", verb, "key", path, "--signature", join(path, "model.sig"), ...flags], {
    cwd: root,
    stdio: "pipe",
  });

test("what sign-model signs, model-signing verifies, and refuses once a file is changed", { skip }, async () => {
  const path = await packaged("ours");
  await signPackage(path, undefined, secret);
  tool("verify", path, "--public_key", join(root, "public.pem"));
  await writeFile(join(path, "model.onnx"), "theirs");
  assert.throws(() => tool("verify", path, "--public_key", join(root, "public.pem")), /model.onnx/);
});

test("what model-signing signs, we let in, and refuse once a file is changed", { skip }, async () => {
  const path = await packaged("by their tool");
  tool("sign", path, "--private_key", join(root, "key.pem"));
  const rule = { required: true, publicKey: shared };
  assert.deepEqual(signatureProblems(await readPackage(path), rule), []);
  const metrics = await readFile(join(path, "metrics.json"), "utf8");
  await writeFile(join(path, "metrics.json"), metrics.replace("0.9", "0.91"));
  assert.match(signatureProblems(await readPackage(path), rule)[0] ?? "", /`metrics.json` was changed/);
});
