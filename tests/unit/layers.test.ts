import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";

const root = join(import.meta.dirname, "../..");

/** What a folder may import besides itself, from docs/architecture.md. A folder that is not here may not hold code. */
const MAY_IMPORT: Readonly<Record<string, readonly string[] | "anything">> = {
  "index.ts": ["config.ts", "components", "delivery", "pipelines"],
  "config.ts": ["components", "delivery", "pipelines"],
  components: ["delivery"],
  delivery: [],
  scripts: ["delivery"],
  pipelines: [],
  policy: [],
  src: [],
  emulator: [],
  tools: ["emulator", "pipelines", "config.ts", "delivery"],
  bench: "anything",
  tests: "anything",
};

type Source = { readonly path: string; readonly text: string };

const sources: readonly Source[] = execFileSync("git", ["ls-files", "-z", "*.ts"], { cwd: root, encoding: "utf8" })
  .split("\0")
  .filter((path) => path !== "" && existsSync(join(root, path)))
  .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));

/** The relative modules that a file imports, types and dynamic imports included, as paths from the root. */
function importsOf({ path, text }: Source): string[] {
  const found = text.matchAll(/(?:\bfrom|^import|\bimport\s*\()\s*["'`](?<module>\.{1,2}\/[^"'`]+)["'`]/gm);
  return [...found].flatMap(({ groups }) => relative(root, join(root, dirname(path), groups?.["module"] ?? "")));
}

/** The top folder, or the file itself where it lies at the root. */
const roomOf = (path: string) => path.split("/")[0] ?? path;

function breaches(source: Source): string[] {
  const room = roomOf(source.path);
  const allowed = MAY_IMPORT[room];
  if (allowed === undefined) return [`${source.path}: ${room} is not in docs/architecture.md`];
  if (allowed === "anything") return [];
  return importsOf(source)
    .map(roomOf)
    .filter((target) => target !== room && !allowed.includes(target))
    .map(
      (target) => `${source.path} imports from ${target}; ${room} may import from ${allowed.join(", ") || "no other"}`,
    );
}

test("imports follow the arrows of docs/architecture.md", () => {
  assert.ok(sources.length > 20, `only ${sources.length} sources were found`);
  assert.deepEqual(sources.flatMap(breaches), []);
});

test("a forbidden import is seen, in every form", () => {
  const forms = [
    'import { x } from "../emulator/x.ts";',
    'import type { X } from "../emulator/x.ts";',
    'import "../emulator/x.ts";',
    'export * from "../emulator/x.ts";',
    'import {\n  x,\n} from "../emulator/x.ts";',
    'const x = await import("../emulator/x.ts");',
    'type X = import("../emulator/x.ts").X;',
  ];
  for (const text of forms) {
    assert.deepEqual(breaches({ path: "scripts/deploy.ts", text }), [
      "scripts/deploy.ts imports from emulator; scripts may import from delivery",
    ]);
  }
  assert.deepEqual(breaches({ path: "scripts/deploy.ts", text: 'import { x } from "../delivery/x.ts";' }), []);
});

test("every folder of the table in docs/architecture.md is held here", () => {
  const table = readFileSync(join(root, "docs/architecture.md"), "utf8").split("## A model's way")[0] ?? "";
  const rows = [...table.matchAll(/^\| (?<rooms>`[^|]+?) *\|/gm)].flatMap(
    ({ groups }) => groups?.["rooms"]?.split(", ") ?? [],
  );
  assert.deepEqual(
    rows.map((room) => room.replaceAll("`", "").replace(/\/$/, "")).sort(),
    Object.keys(MAY_IMPORT).sort(),
  );
});

const lengthOf = ({ text }: Source) => text.split("\n").length - 1;

test("no file is longer than 400 lines", () => {
  const long = sources
    .filter((source) => lengthOf(source) > 400)
    .map((source) => `${source.path}: ${lengthOf(source)}`);
  assert.deepEqual(long, []);
});

test("index.ts stays under 60 lines", () => {
  const index = readFileSync(join(root, "index.ts"), "utf8");
  assert.ok(lengthOf({ path: "index.ts", text: index }) < 60);
});
