import assert from "node:assert/strict";
import { access, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { publishPackage, setAlias } from "../../../delivery/package.ts";
import { findHolds, planPrune } from "../../../delivery/prune.ts";
import { appendRelease, type ReleaseRecord } from "../../../delivery/release-log.ts";
import { runScript } from "../scripts/run-script.ts";
import { modelFolder } from "./package-contract.ts";

const root = await mkdtemp(join(tmpdir(), "prune-"));
after(() => rm(root, { recursive: true }));
const now = new Date("2026-11-24T12:00:00Z");
const DAY_MS = 86_400_000;

const name = (index: number) => index.toString(16).padStart(16, "0");
const stored = (ages: readonly number[]) =>
  ages.map((days, index) => ({
    version: name(index),
    createdAt: new Date(now.getTime() - days * DAY_MS).toISOString(),
  }));
const gone = (plan: ReturnType<typeof planPrune>) => plan.filter(({ remove }) => remove).map(({ version }) => version);

test("what goes is old, beyond the newest, and held by nothing; each package has its reason", () => {
  const holds = new Map([[name(3), "serves `m-00000000` of production"]]);
  const plan = planPrune(stored([1, 40, 100, 200, 300]), holds, { keep: 1, olderThanDays: 90 }, now);
  assert.deepEqual(
    plan.map(({ remove, reason }) => [remove, reason]),
    [
      [false, "is among the 1 newest"],
      [false, "is not older than 90 days"],
      [true, "is 100 days old, and nothing holds it"],
      [false, "serves `m-00000000` of production"],
      [true, "is 300 days old, and nothing holds it"],
    ],
  );
  const undated = [{ version: name(9), createdAt: "some day" }];
  assert.deepEqual(gone(planPrune(undated, new Map(), { keep: 0, olderThanDays: 0 }, now)), []);
});

test("whatever the rules, nothing goes that is held, young or among the newest, and all else goes", () => {
  const ages = fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 30 });
  const rules = fc.record({ keep: fc.nat(10), olderThanDays: fc.integer({ min: 0, max: 400 }) });
  fc.assert(
    fc.property(ages, fc.array(fc.nat(30)), rules, (days, held, rule) => {
      const packages = stored(days);
      const holds = new Map(held.map((index) => [name(index), "is held"]));
      const removed = new Set(gone(planPrune(packages, holds, rule, now)));
      const newest = packages.toSorted((a, b) => (a.createdAt < b.createdAt ? 1 : -1)).slice(0, rule.keep);
      const oldestKept = newest.at(-1)?.createdAt;
      for (const { version, createdAt } of packages) {
        const old = now.getTime() - Date.parse(createdAt) > rule.olderThanDays * DAY_MS;
        if (removed.has(version)) assert.ok(!holds.has(version) && old);
        // Of packages of one instant any may be the newest.
        const beyond = oldestKept === undefined || createdAt < oldestKept;
        if (!holds.has(version) && old && beyond) assert.ok(removed.has(version), `${version} stays`);
      }
      assert.ok(packages.length - removed.size >= Math.min(rule.keep, packages.length));
    }),
  );
});

const models = join(root, "bucket", "models");
async function publish(content: string): Promise<string> {
  const fields = { data: { fingerprint: "d".repeat(64), count: 3 }, git: null, parameters: {}, parent: null };
  const { path, version } = await publishPackage(await modelFolder(root, content, content), models, fields);
  const manifest = JSON.parse(await readFile(join(path, "manifest.json"), "utf8"));
  await writeFile(join(path, "manifest.json"), JSON.stringify({ ...manifest, createdAt: "2020-01-01T00:00:00.000Z" }));
  return version;
}
const deployment = (version: string) => `m-${version.slice(0, 8)}`;

test("live, previous, mirrored and aliased models stay, in whichever environment; the others go whole", async () => {
  const [live, canary, staged, previous, shadow, latest, old] = await Promise.all(
    ["live", "canary", "staged", "previous", "shadow", "latest", "old"].map(publish),
  );
  assert.ok(live && canary && staged && previous && shadow && latest && old);
  const team = join(root, "team");
  await mkdir(team);
  await writeFile(join(team, "Pulumi.yaml"), "name: ml-delivery\n");
  const stack = (environment: string, ...versions: string[]) => {
    const deployments = Object.fromEntries(
      versions.map((version) => [deployment(version), { model: `s3://elsewhere/models/${version}/`, instances: 1 }]),
    );
    const config = {
      "ml-delivery:project": "no-such-project",
      "ml-delivery:endpoint": { name: `plants-${environment}`, deployments, traffic: {} },
    };
    return writeFile(join(team, `Pulumi.${environment}.yaml`), JSON.stringify({ config }));
  };
  await stack("production", live, canary);
  await stack("staging", staged);
  const record: ReleaseRecord = {
    schema: 1,
    at: "2026-11-01T00:00:00.000Z",
    who: "octocat",
    what: "deploy",
    environment: "production",
    endpoint: "plants-production",
    version: live,
    from: { [deployment(previous)]: 100 },
    to: { [deployment(live)]: 100, [deployment(previous)]: 0 },
    mirror: { [deployment(shadow)]: 10 },
    evidence: {},
    commit: null,
  };
  await appendRelease(models, { ...record, at: "2025-01-01T00:00:00.000Z", from: { [deployment(old)]: 100 } });
  await appendRelease(models, record);
  await setAlias(models, "latest", latest);

  const run = (...flags: string[]) =>
    runScript("prune-models", ["--models-path", models, "--keep", "0", "--older-than", "30", "--json", ...flags], {
      cwd: team,
    });
  const asked = await run("--dry-run");
  assert.equal(asked.code, 0, asked.stderr);
  assert.deepEqual(gone(JSON.parse(asked.stdout).packages), [old]);
  await access(join(models, old, "model.onnx"));
  const done = await run();
  assert.deepEqual(JSON.parse(done.stdout).removed, [old], done.stderr);
  await assert.rejects(access(join(models, old, "model.onnx")));
  for (const version of [live, canary, staged, previous, shadow, latest]) {
    await access(join(models, version, "manifest.json"));
  }
  await writeFile(join(team, "Pulumi.staging.yaml"), "config: {}\n");
  assert.equal((await run()).code, 2, "a stack file that cannot be read stops it");
  await assert.rejects(findHolds(models, root), /no stack file in .*, so what is live is not known/);
});
