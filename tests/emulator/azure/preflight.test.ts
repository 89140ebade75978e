import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import type { Findings } from "../../../delivery/preflight/findings.ts";
import { type AzureHome, createAzureHome, createWorkspace } from "../../support/azure.ts";

const root = join(import.meta.dirname, "../../..");

describe("what is asked before an update", () => {
  let azure: AzureHome;
  let group = "";

  before(async () => {
    azure = await createAzureHome();
    const { workspace } = await createWorkspace(azure, "preflight");
    group = workspace.split("/providers/")[0] ?? "";
  });
  after(() => azure.home.remove());

  /** Limits of families, for the next question. */
  const quotas = (limits: Record<string, number>) =>
    writeFileSync(join(azure.home.folder, "quotas.json"), JSON.stringify(limits));

  /** As a preview asks, in a process of its own with the emulator's surroundings. */
  async function ask(): Promise<Findings> {
    const place = {
      subscription: azure.subscription,
      location: "eastus",
      names: { resourceGroup: group.split("/").at(-1), workspace: "preflight", vault: "kv-preflight" },
      endpointName: "plants",
    };
    const demand = {
      location: "eastus",
      cluster: { vmSize: "Standard_NC6s_v3", minNodes: 0, maxNodes: 4 },
      endpoint: { instanceType: "Standard_D4as_v4", deployments: { "m-1": { instances: 3 } } },
    };
    const program = `
      import { askAzure } from "./delivery/preflight/ask.ts";
      const findings = await askAzure(${JSON.stringify(place)}, ${JSON.stringify(demand)}, { requestTimeoutMs: 30000 });
      console.log(JSON.stringify(findings));
    `;
    const env = { ...process.env, ...azure.home.env, NODE_EXTRA_CA_CERTS: join(azure.home.folder, "cert.pem") };
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program], {
      cwd: root,
      env,
    });
    return JSON.parse(stdout);
  }

  it("is answered as Azure does, to Microsoft's client", async () => {
    const rows = [];
    for await (const row of azure.client().usages.list("eastus"))
      rows.push([row.name?.value, row.currentValue, row.limit]);
    assert.deepEqual(rows.slice(0, 3), [
      ["Total Cluster Dedicated Regional vCPUs", 0, 350],
      ["Standard DSv2 Family Cluster Dedicated vCPUs", 0, 100],
      ["Standard DSv3 Family Cluster Dedicated vCPUs", 0, 100],
    ]);
    assert.deepEqual(
      rows.filter(([name]) => String(name).includes("A100")),
      [["Standard NCADSA100v4 Family Cluster Dedicated vCPUs", 0, 0]],
    );
  });

  it("finds nothing amiss where quota is enough", async () => {
    const { refusals, warnings } = await ask();
    assert.deepEqual({ refusals, warnings }, { refusals: [], warnings: [] });
  });

  it("finds quota that nobody asked for", async () => {
    quotas({ "Standard NCSv3 Family": 0, "Standard DASv4 Family": 12 });
    const { refusals } = await ask();
    quotas({});
    assert.equal(refusals.length, 2);
    assert.match(refusals[0] ?? "", /need 16 cores of Standard DASv4 Family in eastus, .* 12 of 12 are left/);
    assert.match(refusals[1] ?? "", /the quota of Standard NCSv3 Family in eastus is 0 cores/);
  });

  it("finds a deleted vault that holds the name", async () => {
    const vault = `${group}/providers/Microsoft.KeyVault/vaults/kv-preflight`;
    const properties = {
      tenantId: azure.subscription,
      sku: { family: "A", name: "standard" },
      enableRbacAuthorization: true,
    };
    const made = await azure.settled("PUT", vault, { location: "eastus", properties });
    assert.equal(made.status < 300, true, JSON.stringify(made.body));
    await azure.settled("DELETE", vault);
    assert.match((await ask()).refusals.join(), /^a deleted key vault still holds the name kv-preflight\./);
  });
});
