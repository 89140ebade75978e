import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { sha256 } from "../../../delivery/digest.ts";
import { prepareData, splitData } from "../../../delivery/prepare.ts";
import { takeSnapshot } from "../../../delivery/snapshot.ts";
import { ChangedError } from "../../../delivery/source.ts";
import { sideOf } from "../../../delivery/split.ts";
import { createMemoryStore, type MemoryStore } from "../../support/memory-store.ts";

const root = await mkdtemp(join(tmpdir(), "prepare-"));
after(() => rm(root, { recursive: true }));

/** Pictures on either side, and whether a content is on both. */
function sharedContents(processed: MemoryStore, tests: MemoryStore): string[] {
  const trainedOn = new Set(processed.objects.values());
  return [...tests.objects.values()].filter((content) => trainedOn.has(content));
}

const KEYS = ["rose/1.jpg", "rose/2.jpg", "daisy/1.jpg", "daisy/2.jpg", "tulip/1.jpg"];
/** Few contents, so that the same picture often has two names, moves, and comes back. */
const raw = fc.dictionary(fc.constantFrom(...KEYS), fc.nat({ max: 7 }), { minKeys: 1 });
const runs = fc.array(
  fc.record({
    raw,
    share: fc.constantFrom(0.2, 0.5, 0.8),
    breakAfter: fc.option(fc.nat({ max: 60 })),
    pinned: fc.boolean(),
  }),
  { minLength: 1, maxLength: 5 },
);

function replaceAll(store: MemoryStore, contents: Readonly<Record<string, number>>): void {
  for (const key of KEYS) store.delete(key);
  for (const [key, content] of Object.entries(contents)) store.write(key, `picture ${content}`);
}

/** Whether a run was stopped by the test. Any other failure is passed on. */
async function breaksOff(run: Promise<unknown>): Promise<boolean> {
  try {
    await run;
    return false;
  } catch (error) {
    if ((error as Error).message.endsWith("broken off")) return true;
    throw error;
  }
}

test("no picture is ever on both sides, whatever the raw data did and wherever runs broke off (DAT-04)", async () => {
  await fc.assert(
    fc.asyncProperty(runs, async (all) => {
      let requests = Number.POSITIVE_INFINITY;
      const step = async () => {
        if (requests-- <= 0) throw new Error("broken off");
      };
      const stores = {
        raw: createMemoryStore("raw"),
        processed: createMemoryStore("processed", step),
        test: createMemoryStore("test", step),
      };
      const folders = { raw: stores.raw.folder, processed: stores.processed.folder, test: stores.test.folder };
      for (const { raw: contents, share, breakAfter, pinned } of all) {
        replaceAll(stores.raw, contents);
        const snapshot = pinned ? { snapshot: await takeSnapshot(folders.raw, null) } : {};
        requests = breakAfter ?? Number.POSITIVE_INFINITY;
        if (await breaksOff(splitData(folders, share, snapshot))) continue;
        assert.deepEqual(sharedContents(stores.processed, stores.test), []);
        for (const [key, content] of stores.raw.objects) {
          assert.equal(stores[sideOf(sha256(content), share)].objects.get(key), content);
        }
        const placed = stores.processed.objects.size + stores.test.objects.size;
        if (pinned) assert.equal(placed, stores.raw.objects.size, "with a snapshot there is nothing else");
      }
    }),
    { numRuns: 150 },
  );
});

test("at an unchanged share, not even a run that broke off has a picture on both sides", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(raw, { minLength: 2, maxLength: 4 }), fc.nat({ max: 60 }), async (all, breakAfter) => {
      let requests = Number.POSITIVE_INFINITY;
      const stores = ["raw", "processed", "test"].map((name) =>
        createMemoryStore(name, async () => {
          if (requests-- <= 0) throw new Error("broken off");
          const [, processed, tests] = stores as [MemoryStore, MemoryStore, MemoryStore];
          assert.deepEqual(sharedContents(processed, tests), []);
        }),
      ) as [MemoryStore, MemoryStore, MemoryStore];
      const [source, processed, tests] = stores;
      for (const [i, contents] of all.entries()) {
        replaceAll(source, contents);
        requests = i === all.length - 1 ? breakAfter : Number.POSITIVE_INFINITY;
        await breaksOff(splitData({ raw: source.folder, processed: processed.folder, test: tests.folder }, 0.5));
        assert.deepEqual(sharedContents(processed, tests), []);
      }
    }),
    { numRuns: 100 },
  );
});

test("what changes while it is split is not used, neither as it was nor as it is (DAT-10)", async () => {
  const [processed, tests] = [createMemoryStore("processed"), createMemoryStore("test")];
  const before = createMemoryStore("raw", async (request) => {
    if (request === "stream rose/1.jpg") before.write("rose/1.jpg", "changed");
  });
  before.write("rose/1.jpg", "as it was listed");
  const folders = { raw: before.folder, processed: processed.folder, test: tests.folder };
  await assert.rejects(splitData(folders, 0.5), ChangedError);
  assert.equal(processed.objects.size + tests.objects.size, 0);
});

