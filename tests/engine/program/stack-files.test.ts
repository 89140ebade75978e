import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { projectRoot } from "../../support/emulator.ts";
import { stackFiles } from "../../support/stack-files.ts";

/** A team's own stack files say something else, so that this is no test that teams run. */
for (const name of ["Pulumi.staging.yaml", "Pulumi.production.yaml"]) {
  it(`unit tests use ${name} as the project comes with it`, () => {
    const copy = readFileSync(join(stackFiles, name), "utf8");
    assert.equal(copy, readFileSync(join(projectRoot, name), "utf8"), `copy ${name} to ${stackFiles}`);
  });
}
