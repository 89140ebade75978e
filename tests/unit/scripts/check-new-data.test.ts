import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, beforeEach, test } from "node:test";
import { runScript } from "./run-script.ts";

const root = await mkdtemp(join(tmpdir(), "new-data-"));
after(() => rm(root, { recursive: true }));
let [data, mark, snapshots] = ["", "", ""];
let places = 0;

beforeEach(async () => {
  const place = join(root, String(places++));
  [data, mark, snapshots] = [join(place, "raw"), join(place, "metadata/last_check.txt"), join(place, "snapshots")];
  await put("rose/1.jpg", "one");
  await put("daisy/1.jpg", "two");
});

async function put(key: string, content: string): Promise<void> {
  await mkdir(dirname(join(data, key)), { recursive: true });
  await writeFile(join(data, key), content);
}

async function check(...more: string[]) {
  const args = ["--data-path", data, "--last-check-path", mark, "--json", ...more];
  const { code, stdout, stderr } = await runScript("check-new-data", args);
  assert.notEqual(stdout, "", stderr);
  return { code, stderr, ...JSON.parse(stdout) };
}

test("data is new until the training that used it has gone well", async () => {
  const first = await check("--output-path", snapshots);
  assert.deepEqual([first.code, first.has_new_data, first.first_check], [0, true, true]);
  assert.deepEqual(first.added, { count: 2, first: ["daisy/1.jpg", "rose/1.jpg"] });
  assert.equal((await check()).has_new_data, true, "looking moves nothing");

  await put("rose/2.jpg", "arrives while the model is trained");
  const committed = await check("--commit-mark", first.snapshot);
  assert.deepEqual([committed.code, committed.moved, committed.count], [0, true, 2]);
  assert.equal((await check("--commit-mark", first.snapshot)).moved, false, "a second time nothing moves");
  assert.equal(await readFile(mark, "utf8"), await readFile(first.snapshot, "utf8"));

  await put("daisy/1.jpg", "changed");
  await rm(join(data, "rose/1.jpg"));
  const second = await check("--output-path", snapshots);
  assert.deepEqual(
    [second.added.first, second.changed.first, second.removed.first, second.unchanged],
    [["rose/2.jpg"], ["daisy/1.jpg"], ["rose/1.jpg"], 0],
  );
  await check("--commit-mark", second.snapshot);
  const third = await check();
  assert.deepEqual([third.code, third.has_new_data, third.unchanged], [1, false, 2]);
});

test("clocks, hidden files and removals alone are no new data", async () => {
  const { snapshot } = await check("--output-path", snapshots);
  await check("--commit-mark", snapshot);
  await utimes(join(data, "rose/1.jpg"), new Date(), new Date());
  await put("rose/.DS_Store", "x");
  await rm(join(data, "daisy/1.jpg"));
  const again = await check();
  assert.deepEqual([again.code, again.has_new_data, again.removed.count, again.unchanged], [1, false, 1, 1]);
});

test("the mark does not move where another run has moved it (compare-and-set)", async () => {
  const slow = await check("--output-path", snapshots);
  await put("rose/2.jpg", "two");
  const fast = await check("--output-path", snapshots);
  await check("--commit-mark", fast.snapshot);
  const { code, stderr } = await check("--commit-mark", slow.snapshot);
  assert.equal(code, 1);
  assert.match(stderr, /was moved by another run since this snapshot was taken; check again/);
  assert.equal((await check()).has_new_data, false, "the mark is that of the run that came first");
});

test("the answer and the snapshot are outputs of a step", async () => {
  const output = join(root, `output-${places}`);
  const args = ["--data-path", data, "--last-check-path", mark, "--output-path", snapshots];
  await runScript("check-new-data", args, { env: { GITHUB_OUTPUT: output } });
  const lines = await readFile(output, "utf8");
  assert.match(lines, /^has_new_data<<(\S+)\ntrue\n\1\nadded<<(\S+)\n2\n\2\n/);
  assert.match(lines, /\nsnapshot<<(\S+)\n.*snapshots\/[0-9a-f]{16}\.jsonl\n\1\n$/);
});

test("what is no mark, no snapshot or no data of it decides nothing", async () => {
  const { snapshot } = await check("--output-path", snapshots);
  const text = await readFile(snapshot, "utf8");
  const [head = "", daisy = "", rose = ""] = text.split("\n");
  const broken = {
    "an old time stamp": "2026-11-24T00:00:00Z\n",
    "cut off": `${head}\n${daisy}\n`,
    "cut off in a line": text.slice(0, -1),
    "out of order": `${head}\n${rose}\n${daisy}\n`,
    "an object twice": `${head}\n${daisy}\n${daisy}\n`,
    "of another schema": text.replace('"schema":1', '"schema":2'),
    "with more": text.replace('"schema":1', '"schema":1,"extra":0'),
    "with an identity of no kind": text.replace("sha256:", "mtime:"),
  };
  for (const [what, content] of Object.entries(broken)) {
    await mkdir(dirname(mark), { recursive: true });
    await writeFile(mark, content);
    const { code, stderr } = await check();
    assert.equal(code, 2, what);
    assert.match(stderr, /mark `.*last_check.txt` is no snapshot of check-new-data: /, what);
  }
  await rm(mark);
  assert.match((await check("--commit-mark", join(snapshots, "none.jsonl"))).stderr, /no snapshot at/);
  await writeFile(mark, text.replace(/"data_path":"[^"]*"/, '"data_path":"s3://other/raw/"'));
  assert.match((await check()).stderr, /is of `s3:\/\/other\/raw\/`, not of/);
  await rm(mark);
  await symlink(join(data, "rose/1.jpg"), join(data, "rose/link.jpg"));
  assert.match((await check()).stderr, /`rose\/link.jpg` is a symbolic link/);
});