test("a snapshot is used as it was taken: what came since is left out, what changed since is refused", async () => {
  const [source, processed, tests] = ["raw", "processed", "test"].map((name) => createMemoryStore(name)) as [
    MemoryStore,
    MemoryStore,
    MemoryStore,
  ];
  const folders = { raw: source.folder, processed: processed.folder, test: tests.folder };
  for (let i = 0; i < 10; i++) source.write(`rose/${i}.jpg`, `picture ${i}`);
  const snapshot = await takeSnapshot(source.folder, null);
  source.write("rose/late.jpg", "late");
  const split = await splitData(folders, 0.3, { snapshot });
  assert.deepEqual([split.written, split.removed], [10, 0]);
  assert.ok(!processed.objects.has("rose/late.jpg") && !tests.objects.has("rose/late.jpg"));

  assert.equal((await splitData(folders, 0.3)).written, 1, "without a snapshot what came since is used");
  assert.equal((await splitData(folders, 0.3, { snapshot })).removed, 1, "and with it, taken off again");
  source.write("rose/3.jpg", "changed");
  await assert.rejects(splitData(folders, 0.3, { snapshot }), /was changed while it was read/);
  source.delete("rose/3.jpg");
  await assert.rejects(splitData(folders, 0.3, { snapshot }), /was changed while it was read/);
  const elsewhere = { ...snapshot, dataPath: "s3://other/" };
  await assert.rejects(
    splitData(folders, 0.3, { snapshot: elsewhere }),
    /snapshot is of `s3:\/\/other\/`, not of `s3:\/\/raw\/`/,
  );
});

test("the rows of a table go with their pictures, all columns, with the place that each picture has", async () => {
  const place = join(root, "table");
  const put = async (key: string, content: string) => {
    await mkdir(dirname(join(place, "raw", key)), { recursive: true });
    await writeFile(join(place, "raw", key), content);
  };
  const rows = ['path,label,"taken, by"'];
  for (let i = 0; i < 20; i++) {
    await put(`shots/${i}.jpg`, `picture ${i}`);
    rows.push(`shots/${i}.jpg,${i % 2 ? "rose" : "daisy"},"=HYPERLINK(""${i}"")"`);
  }
  await put("labels.csv", `${rows.join("\r\n")}\r\n`);
  const paths = { raw: join(place, "raw"), processed: join(place, "processed"), test: join(place, "test") };
  const split = await prepareData(paths, 0.4);
  assert.equal(split.written, 20);
  const tables = await Promise.all(
    [paths.processed, paths.test].map((side) => readFile(join(side, "labels.csv"), "utf8")),
  );
  const lines = tables.map((text) => text.trimEnd().split("\n"));
  for (const [i, side] of [paths.processed, paths.test].entries()) {
    const [header, ...records] = lines[i] ?? [];
    assert.equal(header, 'path,label,"taken, by"');
    const files = (await readdir(side, { recursive: true })).filter((name) => name.endsWith(".jpg"));
    assert.deepEqual(records.map((record) => record.split(",")[0]).sort(), files.sort());
    assert.ok(
      records.every((record) => /^(rose|daisy)\/shots_\d+\.jpg,(rose|daisy),"=HYPERLINK\(""\d+""\)"$/.test(record)),
    );
  }
  assert.equal(lines.flat().length, 22, "each row is on one side");
  const again = await prepareData(paths, 0.4);
  assert.deepEqual([again.written, again.unchanged, again.stale], [0, 20, []]);
});

const unusable: [string, string, RegExp][] = [
  ["without a path", "file,label\na.jpg,rose\n", /has no column `path`, only file, label/],
  ["that names no file", "path,label\nb.jpg,rose\n", /record 1: there is no file `b.jpg`/],
  [
    "that names a file twice",
    "path,label\na.jpg,rose\na.jpg,rose\n",
    /record 2: `rose\/a.jpg` is the place of an earlier/,
  ],
  ["whose class leaves the folder", "path,label\na.jpg,..\n", /is not a name inside a folder/],
  ["whose class is a path", "path,label\na.jpg,x/y\n", /record 1: `x\/y` is no class/],
  ["that is no CSV", 'path,label\n"a.jpg,rose\n', /is not a CSV table in UTF-8: line 2/],
];
for (const [what, table, message] of unusable) {
  test(`a table ${what} splits nothing`, async () => {
    const stores = ["raw", "processed", "test"].map((name) => createMemoryStore(name)) as [
      MemoryStore,
      MemoryStore,
      MemoryStore,
    ];
    const [source, processed, tests] = stores;
    source.write("a.jpg", "picture");
    source.write("labels.csv", table);
    const folders = { raw: source.folder, processed: processed.folder, test: tests.folder };
    await assert.rejects(splitData(folders, 0.5), message);
    assert.equal(processed.objects.size + tests.objects.size, 0);
  });
}
