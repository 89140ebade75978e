import assert from "node:assert/strict";
import { test } from "node:test";
import { unifiedDiff } from "../../../delivery/diff.ts";
import { type EndpointConfig, planDeployment, planShift } from "../../../delivery/rollout.ts";
import { editEndpoint, parseStackFile, stackConfig } from "../../../delivery/stack-file.ts";

const KEY = "ml-delivery:endpoint";
const TEXT = `# Production.
config:
  aws:region: us-east-1

  ml-delivery:secret:
    secure: v1:abc
  ml-delivery:endpoint:
    name: plant-classifier-prod # do not rename
    deployments:
      # the old one
      m-00000001: { model: s3://b/models/0000000100000000/, instances: 3 } # three
    traffic: { m-00000001: 100 }
`;

function endpointIn(text: string): EndpointConfig {
  return stackConfig(parseStackFile(text, "Pulumi.production.yaml"), KEY) as EndpointConfig;
}

function afterCanary() {
  const request = { version: "0000000200000000", modelPath: "s3://b/models/0000000200000000/", percentage: 10 };
  const { endpoint } = planDeployment(endpointIn(TEXT), request);
  return editEndpoint(parseStackFile(TEXT, "Pulumi.production.yaml"), KEY, endpoint);
}

test("a canary adds one line and changes one, and comments stay", () => {
  assert.equal(
    afterCanary().diff,
    `--- a/Pulumi.production.yaml
+++ b/Pulumi.production.yaml
@@ -9,4 +9,5 @@
     deployments:
       # the old one
       m-00000001: { model: s3://b/models/0000000100000000/, instances: 3 } # three
-    traffic: { m-00000001: 100 }
+      m-00000002: { model: s3://b/models/0000000200000000/, instances: 3 }
+    traffic: { m-00000001: 90, m-00000002: 10 }
`,
  );
});

test("a shift changes the traffic line and nothing else", () => {
  const { text } = afterCanary();
  const { endpoint } = planShift(endpointIn(text), "m-00000002", 25);
  const edited = editEndpoint(parseStackFile(text, "f"), KEY, endpoint).text;
  assert.equal(edited, text.replace("m-00000001: 90, m-00000002: 10", "m-00000001: 75, m-00000002: 25"));
});

test("an endpoint with nothing deployed gets a line for each deployment", () => {
  const text = "config:\n  ml-delivery:endpoint:\n    name: x\n    deployments: {}\n    traffic: {}\n";
  const deployments = { "m-1": { model: "s3://b/", instances: 1 } };
  const edited = editEndpoint(parseStackFile(text, "f"), KEY, { deployments, traffic: { "m-1": 100 } });
  assert.equal(
    edited.text,
    "config:\n  ml-delivery:endpoint:\n    name: x\n    deployments:\n      m-1: { model: s3://b/, instances: 1 }\n    traffic: { m-1: 100 }\n",
  );
});

test("no change gives the same text and no difference", () => {
  assert.deepEqual(editEndpoint(parseStackFile(TEXT, "f"), KEY, endpointIn(TEXT)), { text: TEXT, diff: "" });
});

test("refuses keys given twice, broken YAML and a file without config", () => {
  assert.throws(
    () => parseStackFile("config:\n  a: 1\n  a: 2\n", "f"),
    /`f` cannot be edited: Map keys must be unique/,
  );
  assert.throws(() => parseStackFile("config: [\n", "f"), /cannot be edited/);
  assert.throws(() => parseStackFile("encryptionsalt: x\n", "f"), /no `config:` map/);
});

test("a unified difference has three lines around each change and the right line numbers", () => {
  const before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n";
  const after = before.replace("2\n", "two\n").replace("11\n", "");
  assert.equal(
    unifiedDiff(before, after, "f"),
    "--- a/f\n+++ b/f\n@@ -1,5 +1,5 @@\n 1\n-2\n+two\n 3\n 4\n 5\n@@ -8,5 +8,4 @@\n 8\n 9\n 10\n-11\n 12\n",
  );
  assert.equal(unifiedDiff(before, before, "f"), "");
});
