import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { directDependencies, resourcePackages } from "../../../tools/language-host/packages.ts";

const root = mkdtempSync(join(tmpdir(), "packages-"));

before(() => {
  const write = (path: string, content: object) => {
    mkdirSync(join(root, path), { recursive: true });
    writeFileSync(join(root, path, "package.json"), JSON.stringify(content));
  };
  write(".", { name: "program", dependencies: { "@pulumi/aws": "7", plain: "1", hidden: "1", absent: "1" } });
  write("node_modules/@pulumi/aws", {
    name: "@pulumi/aws",
    version: "7.48.0",
    pulumi: { resource: true, name: "aws" },
  });
  write("node_modules/plain", { name: "plain", version: "1.2.3" });
  const pulumi = { resource: true, name: "hidden", version: "2.0.0", server: "https://plugins.example.org" };
  write("node_modules/hidden", { name: "hidden", version: "1.0.0", exports: {}, pulumi });
  write("node_modules/unlisted", { name: "unlisted", version: "1.0.0", pulumi: { resource: true } });
  mkdirSync(join(root, "deep", "er"), { recursive: true });
});

after(() => rmSync(root, { recursive: true, force: true }));

test("providers are the direct dependencies that say so, with the plugin's version and server", () => {
  assert.deepEqual(resourcePackages(root), [
    { name: "aws", version: "7.48.0", server: "" },
    { name: "hidden", version: "2.0.0", server: "https://plugins.example.org" },
  ]);
});

test("a program below its package.json is found", () => {
  assert.equal(resourcePackages(join(root, "deep", "er")).length, 2);
});

test("dependencies are listed with the version that is installed, and those that are not are left out", () => {
  assert.deepEqual(directDependencies(root), [
    { name: "@pulumi/aws", version: "7.48.0" },
    { name: "plain", version: "1.2.3" },
    { name: "hidden", version: "1.0.0" },
  ]);
});
