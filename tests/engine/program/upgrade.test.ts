import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { withEmulator } from "../../support/emulator.ts";
import { hasPulumi, layOut, type Project } from "./project.ts";

/**
 * The production stack's state as the program of commit 70b5088 left it (`pulumi stack export`), without GitHub's
 * resources and without what says when and where.
 */
const state = join(import.meta.dirname, "../../data/upgrade/production-70b5088.json");

/** What holds data, logs, images or an address that others know: none of it may be made anew. */
const stateful = [
  "aws:s3/bucket:Bucket",
  "azure-native:containerregistry:Registry",
  "azure-native:keyvault:Vault",
  "azure-native:machinelearningservices:OnlineEndpoint",
  "azure-native:machinelearningservices:Workspace",
  "azure-native:managedidentity:UserAssignedIdentity",
  "azure-native:operationalinsights:Workspace",
  "azure-native:resources:ResourceGroup",
  "azure-native:storage:StorageAccount",
];

interface Step {
  readonly op: string;
  readonly urn: string;
}
const typeOf = ({ urn }: Step) => urn.split("::")[2]?.split("$").at(-1) ?? "";
const nameOf = ({ urn }: Step) => urn.split("::").at(-1) ?? "";

describe("a stack made by an earlier program", { skip: !hasPulumi && "set-up has put no Pulumi CLI in place" }, () => {
  const emulator = withEmulator();
  let project: Project;
  let steps: readonly Step[];

  before(async () => {
    project = await layOut(emulator());
    await project.succeeds("stack", "init", "production", "--no-select");
    await project.succeeds("stack", "import", "--file", state, "--stack", "production");
    const text = await project.succeeds("preview", "--json", "--stack", "production");
    const plan = JSON.parse(text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1)) as { steps: Step[] };
    steps = plan.steps;
  });

  it("has one of each kind that holds something", () => {
    const { deployment } = JSON.parse(readFileSync(state, "utf8")) as { deployment: { resources: Step[] } };
    const there = new Set(deployment.resources.map(typeOf));
    assert.deepEqual(
      stateful.filter((type) => !there.has(type)),
      [],
    );
  });

  it("is updated by today's without a replacement of anything", () => {
    assert.deepEqual(
      steps.filter(({ op }) => op.includes("replace")).map((step) => [step.op, nameOf(step)]),
      [],
    );
  });

  it("loses nothing but the rights that went to another identity", () => {
    assert.deepEqual(
      steps
        .filter(({ op }) => op === "delete")
        .map(nameOf)
        .sort(),
      ["workspace-may-manage-group", "workspace-may-use-storage", "workspace-may-use-vault"],
    );
  });

  it("keeps what holds something, and makes none of it a second time under another name", () => {
    const made = steps.filter((step) => step.op === "create" && stateful.includes(typeOf(step))).map(nameOf);
    // CI's identities are new, and hold nothing.
    assert.deepEqual(made.filter((name) => !name.startsWith("identity-")).sort(), ["storage-logs", "workspace-itself"]);
  });
});
