import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { runScript } from "./run-script.ts";

const folder = mkdtempSync(join(tmpdir(), "ml-delivery-estimate-"));
after(() => rmSync(folder, { recursive: true, force: true }));

writeFileSync(
  join(folder, "Pulumi.yaml"),
  `name: ml-delivery
config:
  ml-delivery:cluster: { type: object, default: { vmSize: Standard_NC4as_T4_v3, minNodes: 0, maxNodes: 4 } }
`,
);
const stackFile = (name: string, instances: unknown, instanceType = "Standard_D4as_v4") =>
  writeFileSync(
    join(folder, `Pulumi.${name}.yaml`),
    `config:
  azure-native:location: eastus
  aws:region: us-east-1
  ml-delivery:endpoint:
    name: plants
    instanceType: ${instanceType}
    deployments: { m-1: { model: "s3://b/models/1/", instances: ${instances} } }
`,
  );
stackFile("staging", 2);
stackFile("broken", "many");
stackFile("strange", 1, "Standard_X9");

/** A `pulumi` that knows one output: what two instances less cost. */
writeFileSync(
  join(folder, "pulumi"),
  `#!/bin/sh
echo '{"monthlyEstimate":{"currency":"USD","fixed":20.29,"unknown":[],"resources":{"registry":20.29,"alerts":2.5}}}'
`,
);
chmodSync(join(folder, "pulumi"), 0o755);

const run = (...args: string[]) =>
  runScript("estimate", args, { cwd: folder, env: { PATH: `${folder}:${process.env["PATH"]}` } });

describe("estimate", () => {
  it("reads the stack file and the project's defaults, and asks nothing else", async () => {
    const { code, stdout, stderr } = await run("--stack", "staging", "--json");
    assert.equal(code, 0, stderr);
    const { stack, fixed, use, unknown, lines } = JSON.parse(stdout);
    assert.deepEqual({ stack, fixed, use, unknown }, { stack: "staging", fixed: 303.11, use: 0, unknown: [] });
    assert.deepEqual(lines[0], {
      resource: "deployment m-1",
      item: "2 × Standard_D4as_v4",
      kind: "fixed",
      quantity: 1460,
      price: { ...lines[0].price, amount: 0.192, unit: "hour", region: "eastus", checked: true },
      monthly: 280.32,
    });
  });

  it("compares with what the last update left", async () => {
    const { code, stdout, stderr } = await run("--stack", "staging", "--deployed", "--json");
    assert.equal(code, 0, stderr);
    assert.deepEqual(JSON.parse(stdout).comparison, {
      currency: "USD",
      changes: [{ resource: "deployment m-1", after: 280.32, difference: 280.32 }],
      difference: 280.32,
      complete: true,
    });
  });

  it("adds up what is assumed to be used", async () => {
    const { stdout } = await run("--stack", "staging", "--node-hours", "10", "--json");
    assert.equal(JSON.parse(stdout).use, 5.26);
  });

  it("shows what has no price", async () => {
    const { code, stdout } = await run("--stack", "strange");
    assert.equal(code, 0);
    assert.match(stdout, /deployment m-1 +1 × Standard_X9 +unknown\n/);
    assert.match(stdout, /always +at least, as a price is unknown +22\.79\n/);
  });

  it("refuses a stack file that it cannot reckon with, naming key and value", async () => {
    const { code, stderr } = await run("--stack", "broken");
    assert.equal(code, 2);
    assert.match(
      stderr,
      /ml-delivery:endpoint\.deployments\.m-1\.instances is "many"; allowed: a whole number from 1 to 50; change it/,
    );
  });

  it("refuses a stack that has no file", async () => {
    const { code, stderr } = await run("--stack", "nowhere");
    assert.equal(code, 2);
    assert.match(stderr, /needs `Pulumi\.nowhere\.yaml`/);
  });
});
