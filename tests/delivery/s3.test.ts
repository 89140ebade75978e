import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { appendFile, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { sha256, sha256OfFile } from "../../delivery/digest.ts";
import { digestObject, listAll, openFolder } from "../../delivery/objects.ts";
import { startMoto, whyNoMoto } from "../support/moto.ts";
import { provePackages } from "../unit/delivery/package-contract.ts";
import { runScript } from "../unit/scripts/run-script.ts";

/** Object storage against moto's S3, asked through the AWS SDK as in production. */

const skip = whyNoMoto();
const moto = skip ? undefined : await startMoto();
Object.assign(process.env, moto?.env);
after(() => moto?.stop());

async function bucket(name: string): Promise<string> {
  await new S3Client({}).send(new CreateBucketCommand({ Bucket: name }));
  return `s3://${name}/`;
}

let places = 0;
provePackages("S3", async (name) => `${await bucket(`packages-${places++}-${name}`)}models/`, skip);

test("objects are listed, read, streamed and removed, more than one page of them", { skip }, async () => {
  const folder = openFolder(`${await bucket("many-objects")}data/`);
  const keys = Array.from({ length: 1005 }, (_, i) => `rose/${String(i).padStart(4, "0")}.jpg`);
  for (let i = 0; i < keys.length; i += 100) {
    await Promise.all(keys.slice(i, i + 100).map((key) => folder.put(key, key)));
  }
  const listed = await listAll(folder);
  assert.deepEqual(
    listed.map(({ key }) => key),
    keys,
  );
  assert.equal(listed[0]?.size, 13);
  assert.deepEqual(await digestObject(folder, "rose/0007.jpg"), { sha256: sha256("rose/0007.jpg"), bytes: 13 });
  await folder.remove("rose/0007.jpg");
  assert.equal(await folder.get("rose/0007.jpg"), undefined);
  assert.equal(await folder.head("rose/0007.jpg"), undefined);
});

test("a bucket that is not there is a wrong path, not an empty folder", { skip }, async () => {
  await assert.rejects(
    openFolder("s3://no-such-bucket/x/").get("a"),
    /bucket of `s3:\/\/no-such-bucket\/x\/` does not exist/,
  );
  await assert.rejects(listAll(openFolder("s3://no-such-bucket/x/")), /does not exist; check the path/);
});

test("new data is found by what the bucket holds, and marked once the training has gone well", { skip }, async () => {
  const root = await bucket("new-data");
  const raw = openFolder(`${root}data/raw/`);
  const run = async (...more: string[]) => {
    const args = ["--data-path", `${root}data/raw/`, "--last-check-path", `${root}metadata/last_check.txt`, "--json"];
    const { code, stdout, stderr } = await runScript("check-new-data", [...args, ...more]);
    assert.notEqual(stdout, "", stderr);
    return { code, stderr, ...JSON.parse(stdout) };
  };
  await Promise.all(["rose/1.jpg", "rose/2.jpg", "daisy/1.jpg"].map((key) => raw.put(key, key)));
  const first = await run("--output-path", `${root}metadata/snapshots/`);
  assert.deepEqual([first.code, first.added.count], [0, 3]);
  await raw.put("rose/3.jpg", "arrives while the model is trained");
  const sides = ["--processed-path", `${root}data/processed/`, "--test-path", `${root}data/test/`];
  const split = await runScript("prepare-data", [
    ...[
      "--data-path",
      `${root}data/raw/`,
      ...sides,
      "--snapshot-path",
      first.snapshot,
      "--test-share",
      "0.5",
      "--json",
    ],
  ]);
  assert.equal(JSON.parse(split.stdout).written, 3, split.stderr);
  assert.equal((await run("--commit-mark", first.snapshot)).code, 0);
  await raw.put("rose/1.jpg", "changed");
  await raw.remove("daisy/1.jpg");
  const second = await run("--output-path", `${root}metadata/snapshots/`);
  assert.deepEqual(
    [second.added.first, second.changed.first, second.removed.first, second.unchanged],
    [["rose/3.jpg"], ["rose/1.jpg"], ["daisy/1.jpg"], 1],
  );
  await run("--commit-mark", second.snapshot);
  assert.deepEqual([(await run()).code, (await run()).has_new_data], [1, false]);
  const late = await run("--commit-mark", first.snapshot);
  assert.equal(late.code, 1);
  assert.match(late.stderr, /was moved by another run/);
});

test("a large file goes up, across and down in a memory that does not grow with it", {
  skip,
  timeout: 180_000,
}, async () => {
  const place = await mkdtemp(join(tmpdir(), "large-"));
  const there = await bucket("large");
  const file = join(place, "raw/rose/large.jpg");
  await mkdir(dirname(file), { recursive: true });
  const megabytes = 320;
  for (let i = 0; i < megabytes; i++) await appendFile(file, Buffer.alloc(1 << 20, `${i}`));
  // In a process of its own, whose SDK and buffers are well below it.
  const script = `
    import { download, listAll, openFolder } from "${resolve(import.meta.dirname, "../../delivery/objects.ts")}";
    import { fileSource } from "${resolve(import.meta.dirname, "../../delivery/source.ts")}";
    import { prepareData } from "${resolve(import.meta.dirname, "../../delivery/prepare.ts")}";
    const start = process.memoryUsage.rss();
    const raw = openFolder("${there}raw/");
    await raw.put("rose/large.jpg", await fileSource("${file}"));
    await prepareData({ raw: "${there}raw/", processed: "${place}/processed", test: "${place}/test" }, 0.5);
    await download(raw, await listAll(raw), "${place}/down");
    console.log(Math.round((process.resourceUsage().maxRSS * 1024 - start) / 1e6));
  `;
  await writeFile(join(place, "move.mjs"), script);
  const { stdout } = await promisify(execFile)(process.execPath, [join(place, "move.mjs")]);
  const digest = await sha256OfFile(file);
  assert.deepEqual(await sha256OfFile(join(place, "down/rose/large.jpg")), digest);
  const [side = ""] = (await readdir(place, { recursive: true })).filter((name) =>
    /^(processed|test)\/rose\/large/.test(name),
  );
  assert.deepEqual(await sha256OfFile(join(place, side)), digest);
  assert.ok(Number(stdout) < megabytes * 0.6, `grew by ${stdout.trim()} MB for a file of ${megabytes} MB`);
  await rm(place, { recursive: true });
});
