import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { projectRoot } from "../../tools/places.ts";
import { renderedFiles } from "../../tools/render.ts";

for (const [file, text] of Object.entries(renderedFiles())) {
  it(`${file} is what \`npm run render\` writes`, () => {
    assert.equal(readFileSync(join(projectRoot, file), "utf8"), text);
  });
}
