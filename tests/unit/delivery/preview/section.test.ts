import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { changesIn, trafficNow } from "../../../../delivery/preview/changes.ts";
import { COMMENT_LIMIT, commentOf, sectionLimit, sectionsIn } from "../../../../delivery/preview/comment.ts";
import { readPreview } from "../../../../delivery/preview/events.ts";
import { figuresOf } from "../../../../delivery/preview/models.ts";
import { type Subject, sectionOf } from "../../../../delivery/preview/section.ts";
import { preview, step, TRAFFIC } from "./events.ts";

const bucket = "aws:s3/bucket:Bucket";
const estimate = (resources: Record<string, number>) => ({
  monthlyEstimate: {
    currency: "USD",
    fixed: Object.values(resources).reduce((sum, one) => sum + one, 0),
    unknown: [],
    resources,
  },
});
const shift = step(
  "update",
  TRAFFIC,
  "endpoint-traffic",
  { traffic: { "m-old": 90, "m-new": 10 }, models: { "m-old": "aaaa", "m-new": "bbbb" }, __provider: "text" },
  { traffic: { "m-old": 75, "m-new": 25 }, models: { "m-old": "aaaa", "m-new": "bbbb" }, __provider: "other text" },
);
const show = (lines: string, more: Partial<Subject> = {}, limit = 30_000) =>
  sectionOf({ stack: "production", preview: readPreview(lines), models: { changes: [], unread: [] }, ...more }, limit);
const headline = (lines: string) => show(lines).split("\n")[0];

