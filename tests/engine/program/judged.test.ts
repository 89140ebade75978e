import assert from "node:assert/strict";
import { cpSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { askCheckov, weigh } from "../../../tools/judges/checkov.ts";
import type { StateResource } from "../../../tools/judges/render-state.ts";
import { withEmulator } from "../../support/emulator.ts";
import { leaks } from "../../support/encodings.ts";
import { judge } from "../../support/judges.ts";
import { hasPulumi, layOut, type Outcome, type Project } from "./project.ts";

const names = ["staging", "production"] as const;
const update = ["up", "--yes", "--skip-preview", "--policy-pack", "policy"];

/** What outside judges, and the project's own rules, have to say of both stacks as they come up. */
describe("both stacks before their judges", { skip: !hasPulumi && "set-up has put no Pulumi CLI in place" }, () => {
  const emulator = withEmulator();
  let project: Project;
  /** Everything that was printed or kept, by where it came from. */
  const printed: Record<string, string> = {};
  const exported = async (stack: string): Promise<string> => project.succeeds("stack", "export", "--stack", stack);

  before(async () => {
    project = await layOut(emulator());
    for (const stack of names) await project.succeeds("stack", "init", stack, "--no-select");
  });

  /** Previews production with some of its config changed, and puts the config back. */
  async function previewWith(change: () => Promise<unknown> | unknown, pack = "policy"): Promise<Outcome> {
    const file = join(project.folder, "Pulumi.production.yaml");
    const good = readFileSync(file, "utf8");
    try {
      await change();
      return await project.pulumi("preview", "--stack", "production", "--policy-pack", pack);
    } finally {
      writeFileSync(file, good);
    }
  }

  it("come up under the policy pack, and a preview with it finds nothing to do", async () => {
    for (const stack of names) {
      printed[`the first update of ${stack}`] = await project.succeeds(...update, "--stack", stack);
      const options = ["--diff", "--refresh", "--expect-no-changes", "--policy-pack", "policy"];
      printed[`the preview of ${stack}`] = await project.succeeds("preview", ...options, "--stack", stack);
      assert.match(
        printed[`the preview of ${stack}`] ?? "",
        /Policy Packs run:\n.*\n\s+ml-delivery\|local\|policy\s+1\.0\.0/,
      );
    }
  });

  const endpoint = (key: string, value: unknown) => project.set("production", ["endpoint", key], value);
  const refused: [string, () => unknown, RegExp][] = [
    [
      "CFG-10 a key for production's callers",
      () => endpoint("authMode", "Key"),
      /\[mandatory\] {2}endpoint-authentication .*\n.*\n.*properties\.authMode must be AADToken \(it is "Key"\)\. Set ml-delivery:endpoint\.authMode to AADToken/,
    ],
    [
      "CFG-10 nodes that idle",
      () =>
        project.set("production", ["cluster"], {
          vmSize: "Standard_NC4as_T4_v3",
          minNodes: 1,
          maxNodes: 4,
          idleMinutes: 10,
        }),
      /\[mandatory\] {2}cluster-idle-nodes .*\n.*\n.*minNodeCount must be 0 \(it is 1\)\. Set ml-delivery:cluster\.minNodes to 0/,
    ],
    [
      "CFG-08 a secret as plain config",
      () =>
        project.succeeds(
          "config",
          "set",
          "github:token",
          "0123456789-plain-0123456789",
          "--plaintext",
          "--stack",
          "production",
        ),
      /\[mandatory\] {2}plain-secrets .*\n.*\n.*token is not marked as secret\. .*pulumi config set --secret/,
    ],
  ];
  for (const [what, change, message] of refused) {
    it(`the policy pack refuses ${what} at preview`, async () => {
      const { code, text } = await previewWith(change);
      assert.notEqual(code, 0);
      assert.match(text, message);
      assert.doesNotMatch(text, /0123456789-plain-0123456789/);
    });
  }

  it("a waiver lets one fault pass, and says so in every preview; past its end it does not", async () => {
    const pack = join(project.folder, "waived");
    cpSync(join(project.folder, "policy"), pack, { recursive: true, dereference: true });
    const waive = (until: Date) => {
      const day = until.toISOString().slice(0, 10);
      const one = { rule: "cluster-idle-nodes", stack: "production", resource: "cluster-compute", until: day };
      writeFileSync(
        join(pack, "waivers.json"),
        JSON.stringify([{ ...one, reason: "The night's runs start at once." }]),
      );
      return day;
    };
    const idle = () =>
      project.set("production", ["cluster"], {
        vmSize: "Standard_NC4as_T4_v3",
        minNodes: 1,
        maxNodes: 4,
        idleMinutes: 10,
      });
    const next = waive(new Date(Date.now() + 7 * 24 * 3600 * 1000));
    const inForce = await previewWith(idle, pack);
    assert.equal(inForce.code, 0, inForce.text);
    assert.match(
      inForce.text,
      new RegExp(`\\[advisory\\] {2}waivers .*\\n.*\\n.*cluster-idle-nodes is waived until ${next}: The night's runs`),
    );
    const past = waive(new Date(Date.now() - 2 * 24 * 3600 * 1000));
    const ended = await previewWith(idle, pack);
    assert.notEqual(ended.code, 0);
    assert.match(ended.text, new RegExp(`minNodeCount must be 0 \\(it is 1\\)\\. Its waiver ended on ${past}\\.`));
  });

  const checkov = judge("checkov");
  it("checkov finds nothing in production's state but what is accepted, with reasons", {
    skip: checkov.skip,
  }, async () => {
    const state = JSON.parse(await exported("production")) as { deployment: { resources: StateResource[] } };
    const { resources } = state.deployment;
    const opinion = await askCheckov(checkov.file, resources);
    const judged = resources.filter(({ custom, type }) => custom && /^(aws|github|azure-native):/.test(type));
    assert.ok(opinion.scanned >= judged.length * 0.8, `only ${opinion.scanned} of ${judged.length} were scanned`);
    const { open, idle } = weigh(opinion.failed);
    assert.deepEqual(open, []);
    assert.deepEqual(idle, [], "a line of the list that accepts nothing is to be taken away");
  });

  it("checkov sees a bucket that is opened, and refuses a state of which it can scan nothing", {
    skip: checkov.skip,
  }, async () => {
    const state = JSON.parse(await exported("production")) as { deployment: { resources: StateResource[] } };
    const opened = state.deployment.resources.filter(({ type }) => !type.includes("PublicAccessBlock"));
    const { open } = weigh((await askCheckov(checkov.file, opened)).failed);
    assert.ok(open.some(({ check, resource }) => check === "CKV2_AWS_6" && resource === "aws_s3_bucket.storage_data"));
    await assert.rejects(askCheckov(checkov.file, []), /Nothing was scanned/);
  });

  it("no secret stands in what is kept or printed, in any of seven encodings", async () => {
    const { env, folder } = project;
    const listKeys = `import { armPost } from "./delivery/azure.ts";
      const group = "/subscriptions/" + process.env.ARM_SUBSCRIPTION_ID + "/resourceGroups/rg-plant-phenotyping-staging";
      const keys = await armPost(group + "/providers/Microsoft.MachineLearningServices/workspaces/" +
        "mlw-plant-phenotyping-staging/onlineEndpoints/plant-classifier-staging/listKeys", "2025-12-01");
      console.log(JSON.stringify(keys));`;
    const keys = (await project.evaluate(listKeys)) as { primaryKey: string; secondaryKey: string };
    const secrets: Record<string, string> = {
      "the primary key of staging's endpoint": keys.primaryKey,
      "its secondary key": keys.secondaryKey,
      "the token for GitHub": env["GITHUB_TOKEN"] ?? "",
      "the header of the identity endpoint": env["IDENTITY_HEADER"] ?? "",
      "the passphrase": readFileSync(env["PULUMI_CONFIG_PASSPHRASE_FILE"] ?? "", "utf8").trim(),
    };
    for (const [what, secret] of Object.entries(secrets))
      assert.ok(secret.length >= 16, `${what} is too short to look for`);

    const kept: Record<string, string> = { ...printed };
    for (const stack of names) {
      kept[`the export of ${stack}`] = await exported(stack);
      kept[`the outputs of ${stack}`] = await project.succeeds("stack", "output", "--json", "--stack", stack);
      kept[`the graph of ${stack}`] = await project.succeeds("stack", "--show-urns", "--stack", stack);
      const plan = join(folder, `${stack}.plan.json`);
      await project.succeeds("preview", "--save-plan", plan, "--stack", stack);
      kept[`the plan of ${stack}`] = readFileSync(plan, "utf8");
      kept[`the file of ${stack}`] = readFileSync(join(folder, `Pulumi.${stack}.yaml`), "utf8");
    }
    const home = emulator().home;
    for (const place of [join(home, "..", "state"), join(home, "logs")]) Object.assign(kept, textsIn(place));
    assert.ok(Object.keys(kept).length > 20, `only ${Object.keys(kept).join(", ")}`);
    assert.deepEqual(leaks(secrets, kept), []);
    // The same search sees what is there on purpose.
    const shown = await project.succeeds("stack", "export", "--show-secrets", "--stack", "staging");
    const found = leaks(secrets, { "the export with secrets shown": shown });
    assert.ok(
      found.includes("the primary key of staging's endpoint as raw in the export with secrets shown"),
      found.join(),
    );
  });
});

function textsIn(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
    statSync(join(folder, name)).isFile(),
  );
  return Object.fromEntries(files.map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}
