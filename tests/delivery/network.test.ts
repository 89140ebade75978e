import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { mapConcurrent } from "../../delivery/concurrency.ts";
import { sha256 } from "../../delivery/digest.ts";
import { checkNewData, commitMark } from "../../delivery/new-data.ts";
import { CONCURRENCY, download, listAll, openFile, openFolder } from "../../delivery/objects.ts";
import { publishPackage, readAlias, setAlias, verifyPackage } from "../../delivery/package.ts";
import { prepareData } from "../../delivery/prepare.ts";
import { formatSnapshot } from "../../delivery/snapshot.ts";
import { fileSource } from "../../delivery/source.ts";
import { randomFor } from "../../src/random.ts";
import { FAULTS, onBadNetwork, SEED } from "../support/faults.ts";
import { type Moto, startMoto, whyNoMoto } from "../support/moto.ts";
import { type Road, startToxiproxy, type Toxiproxy, whyNoToxiproxy } from "../support/toxiproxy.ts";
import { modelFolder } from "../unit/delivery/package-contract.ts";

/**
 * The way to S3 made bad by Toxiproxy: whatever the fault, a step ends whole or with nothing visible, and done again on a
 * good network it ends whole. The faults are drawn by chance; `NETWORK_SEED` repeats a run.
 */

const skip = whyNoToxiproxy || whyNoMoto();
const FIELDS = { data: { fingerprint: "d".repeat(64), count: 3 }, git: null, parameters: { seed: 1 }, parent: null };

let moto: Moto;
let toxiproxy: Toxiproxy;
let road: Road;
let root = "";

before(async () => {
  if (skip) return;
  console.log(`NETWORK_SEED=${SEED}`);
  root = await mkdtemp(join(tmpdir(), "network-"));
  [moto, toxiproxy] = await Promise.all([startMoto(), startToxiproxy()]);
  road = await toxiproxy.road("s3", moto.port);
  Object.assign(process.env, moto.env, {
    AWS_ENDPOINT_URL: `http://127.0.0.1:${road.port}`,
    TRANSFER_TIMEOUT_SECONDS: "2",
  });
});
after(async () => {
  if (skip) return;
  await toxiproxy.stop();
  await moto.stop();
  await rm(root, { recursive: true });
});

/** Content that no other test has. */
function content(bytes: number, ...key: (string | number)[]): Buffer {
  const random = randomFor(SEED, ...key);
  const block = Buffer.from(Array.from({ length: Math.min(bytes, 4096) }, () => random.integer(0, 255)));
  return Buffer.concat(Array.from({ length: Math.ceil(bytes / block.length) }, () => block)).subarray(0, bytes);
}

let buckets = 0;
async function bucket(): Promise<string> {
  const name = `network-${buckets++}`;
  await new S3Client({}).send(new CreateBucketCommand({ Bucket: name }));
  return `s3://${name}/`;
}

for (const [fault, toxic] of Object.entries(FAULTS)) {
  const random = randomFor(SEED, fault);

  test(`publishing a model while ${fault}: it is there whole, or nothing names it`, {
    skip,
    timeout: 120_000,
  }, async () => {
    const models = `${await bucket()}models/`;
    const folder = await modelFolder(root, `model ${fault}`, content(2_000_000, fault).toString("latin1"));
    const publish = async () => {
      const published = await publishPackage(folder, models, FIELDS);
      await setAlias(models, "latest", published.version);
      return published;
    };
    const went = await onBadNetwork(road, random, toxic, publish);
    const manifests = (await listAll(openFolder(models))).filter(({ key }) => key.endsWith("manifest.json"));
    const alias = await readAlias(models, "latest");
    if (went) assert.notEqual(alias, undefined);
    if (manifests.length === 0) assert.equal(alias, undefined, "no alias without a package");
    for (const { key } of manifests) {
      const { problems } = await verifyPackage(`${models}${dirname(key)}/`);
      assert.deepEqual(problems, [], "a package that is there is whole");
    }
    const { path, version } = await publish();
    assert.deepEqual((await verifyPackage(path)).problems, []);
    assert.equal(await readAlias(models, "latest"), version);
  });

  test(`moving data while ${fault}: no file is there in part`, { skip, timeout: 120_000 }, async () => {
    const [place, data] = [join(root, `data ${fault}`), `${await bucket()}data/`];
    const files = new Map<string, string>();
    for (let i = 0; i < 12; i++) {
      const [key, bytes] = [
        `${i % 2 ? "rose" : "daisy"}/${i}.jpg`,
        content(i === 0 ? 1_000_000 : 20_000 + i, fault, i),
      ];
      await mkdir(dirname(join(place, "from", key)), { recursive: true });
      await writeFile(join(place, "from", key), bytes);
      files.set(key, sha256(bytes));
    }
    const raw = `${data}raw/`;
    const send = async (key: string) => openFolder(raw).put(key, await fileSource(join(place, "from", key)));
    const sends = () => mapConcurrent([...files.keys()], CONCURRENCY, send);
    const splits = () => prepareData({ raw, processed: `${data}processed/`, test: `${data}test/` }, 0.3);
    const brings = async () => download(openFolder(raw), await listAll(openFolder(raw)), join(place, "to"));
    const wholeIn = async (folder: string) => {
      for (const { key } of await listAll(openFolder(folder))) {
        const there = await openFolder(folder).get(key);
        assert.equal(sha256(there?.content ?? ""), files.get(key), `${folder}${key}`);
      }
    };
    for (const [step, after] of [
      [sends, () => wholeIn(raw)],
      [splits, () => Promise.all([wholeIn(`${data}processed/`), wholeIn(`${data}test/`)])],
      [brings, () => wholeIn(join(place, "to"))],
    ] as const) {
      await onBadNetwork(road, random, toxic, step);
      await after();
      await step();
      await after();
    }
    assert.equal((await listAll(openFolder(join(place, "to")))).length, files.size);
    const left = (await readdir(place, { recursive: true })).filter((name) => name.endsWith(".part"));
    assert.deepEqual(left, []);
  });

  test(`committing the mark while ${fault}: it is the old one or the new one`, { skip, timeout: 120_000 }, async () => {
    const [data, mark] = [openFolder(`${await bucket()}raw/`), openFile(`${await bucket()}metadata/last_check.txt`)];
    await data.put("rose/1.jpg", "one");
    const first = await checkNewData(data, mark);
    await commitMark(mark, first.snapshot);
    await data.put("rose/2.jpg", "two");
    const second = await checkNewData(data, mark);
    const went = await onBadNetwork(road, random, toxic, () => commitMark(mark, second.snapshot));
    const now = (await mark.folder.get(mark.key))?.content.toString();
    const texts = [first, second].map(({ snapshot }) => formatSnapshot(snapshot));
    assert.ok(texts.includes(now ?? ""), now);
    if (went) assert.equal(now, texts[1]);
    await commitMark(mark, second.snapshot);
    assert.equal((await checkNewData(data, mark)).hasNewData, false);
  });
}