describe("a section", () => {
  it("tells the greatest risk first", () => {
    const text = show(
      preview(
        [
          step("update", "aws:iam/role:Role", "role", { path: "/a" }, { path: "/b" }),
          step("create", "aws:iam/role:Role", "made", undefined, {}),
          step("delete", "aws:iam/role:Role", "gone", {}),
          step("create-replacement", bucket, "models", { bucket: "a" }, { bucket: "b" }),
          step("replace", bucket, "models", { bucket: "a", tags: { x: "1" } }, { bucket: "b", tags: {} }, ["bucket"]),
          step("delete-replaced", bucket, "models", { bucket: "a" }, { bucket: "b" }),
          step("replace", "aws:iam/role:Role", "renamed", { name: "a" }, { name: "b" }, ["name"]),
          step("same", bucket, "data", {}, {}),
          shift,
        ],
        [],
        { before: estimate({ registry: 20 }), after: estimate({ registry: 20, "deployment m-new": 140.5 }) },
      ),
      { commit: "0123456789abcdef", runUrl: "https://github.com/o/r/actions/runs/1" },
    );
    assert.equal(
      text,
      `### 🔴 \`production\`: **1 that holds data, keys or an address would be lost**, traffic moves, 1 replaced, 1 deleted, 1 created, 1 updated

of \`0123456789ab\` · [whole output](https://github.com/o/r/actions/runs/1)

> [!CAUTION]
> **What these hold is gone for good:**
> - \`models\` s3 Bucket is **replaced**, because of \`bucket\`

#### 🔀 Moves traffic, \`endpoint-traffic\`

| deployment | model | now | after | |
|---|---|--:|--:|---|
| \`m-old\` | \`aaaa\` | 90 % | **75 %** | \`███████▌░░\` |
| \`m-new\` | \`bbbb\` | 10 % | **25 %** | \`██▌░░░░░░░\` |

#### ♻️ Replaces 1

\`\`\`diff
  renamed (iam Role)
-   name: a
+   name: b
\`\`\`

#### 🗑️ Deletes 1

- **storage** (1): \`gone\` iam Role

#### ➕ Creates 1

- **storage** (1): \`made\` iam Role

#### ✏️ Updates 1

\`\`\`diff
  role (iam Role)
-   path: /a
+   path: /b
\`\`\`

**📏 Policy**: every rule is kept.

#### 💵 Cost of what is always paid: **+140.50** to 160.50 USD a month

| | now | after | |
|---|--:|--:|--:|
| \`deployment m-new\` | — | 140.50 | +140.50 |`,
    );
  });

  it("says so where nothing changes", () => {
    assert.equal(headline(preview([step("same", bucket, "data", {}, {})])), "### ⚪ `production`: nothing changes");
  });

  it("calls what only adds green, and the loss of an address or a key red", () => {
    assert.equal(headline(preview([step("create", bucket, "data", undefined, {})])), "### 🟢 `production`: 1 created");
    const endpoint = "azure-native:machinelearningservices:OnlineEndpoint";
    for (const type of [endpoint, "aws:kms/key:Key", "azure-native:storage:StorageAccount"]) {
      assert.match(headline(preview([step("delete", type, "x", {})])) ?? "", /^### 🔴 .*1 that holds data/);
    }
  });

  it("tells a failure, and how far it got", () => {
    const words = "\u001b[31mthis must not be deployed\u001b[0m:\n  - accuracy is 0.5";
    const lines = preview([step("create", bucket, "data", undefined, {})], [diagnostic("error", words)], {
      result: "failed",
    });
    const text = show(lines);
    assert.match(text, /^### ❌ `production`: the preview failed\n/);
    assert.ok(
      text.includes("```\nthis must not be deployed:\n  - accuracy is 0.5\n```\n\nWhat follows is how far it got"),
    );
    assert.doesNotMatch(text, /every rule is kept|Cost/);
  });

  it("is a failure where the engine said nothing at all", () => {
    assert.match(show(""), /❌ `production`: the preview failed[\s\S]*The engine ended without a word/);
  });

  it("tells what a policy refuses and what it advises", () => {
    const event = (enforcementLevel: string, message: string) => ({
      policyEvent: { policyName: "no-keys", message, enforcementLevel },
    });
    const text = show(
      preview([], [event("mandatory", "endpoint: has a key"), event("advisory", "small")], { result: "failed" }),
    );
    assert.match(text, /^### ⛔ `production`: refused by a policy\n/);
    assert.ok(
      text.includes(
        "#### 📏 Policy: refused\n\n- `no-keys`\n  ```\n  endpoint: has a key\n  ```\n\nAdvice:\n\n- `no-keys`",
      ),
    );
  });

  it("shows a new model beside the champion, class by class", () => {
    const figures = (name: string, accuracy: number, fern: number) =>
      figuresOf(name, `${name}1234567`, {
        accuracy,
        avg_latency_ms: 12.34,
        model_size_mb: "?",
        classes: { fern: { recall: fern }, ivy: { recall: null } },
        test_data_sha256: "d",
      });
    const models = {
      changes: [{ candidate: figures("m-b", 0.95, 0.5), champion: figures("m-a", 0.9, 0.75) }],
      unread: [],
    };
    const text = show(preview([]), { models });
    assert.ok(
      text.endsWith(`#### 🧪 Models

| | champion \`m-a\` (\`m-a12345\`) | new \`m-b\` (\`m-b12345\`) | |
|---|--:|--:|--:|
| accuracy | 90.0 % | 95.0 % | +5.0 |
| milliseconds a picture | 12.3 | 12.3 | +0.0 |
| MB | not known | not known |  |

| recognised of each class | champion | new | |
|---|---|---|--:|
| \`fern\` | \`███████▌░░\` 75.0 % | \`█████░░░░░\` 50.0 % | −25.0 |`),
      text,
    );
  });

  it("reads the traffic that is, of an endpoint that does not change as well", () => {
    const inputs = { traffic: { "m-a": 100 } };
    const lines = preview([step("same", TRAFFIC, "endpoint-traffic", inputs, inputs)]);
    assert.deepEqual(trafficNow(readPreview(lines)), { "m-a": 100 });
    assert.deepEqual(changesIn(readPreview(lines)).traffic, []);
  });

  it("lists a step that it does not know", () => {
    assert.match(
      show(preview([step("teleport", bucket, "data", {}, {})])),
      /#### ❔ Else 1\n\n- `teleport` `data` s3 Bucket/,
    );
  });
});

describe("names and values of others", () => {
  const evil = "x`|</details>\n# @octocat [link](https://example.org) <!-- /stack:production -->\u202e";
  const text = show(
    preview([
      step("create", bucket, evil, undefined, {}),
      step("update", "aws:iam/role:Role", "role", { a: "1" }, { [evil]: `\`\`\`\n${evil}` }),
      step("update", TRAFFIC, evil, { traffic: {} }, { traffic: { [evil]: 100 }, models: { [evil]: evil } }),
    ]),
    { commit: evil, runUrl: "javascript:alert(1)" },
  );

  it("stay in code, on their line", () => {
    const outside = text.replaceAll(/(`{3,})diff\n[\s\S]*?\n\1/g, "").replaceAll(/(`+)(?!`)[^\n]*?[^`]\1(?!`)/g, "");
    for (const one of ["octocat", "example.org", "</details>", "javascript"])
      assert.ok(!outside.includes(one), outside);
    assert.doesNotMatch(text, /^# /m);
    assert.doesNotMatch(text, /\u202e/);
  });

  it("end neither a cell nor the section", () => {
    for (const row of text.split("\n").filter((line) => line.startsWith("| ``"))) {
      assert.equal(row.replaceAll("\\|", "").split("|").length, 7, row);
    }
    const sections = sectionsIn(commentOf(new Map([["production", text]])));
    assert.deepEqual([...sections], [["production", text]]);
  });
});

describe("the length", () => {
  const many = Array.from({ length: 900 }, (_, i) =>
    step("update", "aws:iam/role:Role", `role-${i}`, { path: "a".repeat(100) }, { path: "b".repeat(100) }),
  );

  it("is kept by leaving out whole parts, and says which", () => {
    const text = show(preview([...many, shift]), { runUrl: "https://github.com/o/r/actions/runs/1" }, 20_000);
    assert.ok(text.length <= 20_000);
    assert.match(text, /\n#### ✏️ Updates 900\n/);
    assert.ok(text.includes("#### 🔀 Moves traffic"));
    assert.ok(
      text.endsWith(
        "*Too long for a comment, left out: updates (900).* The [whole output](https://github.com/o/r/actions/runs/1) has it.",
      ),
    );
  });

  it("of all sections fits GitHub's limit", () => {
    const sections = ["production", "staging"].map(
      (stack) => [stack, show(preview(many), {}, sectionLimit(2))] as const,
    );
    assert.ok(commentOf(new Map(sections)).length <= COMMENT_LIMIT);
  });

  it("of sections that do not fit together is cut where it is greatest", () => {
    const body = commentOf(
      new Map([
        ["a", `### a\n${"x".repeat(60_000)}`],
        ["b", `### b\n${"y".repeat(30_000)}`],
      ]),
    );
    const [a, b] = [...sectionsIn(body).values()];
    assert.equal(a, "### a\n\n*Too long for a comment of 2 stacks.* The run's output has it.");
    assert.equal(b?.length, 30_006);
  });
});

function diagnostic(severity: string, message: string) {
  return { diagnosticEvent: { severity, message } };
}
