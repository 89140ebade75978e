import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { checkPackages } from "../../../../delivery/admission.ts";
import { readCandidate, requireSignature } from "../../../../delivery/candidate.ts";
import { DEFAULT_LIMITS } from "../../../../delivery/gate.ts";
import { copyPackage, publishPackage, readPackage } from "../../../../delivery/package.ts";
import { openBundle } from "../../../../delivery/signing/bundle.ts";
import { keyProblem, publicKeyOf } from "../../../../delivery/signing/key.ts";
import { signatureProblems, signPackage } from "../../../../delivery/signing.ts";
import { readModelFiles } from "../../../../src/classifier.ts";
import { checkIntegrity } from "../../../../src/server/integrity.ts";
import { goodMetrics } from "../../../support/model-figures.ts";
import { runScript } from "../../scripts/run-script.ts";
import { modelFolder } from "../package-contract.ts";

const root = await mkdtemp(join(tmpdir(), "signing-"));
after(() => rm(root, { recursive: true }));

function newKey(namedCurve = "prime256v1"): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve });
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}
const key = newKey();
const rule = { required: true, publicKey: publicKeyOf(key) };

let models = 0;
/** A package that passes the gate, signed or not. */
async function packaged(signingKey?: string): Promise<string> {
  const content = `model ${models++}`;
  const fields = { data: { fingerprint: "d".repeat(64), count: 3 }, git: null, parameters: {}, parent: null };
  const { path } = await publishPackage(await modelFolder(root, content, content), join(root, "models"), fields);
  await writeFile(join(path, "metrics.json"), JSON.stringify(goodMetrics(content)));
  if (signingKey !== undefined) await signPackage(path, undefined, signingKey);
  return path;
}

