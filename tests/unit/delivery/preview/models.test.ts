import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { publishPackage } from "../../../../delivery/package.ts";
import { readModelChanges } from "../../../../delivery/preview/models.ts";
import type { Environment } from "../../../../delivery/release.ts";
import { goodMetrics } from "../../../support/model-figures.ts";
import { modelFolder } from "../package-contract.ts";

const FIELDS = { data: { fingerprint: "d".repeat(64), count: 3 }, git: null, parameters: { seed: 1 }, parent: null };

describe("the models of a change", () => {
  let scratch: string;
  let evaluated: string;
  let bare: string;
  before(async () => {
    scratch = await mkdtemp(join(tmpdir(), "model-changes-"));
    const publish = async (name: string) =>
      (await publishPackage(await modelFolder(scratch, name, name), join(scratch, "models"), FIELDS)).path;
    [evaluated, bare] = [await publish("one"), await publish("two")];
    await writeFile(join(evaluated, "metrics.json"), JSON.stringify(goodMetrics("one", { accuracy: 0.9375 })));
  });
  after(() => rm(scratch, { recursive: true, force: true }));

  it("are told by what their packages say was measured, or why that cannot be told", async () => {
    const deployments = { "m-old": { model: evaluated }, "m-new": { model: evaluated }, "m-bare": { model: bare } };
    const environment = { endpoint: { deployments } } as unknown as Environment;
    const { changes, unread } = await readModelChanges(environment, { "m-old": 100 });
    const [change] = changes;
    assert.equal(changes.length, 1);
    assert.deepEqual(
      [change?.candidate.deployment, change?.candidate.accuracy, change?.champion?.accuracy],
      ["m-new", 0.9375, 0.9375],
    );
    assert.ok((change?.candidate.latencyMs ?? 0) > 0);
    assert.deepEqual(unread, [
      { deployment: "m-bare", reason: `\`${bare}\` has no metrics.json: it was never evaluated` },
    ]);
  });
});
