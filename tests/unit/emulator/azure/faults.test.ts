import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { createFaultPlan } from "../../../../emulator/azure/faults.ts";

const folder = mkdtempSync(join(tmpdir(), "ml-delivery-faults-"));
const file = join(folder, "faults.json");
after(() => rmSync(folder, { recursive: true, force: true }));

const deployments = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments";
const path = (name: string) =>
  `/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w/onlineEndpoints/e/deployments/${name}`;
const answer = { status: 429, code: "TooManyRequests", message: "slow down" };

describe("planned faults", () => {
  it("are none without the file", async () => {
    const plan = createFaultPlan(file);
    assert.equal(await plan.onRequest("PUT", path("a")), undefined);
    await plan.onOperation(path("a"));
  });

  it("befall the requests that match, after some and so many times", async () => {
    const plan = createFaultPlan(file);
    writeFileSync(file, JSON.stringify([{ method: "PUT", type: deployments, name: "a", after: 1, times: 2, answer }]));
    const met = async (method: string, name: string) => (await plan.onRequest(method, path(name)))?.answer?.status;
    assert.equal(await met("GET", "a"), undefined);
    assert.equal(await met("PUT", "b"), undefined);
    const statuses: (number | undefined)[] = [];
    for (let i = 0; i < 4; i++) statuses.push(await met("PUT", "a"));
    assert.deepEqual(statuses, [undefined, 429, 429, undefined]);
  });

  it("befall operations apart from requests", async () => {
    const plan = createFaultPlan(file);
    const operation = { code: "ResourceNotReady", message: "the probe fails" };
    writeFileSync(file, JSON.stringify([{ type: deployments, operation }]));
    assert.equal(await plan.onRequest("PUT", path("a")), undefined);
    await assert.rejects(plan.onOperation(path("a")), { code: "ResourceNotReady" });
    await plan.onOperation(path("a"));
  });

  it("are refused where they are misspelt", async () => {
    writeFileSync(file, JSON.stringify([{ tpye: deployments, answer }]));
    await assert.rejects(createFaultPlan(file).onRequest("PUT", path("a")), /tpye/);
  });
});
