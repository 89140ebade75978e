import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { sha256 } from "../../../delivery/digest.ts";
import { openFolder } from "../../../delivery/objects.ts";
import {
  copyPackage,
  publishPackage,
  readAlias,
  readPackage,
  resolveModel,
  setAlias,
  verifyPackage,
  versionOf,
} from "../../../delivery/package.ts";
import { GOLDEN } from "../../support/model-figures.ts";

const FIELDS = { data: { fingerprint: "d".repeat(64), count: 3 }, git: null, parameters: { seed: 1 }, parent: null };

/** A model folder as training leaves it. */
export async function modelFolder(parent: string, name: string, content: string): Promise<string> {
  const folder = join(parent, name);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "model.onnx"), content);
  await writeFile(join(folder, "labels.json"), '["rose","daisy"]');
  await writeFile(join(folder, "golden.json"), GOLDEN);
  return folder;
}

/** The rules of model packages, on any kind of storage: `place` gives the path of a fresh, empty folder. */
export function provePackages(
  kind: string,
  place: (name: string) => Promise<string>,
  skip: string | false = false,
): void {
  const rule = (name: string, body: (scratch: string) => Promise<void>) =>
    test(`${kind}: ${name}`, { skip }, async () => {
      const scratch = await mkdtemp(join(tmpdir(), "package-test-"));
      try {
        await body(scratch);
      } finally {
        await rm(scratch, { recursive: true });
      }
    });

  rule("a published package is found by version and by alias, and is whole", async (scratch) => {
    const models = await place("found");
    const { version, path, created } = await publishPackage(await modelFolder(scratch, "m", "one"), models, FIELDS);
    const digest = (text: string) => ({ sha256: sha256(text) });
    assert.equal(version, versionOf({ "model.onnx": digest("one"), "labels.json": digest('["rose","daisy"]') }));
    assert.equal(created, true);
    await setAlias(models, "latest", version);
    const resolved = await resolveModel(`${models.replace(/\/$/, "")}/latest/`);
    assert.deepEqual([resolved.path, resolved.alias], [path, "latest"]);
    assert.equal((await resolveModel("latest", models)).path, path);
    const { package: found, problems } = await verifyPackage(path);
    assert.deepEqual(problems, []);
    assert.deepEqual(found.manifest.files["model.onnx"], { sha256: sha256("one"), bytes: 3 });
    assert.equal(found.metrics, undefined);
  });

  rule("publishing the same model again changes nothing", async (scratch) => {
    const models = await place("again");
    const folder = await modelFolder(scratch, "m", "one");
    const { path } = await publishPackage(folder, models, FIELDS);
    const before = await readPackage(path);
    assert.equal((await publishPackage(folder, models, { ...FIELDS, parameters: { seed: 2 } })).created, false);
    assert.deepEqual((await readPackage(path)).manifest, before.manifest);
  });

  rule("a package without a manifest is not there, and publishing finishes it", async (scratch) => {
    const models = await place("half");
    const folder = await modelFolder(scratch, "m", "one");
    const { version, path } = await publishPackage(folder, models, FIELDS);
    await openFolder(path).remove("manifest.json");
    await assert.rejects(readPackage(path), /no model package at .*no `manifest.json`/);
    await assert.rejects(setAlias(models, "latest", version), /has no such package/);
    assert.equal((await publishPackage(folder, models, FIELDS)).created, true);
  });

  rule("another file in the way of a package stops its publication", async (scratch) => {
    const models = await place("way");
    const folder = await modelFolder(scratch, "m", "one");
    const { version } = await publishPackage(folder, await place("elsewhere"), FIELDS);
    await openFolder(models).put(`${version}/model.onnx`, "two");
    await assert.rejects(publishPackage(folder, models, FIELDS), /model.onnx` has 3 bytes, SHA-256 .*, not 3 bytes/);
    assert.equal(await openFolder(models).head(`${version}/manifest.json`), undefined);
  });

  rule("one flipped bit is found (MOD-02)", async (scratch) => {
    const models = await place("bit");
    const { path } = await publishPackage(await modelFolder(scratch, "m", "one"), models, FIELDS);
    await openFolder(path).put("model.onnx", "onf");
    const { problems } = await verifyPackage(path);
    assert.equal(problems.length, 1);
    assert.match(problems[0] ?? "", /model.onnx` has 3 bytes, SHA-256 .*; the manifest says 3 bytes/);
    await openFolder(path).remove("model.onnx");
    assert.match((await verifyPackage(path)).problems[0] ?? "", /model.onnx` does not exist/);
  });

  rule("a manifest whose version is not that of its files is refused", async (scratch) => {
    const models = await place("lie");
    const { path } = await publishPackage(await modelFolder(scratch, "m", "one"), models, FIELDS);
    const { manifest } = await readPackage(path);
    await openFolder(path).put("manifest.json", JSON.stringify({ ...manifest, version: "0".repeat(16) }));
    await assert.rejects(readPackage(path), /says version 0{16}, but its file digests give/);
  });

  rule("an alias moves only from where the caller believes it to be", async (scratch) => {
    const models = await place("alias");
    const one = await publishPackage(await modelFolder(scratch, "a", "one"), models, FIELDS);
    const two = await publishPackage(await modelFolder(scratch, "b", "two"), models, FIELDS);
    assert.equal(await setAlias(models, "latest", one.version, null), undefined);
    assert.equal(await setAlias(models, "latest", two.version, one.version), one.version);
    await assert.rejects(setAlias(models, "latest", one.version, one.version), /was moved meanwhile and is at/);
    await assert.rejects(setAlias(models, "latest", one.version, null), /was moved meanwhile/);
    assert.equal(await readAlias(models, "latest"), two.version);
    await assert.rejects(setAlias(models, one.version, two.version), /cannot be an alias/);
  });

  rule("of two that move an alias at once, exactly one wins", async (scratch) => {
    const models = await place("race");
    const versions: string[] = [];
    for (const content of ["one", "two", "three"]) {
      versions.push((await publishPackage(await modelFolder(scratch, content, content), models, FIELDS)).version);
    }
    const [start = "", ...others] = versions;
    await setAlias(models, "latest", start);
    const folder = openFolder(models);
    const before = await folder.get("latest/alias.json");
    assert.ok(before);
    const writes = others.map((version) =>
      folder.put("latest/alias.json", JSON.stringify({ version }), { ifMatch: before.etag }).catch(() => false),
    );
    const outcomes = await Promise.all(writes);
    assert.equal(outcomes.filter(Boolean).length, 1);
    assert.equal(await readAlias(models, "latest"), others[outcomes.indexOf(true)]);
  });

  rule("a copy is byte for byte the same, metrics included, and copying again only checks", async (scratch) => {
    const [from, to] = [await place("from"), await place("to")];
    const { path } = await publishPackage(await modelFolder(scratch, "m", "one"), from, FIELDS);
    await openFolder(path).put("metrics.json", '{"accuracy":1}');
    const copy = await copyPackage(path, to);
    assert.equal(copy.created, true);
    for (const name of ["model.onnx", "labels.json", "golden.json", "manifest.json", "metrics.json"]) {
      const [source, target] = [await openFolder(path).get(name), await openFolder(copy.path).get(name)];
      assert.deepEqual(target?.content, source?.content, name);
    }
    assert.equal((await copyPackage(path, to)).created, false);
    await openFolder(copy.path).put("metrics.json", '{"accuracy":0}');
    await assert.rejects(copyPackage(path, to), /metrics are never overwritten/);
  });

  rule("a damaged package is not copied", async (scratch) => {
    const [from, to] = [await place("damaged"), await place("target")];
    const { path, version } = await publishPackage(await modelFolder(scratch, "m", "one"), from, FIELDS);
    await openFolder(path).put("model.onnx", "onf");
    await assert.rejects(copyPackage(path, to), /model.onnx` has 3 bytes/);
    assert.equal(await openFolder(to).head(`${version}/manifest.json`), undefined);
  });

  rule("a folder that lacks a file, or whose labels are no list of names, is not published", async (scratch) => {
    const models = await place("bad");
    const folder = await modelFolder(scratch, "m", "one");
    await writeFile(join(folder, "labels.json"), '["rose","rose"]');
    await assert.rejects(publishPackage(folder, models, FIELDS), /array of distinct class names/);
    await rm(join(folder, "model.onnx"));
    await assert.rejects(publishPackage(folder, models, FIELDS), /needs `model.onnx`/);
    assert.match(await readFile(join(folder, "labels.json"), "utf8"), /rose/);
  });
}
