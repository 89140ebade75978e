import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { projectRoot } from "../../../tools/places.ts";
import { splitInTwo } from "../../../tools/rehearsal/pictures.ts";

const folder = mkdtempSync(join(tmpdir(), "ml-delivery-usage-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function rehearse(...args: string[]) {
  const cli = join(projectRoot, "tools", "rehearsal", "cli.ts");
  const { status, stderr } = spawnSync(process.execPath, [cli, ...args], {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, INIT_CWD: folder },
  });
  return { status, stderr };
}

/** A folder of pictures: class to number of them. */
function pictures(name: string, classes: Record<string, number>): string {
  for (const [label, count] of Object.entries(classes)) {
    mkdirSync(join(folder, name, label), { recursive: true });
    for (let i = 0; i < count; i += 1) writeFileSync(join(folder, name, label, `${i}.jpg`), `${label} ${i}`);
  }
  return name;
}

describe("a rehearsal's flags", () => {
  const cases: [name: string, args: string[], message: RegExp][] = [
    ["a folder that is not there", ["--data", "nowhere"], /--data names `.*nowhere`, which is not a folder/],
    [
      "a folder of one class",
      ["--data", pictures("one", { fern: 20 })],
      /1 sub-folders with pictures.*at least 2 classes/,
    ],
    [
      "a class too small to test",
      ["--data", pictures("few", { fern: 40, ivy: 29 })],
      /class `ivy` has 29 pictures; at least 30/,
    ],
    [
      "a percentage for an accuracy",
      ["--min-accuracy", "85"],
      /--min-accuracy is `85`; it is a share of right answers/,
    ],
    ["no number for an accuracy", ["--min-accuracy", ""], /--min-accuracy is ``; it is a share/],
    ["a flag there is not", ["--dat", "x"], /Unknown option '--dat'/],
  ];
  for (const [name, args, message] of cases) {
    it(`refuses ${name}, with exit code 2`, () => {
      const { status, stderr } = rehearse(...args);
      assert.match(stderr, message);
      assert.equal(status, 2);
    });
  }

  it("never empties a folder that was no rehearsal", () => {
    const home = pictures("precious", { holiday: 1 });
    const { status, stderr } = rehearse("--home", home);
    assert.match(stderr, /holds something that is no rehearsal and would be deleted/);
    assert.equal(status, 2);
    assert.ok(existsSync(join(folder, home, "holiday", "0.jpg")));
  });
});

describe("the pictures of a rehearsal", () => {
  it("arrive in two lots, each class in the same share", () => {
    const all = ["fern", "ivy"].flatMap((label) =>
      Array.from({ length: 10 }, (_, i) => ({ file: `${label}/${i}`, label, name: `${i}` })),
    );
    const { first, later } = splitInTwo(all, 0.25);
    const count = (lot: readonly { label: string }[], label: string) => lot.filter((one) => one.label === label).length;
    assert.deepEqual([count(first, "fern"), count(first, "ivy")], [3, 3]);
    assert.deepEqual([count(later, "fern"), count(later, "ivy")], [7, 7]);
  });
});
