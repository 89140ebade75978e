import assert from "node:assert/strict";
import { test } from "node:test";
import { judge } from "../support/judges.ts";
import { askOf, gitHubWorkflows, replaced } from "./workflows.ts";

const { file, skip } = judge("zizmor");

/** The audits that find something, with all that an auditor would be shown. Nothing is asked over the network. */
function audit(workflow: string): string[] {
  const options = ["--offline", "--persona=auditor", "--strict-collection", "--format=json", "--no-config"];
  const { code, stdout, stderr } = askOf(workflow, (path) => [file, ...options, path]);
  // 11 to 14 say how bad the worst finding is; anything else but 0 is a failure of zizmor's own.
  assert.ok(code === 0 || (code !== null && code >= 11 && code <= 14), `zizmor ended with ${code}: ${stderr}`);
  assert.match(stderr, /completed/, "zizmor has read the workflow");
  return (JSON.parse(stdout) as { ident: string }[]).map(({ ident }) => ident);
}

for (const { name, text } of gitHubWorkflows()) {
  test(`zizmor, as an auditor, finds nothing in ${name}`, { skip }, () => assert.deepEqual(audit(text), []));
}

const faults: [string, string | RegExp, string, string][] = [
  [
    "CI-02 a trigger that runs a stranger's code with secrets",
    /^on:$/m,
    "on:\n  pull_request_target:",
    "dangerous-triggers",
  ],
  [
    "CI-03 a value pasted into a script",
    "run: npm ci --ignore-scripts",
    `run: echo "\${{ github.head_ref }}"`,
    "template-injection",
  ],
  ["CI-06 an action named by a tag", /actions\/checkout@[0-9a-f]{40}/, "actions/checkout@v4", "unpinned-uses"],
  ["credentials left in the checkout", "persist-credentials: false", "persist-credentials: true", "artipacked"],
];
for (const [what, pattern, text, ident] of faults) {
  test(`zizmor sees ${what}`, { skip }, () => {
    const found = audit(replaced(pattern, text));
    assert.ok(found.includes(ident), `found: ${found.join(", ") || "nothing"}`);
  });
}
