import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { fingerprint as countedFingerprint, sha256 } from "../../../delivery/digest.ts";
import { fingerprint, listDataset } from "../../../src/dataset.ts";

async function folderOf(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "dataset-"));
  t.after(() => rm(folder, { recursive: true }));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  return folder;
}

test("classes and pictures are listed by name, by code unit", async (t) => {
  const folder = await folderOf(t, { "b/2.jpg": "", "b/10.PNG": "", "a/x.webp": "", "Z/y.jpeg": "", "README.md": "" });
  const { classes, pictures, ignored } = await listDataset(folder);
  assert.deepEqual(classes, ["Z", "a", "b"]);
  assert.deepEqual(pictures, [
    { path: "Z/y.jpeg", label: "Z" },
    { path: "a/x.webp", label: "a" },
    { path: "b/10.PNG", label: "b" },
    { path: "b/2.jpg", label: "b" },
  ]);
  assert.deepEqual(ignored, []);
});

test("hidden entries are passed over, other files are reported", async (t) => {
  const folder = await folderOf(t, { "a/1.jpg": "", "a/.DS_Store": "", "a/notes.txt": "", ".cache/1.jpg": "" });
  const { classes, ignored } = await listDataset(folder);
  assert.deepEqual(classes, ["a"]);
  assert.deepEqual(ignored, ["a/notes.txt"]);
});

test("no folder, no class and an empty class are refused", async (t) => {
  const empty = await folderOf(t, {});
  await assert.rejects(listDataset(join(empty, "nowhere")), /nowhere` is not a folder/);
  await assert.rejects(listDataset(empty), /has no sub-folders/);
  const bare = await folderOf(t, { "a/1.jpg": "", "b/1.txt": "" });
  await assert.rejects(listDataset(bare), /class `b` .* has no \.jpg/);
});

test("the fingerprint is that of names and bytes, whatever the folder is called", async (t) => {
  const files = { "a/1.jpg": "one", "b/2.jpg": "two" };
  const print = async (content: Readonly<Record<string, string>>) =>
    fingerprint(await listDataset(await folderOf(t, content)));
  const first = await print(files);
  // printf 'a/1.jpg %s\nb/2.jpg %s\n' "$(printf one | sha256sum)" "$(printf two | sha256sum)" | sha256sum
  assert.equal(first, "1000b5b085798de76318003276c3c27cbd185048ee2e2f86120844388aecf76c");
  assert.equal(await print(files), first);
  assert.notEqual(await print({ ...files, "b/2.jpg": "three" }), first);
  assert.notEqual(await print({ "a/1.jpg": "one", "b/3.jpg": "two" }), first);
});

test("the fingerprint is the delivery's, also of classes whose names begin alike", async (t) => {
  const folder = await folderOf(t, { "rose/1.jpg": "one", "rose-wild/1.jpg": "two" });
  const lines = [
    { name: "rose/1.jpg", sha256: sha256("one") },
    { name: "rose-wild/1.jpg", sha256: sha256("two") },
  ];
  assert.equal(await fingerprint(await listDataset(folder)), countedFingerprint(lines));
});
