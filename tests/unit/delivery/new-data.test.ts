import assert from "node:assert/strict";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { sha256 } from "../../../delivery/digest.ts";
import { checkNewData, commitMark } from "../../../delivery/new-data.ts";
import { contentOf, formatSnapshot, parseSnapshot, type Snapshot } from "../../../delivery/snapshot.ts";
import { createMemoryStore } from "../../support/memory-store.ts";

/** The check and the mark while data arrives, is overwritten and goes away, and while two runs work side by side. */

/** Small bounds: what goes wrong does so with a few objects, pages of two and many orders of events. */
const KEYS = ["a", "b", "c", "d", "e"];

const change = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant("write" as const), key: fc.constantFrom(...KEYS) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("delete" as const), key: fc.constantFrom(...KEYS) }) },
);

/** One run: it trains on what its snapshot pins, or breaks off; it commits only after a training that went well. */
type Run = { readonly used: Map<string, string>; readonly news: readonly string[]; readonly snapshot: Snapshot };

test("whatever happens meanwhile, every object is trained on once or found by the next check, never lost or counted twice", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(change, { maxLength: 12 }),
      fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }),
      async (scheduler, changes, breaksOff) => {
        const data = createMemoryStore("data", (request) => scheduler.schedule(Promise.resolve(), request));
        const marks = createMemoryStore("marks", (request) => scheduler.schedule(Promise.resolve(), request));
        const mark = { folder: marks.folder, key: "last_check.txt" };
        let written = 0;
        // Every content is written once in all, so that it stands for one arrival.
        const apply = (one: (typeof changes)[number]) =>
          one.do === "write" ? data.write(one.key, `content ${written++}`) : data.delete(one.key);
        for (const key of KEYS.slice(0, 3)) apply({ do: "write", key });
        const committed: Run[] = [];
        const trainThrice = async (side: number) => {
          for (let round = 0; round < 3; round++) {
            const check = await checkNewData(data.folder, mark);
            if (!check.hasNewData) continue;
            const used = await train(check.snapshot, data.folder, breaksOff[side * 3 + round] === true);
            if (used === undefined) continue;
            const run = { used, news: newsOf(check, used), snapshot: check.snapshot };
            const moved = await commitMark(mark, check.snapshot).catch(() => false);
            // Two runs with the same snapshot are one step of the mark, whoever made it.
            const twin = committed.some(({ snapshot }) => isDeepStrictEqual(snapshot, run.snapshot));
            if (moved && !twin) committed.push(run);
          }
        };
        scheduler.scheduleSequence(changes.map((one) => async () => apply(one)));
        await scheduler.waitFor(Promise.all([trainThrice(0), trainThrice(1)]));
        await scheduler.waitIdle();

        const last = scheduler.waitFor(checkNewData(data.folder, mark));
        const { added, changed, removed } = await last;
        const inMark = committed.at(-1)?.used ?? new Map<string, string>();
        const expectedNew = [...data.objects]
          .filter(([key, content]) => inMark.get(key) !== content)
          .map(([key]) => key);
        assert.deepEqual([...added, ...changed].sort(), expectedNew.sort(), "nothing is lost");
        assert.deepEqual(removed, [...inMark.keys()].filter((key) => !data.objects.has(key)).sort());
        const news = committed.flatMap((run) => run.news);
        assert.equal(new Set(news).size, news.length, "nothing is counted twice");
        for (const [i, run] of committed.entries()) {
          const before = committed[i - 1];
          const follows = before === undefined ? null : sha256(formatSnapshot(before.snapshot));
          assert.equal(run.snapshot.base, follows, "each mark follows the one before it");
        }
      },
    ),
    { numRuns: 200 },
  );
});

/** Reads exactly what is pinned, as prepare-data does; nothing where an object is no longer that, or the run breaks off. */
async function train(
  snapshot: Snapshot,
  data: Parameters<typeof checkNewData>[0],
  breaksOff: boolean,
): Promise<Map<string, string> | undefined> {
  const used = new Map<string, string>();
  for (const [key, , identity] of snapshot.objects) {
    const content = contentOf(identity);
    const stream = await data.stream(key, "etag" in content ? content.etag : undefined).catch(() => undefined);
    if (stream === undefined) return undefined;
    used.set(key, (await buffer(stream)).toString());
  }
  return breaksOff ? undefined : used;
}

function newsOf(check: Awaited<ReturnType<typeof checkNewData>>, used: ReadonlyMap<string, string>): string[] {
  return [...check.added, ...check.changed].map((key) => `${key} ${used.get(key)}`);
}

test("a snapshot reads back as it was written, whatever its keys are", () => {
  const entry = fc.tuple(fc.string({ minLength: 1, unit: "binary" }), fc.nat(), fc.constant("etag:0123"));
  const entries = fc.uniqueArray(entry, { selector: ([key]) => key });
  fc.assert(
    fc.property(entries, (objects) => {
      const sorted = objects.sort(([a], [b]) => (a < b ? -1 : 1));
      const snapshot: Snapshot = { dataPath: "s3://bucket/data/raw/", base: null, objects: sorted };
      assert.deepEqual(parseSnapshot(formatSnapshot(snapshot), "it"), snapshot);
    }),
  );
});

test("the same mark cannot be moved twice from one place, even when a reader is slow", async () => {
  const data = createMemoryStore("data");
  const marks = createMemoryStore("marks");
  const mark = { folder: marks.folder, key: "mark" };
  data.write("a", "one");
  const slow = await checkNewData(data.folder, mark);
  data.write("b", "two");
  const fast = await checkNewData(data.folder, mark);
  const results = await Promise.allSettled([commitMark(mark, slow.snapshot), commitMark(mark, fast.snapshot)]);
  assert.deepEqual(results.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
  const winner = results[0]?.status === "fulfilled" ? slow : fast;
  assert.equal(marks.objects.get("mark"), formatSnapshot(winner.snapshot));
  assert.equal(await commitMark(mark, winner.snapshot), false);
});
