import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { readJsonFile, writeFileAtomically } from "../../../emulator/atomic-file.ts";

describe("a file written atomically", () => {
  const folder = mkdtempSync(join(tmpdir(), "ml-delivery-atomic-"));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("replaces the old content and leaves nothing beside it", async () => {
    const file = join(folder, "a.json");
    await writeFileAtomically(file, "1");
    await writeFileAtomically(file, "2", 0o600);
    assert.equal(readFileSync(file, "utf8"), "2");
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(folder), ["a.json"]);
  });

  it("reads as undefined where there is none, and refuses what is not JSON", async () => {
    assert.equal(await readJsonFile(join(folder, "none.json")), undefined);
    writeFileSync(join(folder, "broken.json"), "{");
    await assert.rejects(readJsonFile(join(folder, "broken.json")), /does not hold JSON/);
  });
});
