import assert from "node:assert/strict";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { formatLocation, parseLocation, within } from "../../../delivery/location.ts";
import { listAll, openFolder } from "../../../delivery/objects.ts";
import { provePackages } from "./package-contract.ts";

const root = await mkdtemp(join(tmpdir(), "packages-"));
after(() => rm(root, { recursive: true }));

let places = 0;
provePackages("local folder", async (name) => join(root, `${places++}-${name}`, "models"));

test("paths are read as folders, with or without a slash at the end", () => {
  assert.deepEqual(parseLocation("s3://my-bucket/a/b"), { kind: "s3", bucket: "my-bucket", prefix: "a/b/" });
  assert.deepEqual(parseLocation("s3://my-bucket"), { kind: "s3", bucket: "my-bucket", prefix: "" });
  assert.equal(formatLocation(parseLocation("/tmp/x/")), "/tmp/x/");
  assert.equal(formatLocation(within(parseLocation("s3://my-bucket/models/latest/"), "..")), "s3://my-bucket/models/");
});

const badPaths: [string, RegExp][] = [
  ["", /a path is empty/],
  ["http://host/x", /scheme `http`; allowed are/],
  ["file:///etc", /scheme `file`/],
  ["s3://", /names bucket ``/],
  ["s3://Bad_Bucket/x", /a bucket has 3 to 63/],
  ["s3://my-bucket/a/../b", /`\.` or `\.\.` segment/],
];
for (const [path, message] of badPaths) {
  test(`path ${JSON.stringify(path)} is refused with what is allowed`, () => {
    assert.throws(() => parseLocation(path), message);
  });
}

test("names that would leave their folder are refused", async () => {
  for (const key of ["../x", "/etc/passwd", "a/../../x", "a\\b", ""]) {
    await assert.rejects(async () => openFolder(root).get(key), /is not a name inside a folder/);
  }
});

test("symbolic links are listed as such and never followed", async () => {
  const folder = join(root, "links");
  await openFolder(folder).put("real.txt", "x");
  await symlink("/etc/hostname", join(folder, "link.txt"));
  const listed = await listAll(openFolder(folder));
  assert.deepEqual(
    listed.map(({ key, link }) => [key, link]),
    [
      ["link.txt", true],
      ["real.txt", undefined],
    ],
  );
  await assert.rejects(openFolder(folder).stream("link.txt"), /symbolic link; links are refused/);
});

test("a conditional write leaves what is there", async () => {
  const folder = openFolder(join(root, "conditions"));
  assert.equal(await folder.put("a", "1", { ifNoneMatch: "*" }), true);
  assert.equal(await folder.put("a", "2", { ifNoneMatch: "*" }), false);
  assert.equal(await folder.put("a", "3", { ifMatch: '"other"' }), false);
  assert.equal((await folder.get("a"))?.content.toString(), "1");
  await writeFile(join(root, "conditions", "b.0123456789ab.part"), "half");
  assert.deepEqual(
    (await listAll(folder)).map(({ key }) => key),
    ["a"],
  );
});