/** What each place says that asks for a signature: gate and deploy, preview, server. Undefined where it lets the model in. */
async function answers(path: string): Promise<(string | undefined)[]> {
  const refusal = async (check: () => unknown) => {
    try {
      await check();
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  };
  const [preview] = await checkPackages({ "m-a1b": { model: path } }, DEFAULT_LIMITS, rule);
  return [
    await refusal(async () => requireSignature(await readCandidate(path), rule)),
    preview,
    await refusal(async () => checkIntegrity(await readModelFiles(path), rule.publicKey)),
  ];
}

async function refusedEverywhere(path: string, message: RegExp): Promise<void> {
  for (const answer of await answers(path)) assert.match(answer ?? "let in", message);
}

test("a signed model is let in by gate, preview and server; signing it again changes nothing", async () => {
  const path = await packaged(key);
  assert.deepEqual(await answers(path), [undefined, undefined, undefined]);
  const before = await readFile(join(path, "model.sig"), "utf8");
  assert.equal((await signPackage(path, undefined, key)).created, false);
  assert.equal(await readFile(join(path, "model.sig"), "utf8"), before);
});

test("an unsigned model is refused everywhere", async () => {
  await refusedEverywhere(await packaged(), /not signed/);
});

test("a signature of another key is refused everywhere, and is not replaced", async () => {
  const path = await packaged(newKey());
  await refusedEverywhere(path, /another key/);
  await assert.rejects(signPackage(path, undefined, key), /another signature is in the way: .*another key/);
});

test("a changed file, a changed manifest, a changed signature and one moved from another model are refused", async () => {
  const changes: [string, (path: string) => Promise<void>, RegExp][] = [
    [
      "metrics",
      async (path) => {
        const metrics = await readFile(join(path, "metrics.json"), "utf8");
        await writeFile(join(path, "metrics.json"), metrics.replace("0.9", "0.99"));
      },
      /`metrics.json` was changed since it was signed/,
    ],
    [
      "manifest",
      async (path) => {
        const manifest = await readFile(join(path, "manifest.json"), "utf8");
        await writeFile(join(path, "manifest.json"), manifest.replace('"git": null', '"git": "0000000"'));
      },
      /`manifest.json` was changed since it was signed/,
    ],
    [
      "payload",
      async (path) => {
        const bundle = JSON.parse(await readFile(join(path, "model.sig"), "utf8"));
        const payload = Buffer.from(bundle.dsseEnvelope.payload, "base64").toString("utf8");
        bundle.dsseEnvelope.payload = Buffer.from(payload.replace("sha256", "sha255")).toString("base64");
        await writeFile(join(path, "model.sig"), JSON.stringify(bundle));
      },
      /does not hold: it was changed/,
    ],
    [
      "signature of another model",
      async (path) => cp(join(await packaged(key), "model.sig"), join(path, "model.sig"), { force: true }),
      /was changed since it was signed/,
    ],
    ["no signature", (path) => writeFile(join(path, "model.sig"), "{}"), /is no signature of a model/],
  ];
  for (const [what, change, message] of changes) {
    const path = await packaged(key);
    await change(path);
    const problems = signatureProblems(await readPackage(path), rule);
    assert.match(problems.join("; "), message, what);
    if (what !== "metrics") assert.notEqual((await answers(path))[2], undefined, `${what}, at the server`);
  }
});

test("one flipped bit in the weights is caught at the gate, at deploy and at the server's start (MOD-02)", async () => {
  const path = await packaged(key);
  const bytes = await readFile(join(path, "model.onnx"));
  bytes[3] = (bytes[3] ?? 0) ^ 1;
  await writeFile(join(path, "model.onnx"), bytes);
  await assert.rejects(readCandidate(path), /the model package is damaged.*model.onnx` has \d+ bytes, SHA-256/);
  await assert.rejects(copyPackage(path, join(root, "elsewhere")), /model.onnx` has \d+ bytes, SHA-256/);
  await assert.rejects(async () => checkIntegrity(await readModelFiles(path)), /was changed or cut short/);
  await assert.rejects(async () => checkIntegrity(await readModelFiles(path), rule.publicKey), /not what was signed/);
});

test("without a rule nothing is asked; a key alone judges the signatures that are there", async () => {
  const [unsigned, foreign] = [await readPackage(await packaged()), await readPackage(await packaged(newKey()))];
  assert.deepEqual(signatureProblems(unsigned, { required: false }), []);
  assert.deepEqual(signatureProblems(unsigned, { ...rule, required: false }), []);
  assert.match(signatureProblems(foreign, { ...rule, required: false })[0] ?? "", /another key/);
  assert.match(signatureProblems(unsigned, { required: true })[0] ?? "", /no public key is configured/);
});

test("a copy carries its signature, and it holds there too", async () => {
  const copy = await copyPackage(await packaged(key), join(root, "production"));
  assert.deepEqual(signatureProblems(await readPackage(copy.path), rule), []);
});

test("keys of another kind are refused with what is needed", () => {
  assert.equal(keyProblem(rule.publicKey, "public"), undefined);
  assert.match(keyProblem(key, "public") ?? "", /no public key in PEM/);
  assert.match(keyProblem("hello", "private") ?? "", /no private key in PEM; make one with `openssl/);
  assert.match(keyProblem(newKey("secp384r1"), "private") ?? "", /must be EC on P-256/);
});

test("a signature of PyPI's model-signing 1.1.1 opens, and vouches for its files", async () => {
  const data = join(import.meta.dirname, "../../../data/signing");
  const [signature, publicKey] = await Promise.all(
    ["model.sig", "public.pem"].map((name) => readFile(join(data, name), "utf8")),
  );
  // sha256sum a.txt b.json
  assert.deepEqual(openBundle(signature ?? "", publicKey ?? "", "it"), {
    "a.txt": "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03",
    "b.json": "73cb3858a687a8494ca3323053016282f3dad39d42cf62ca4e79dda2aac7d9ac",
  });
  assert.throws(() => openBundle(signature ?? "", rule.publicKey, "it"), /another key/);
});

test("sign-model signs with a key from a file or from the environment, and validate-model asks for it", async () => {
  const path = await packaged();
  await writeFile(join(root, "key.pem"), key);
  await writeFile(join(root, "public.pem"), rule.publicKey);
  const check = ["--model-path", path, "--public-key", join(root, "public.pem"), "--min-accuracy", "1"];
  const unsigned = await runScript("validate-model", check);
  assert.deepEqual([unsigned.code, /the model is not signed/.test(unsigned.stderr)], [1, true]);
  assert.equal((await runScript("sign-model", ["--model-path", path])).code, 2, "no key");
  const signed = await runScript("sign-model", ["--model-path", path, "--signing-key", join(root, "key.pem")]);
  assert.equal(signed.code, 0, signed.stderr);
  assert.match(signed.stdout, /is signed: .*golden.json.*manifest.json, metrics.json/);
  const env = { MODEL_SIGNING_KEY: key };
  assert.match((await runScript("sign-model", ["--model-path", path], { env })).stdout, /signed before with this key/);
  const after = await runScript("validate-model", check);
  assert.match(after.stdout, /`accuracy` is 0.9, not at least 1/, "the signature holds; the figures are judged");
});
