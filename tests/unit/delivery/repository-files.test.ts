import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parse } from "yaml";
import { actionsIn, codeOwners, dependabot } from "../../../delivery/repository-files.ts";

describe("CODEOWNERS", () => {
  it("gives what decides about production to its owners", () => {
    const [first, ...lines] = codeOwners(["@a/b", "@c"]).trimEnd().split("\n");
    assert.match(first ?? "", /^# Generated from /);
    assert.deepEqual(
      lines.map((line) => line.split(/ +/)),
      ["/.github/", "/Pulumi.*.yaml", "/Pulumi.yaml", "/index.ts", "/config.ts", "/components/", "/policy/"].map(
        (path) => [path, "@a/b", "@c"],
      ),
    );
  });
});

describe("dependabot.yml", () => {
  it("updates packages, actions and images weekly, a week after their release", () => {
    const { version, updates } = parse(dependabot());
    assert.equal(version, 2);
    const seen = updates.map((each: Record<string, unknown>) => [
      each["package-ecosystem"],
      each["directory"],
      each["schedule"],
      each["cooldown"],
    ]);
    const rest = ["/", { interval: "weekly" }, { "default-days": 7 }];
    assert.deepEqual(seen, [
      ["npm", ...rest],
      ["github-actions", ...rest],
      ["docker", ...rest],
    ]);
  });
});

describe("the actions of workflows", () => {
  it("are named once each, with those in a folder of a repository, and nothing else is taken for one", () => {
    const text = [
      "      - uses: actions/checkout@0123 # v7",
      '        uses: "aws-actions/configure-aws-credentials@0123"',
      "      - uses: github/codeql-action/init@0123",
      "      - uses: ./local",
      "        run: echo uses: evil/action@1",
    ].join("\n");
    const files = { ".github/workflows/a.yml": text, ".github/workflows/b.yml": text, "docs/a.md": "uses: x/y@1" };
    assert.deepEqual(actionsIn(files), [
      "actions/checkout@*",
      "aws-actions/configure-aws-credentials@*",
      "github/codeql-action/init@*",
    ]);
  });
});
