import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { appendRelease, parseRelease, type ReleaseRecord, readReleases } from "../../../../delivery/release-log.ts";
import { formatHistory, reigns } from "../../../../delivery/rollout/history.ts";
import { timelinePicture } from "../../../../delivery/rollout/timeline.ts";

function record(minute: number, what: string, from: Record<string, number>, to: Record<string, number>): ReleaseRecord {
  const at = new Date(Date.UTC(2026, 10, 24, 12, minute)).toISOString();
  const commit = "0123456789abcdef0123456789abcdef01234567";
  return { schema: 1, at, who: "ana", what, environment: "production", endpoint: "e", from, to, evidence: {}, commit };
}

const [A, B] = ["m-0000000a", "m-0000000b"];
const records = [
  record(0, "deploy", {}, { [A]: 100 }),
  record(1, "deploy", { [A]: 100 }, { [A]: 90, [B]: 10 }),
  { ...record(2, "pause", { [A]: 90, [B]: 10 }, { [A]: 90, [B]: 10 }), evidence: { reason: "lunch" } },
  { ...record(9, "promote", { [A]: 90, [B]: 10 }, { [B]: 100 }), evidence: { verdict: "pass", judge: {} } },
];

test("records are created once, read in the order of their times, and foreign objects are left out", async () => {
  const bucket = await mkdtemp(join(tmpdir(), "releases-"));
  const models = join(bucket, "models");
  try {
    for (const one of [...records].reverse()) await appendRelease(models, one);
    await appendRelease(models, { ...record(5, "recover", {}, {}), environment: "staging" });
    await writeFile(join(bucket, "releases", "notes.json"), '{"hello": 1}');
    await writeFile(join(bucket, "releases", "broken.json"), "{");
    assert.equal((await readdir(join(bucket, "releases"))).length, 7);
    const foreign: string[] = [];
    const read = await readReleases(models, { environment: "production", onForeign: (key) => foreign.push(key) });
    assert.deepEqual(read, records);
    assert.deepEqual(foreign.sort(), ["broken.json", "notes.json"]);
    await rm(join(bucket, "releases", "notes.json"));
    await rm(join(bucket, "releases", "broken.json"));
    assert.deepEqual(await readReleases(models, { newest: 1 }), [records[3]]);
  } finally {
    await rm(bucket, { recursive: true });
  }
});

test("a record of a kind that is not known yet is a record; text that is none is not", () => {
  const unknown = { ...record(0, "teleport", {}, {}), more: true };
  assert.deepEqual(parseRelease(JSON.stringify(unknown)), unknown);
  for (const text of ["", "null", "[]", '{"at":"x"}', JSON.stringify({ ...unknown, at: "noon" })]) {
    assert.equal(parseRelease(text), undefined, text);
  }
});

test("the table says who did what, when and why", () => {
  assert.equal(
    formatHistory(records),
    [
      "TIME (UTC)           WHAT     WHO  TRAFFIC                                                 COMMIT",
      "2026-11-24 12:00:00  deploy   ana  m-0000000a 0 => 100                                     01234567",
      "2026-11-24 12:01:00  deploy   ana  m-0000000a 100 => 90, m-0000000b 0 => 10                01234567",
      "2026-11-24 12:02:00  pause    ana  m-0000000a 90, m-0000000b 10 (lunch)                    01234567",
      "2026-11-24 12:09:00  promote  ana  m-0000000a 90 => 0, m-0000000b 10 => 100 (judge: pass)  01234567",
    ].join("\n"),
  );
  assert.equal(formatHistory([]), "nothing was released yet");
});

test("the table fits 100 columns whatever it tells", () => {
  const many = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`m-${"0".repeat(7)}${i}`, i + 1]));
  const long = { ...record(1, "a-kind-of-later", {}, many), who: "a-very-long-name-of-a-pipeline[bot]" };
  const told = { ...long, evidence: { reason: "x".repeat(300) } };
  for (const line of formatHistory([...records, told]).split("\n")) assert.ok(line.length <= 100, line);
});

test("the timeline has a bar for each share of each reign, and only what is text in its texts", () => {
  const now = new Date(Date.UTC(2026, 10, 24, 12, 20));
  const times = reigns(records);
  assert.deepEqual(
    times.map(({ traffic }) => traffic),
    [{ [A]: 100 }, { [A]: 90, [B]: 10 }, { [B]: 100 }],
  );
  assert.equal(times.at(-1)?.to, undefined);
  const picture = timelinePicture("Traffic of <e> & co", times, now);
  assert.match(picture, /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/);
  assert.equal(picture.match(/<rect [^>]*><title>/g)?.length, 4);
  assert.match(picture, /<title>m-0000000b: 10 % from 2026-11-24T12:01:00.000Z to 2026-11-24T12:09:00.000Z<\/title>/);
  assert.match(picture, /Traffic of &lt;e&gt; &amp; co/);
  assert.match(timelinePicture("empty", [], now), /<svg/);
});
