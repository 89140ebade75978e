import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { createAwsService } from "../../../emulator/aws/service.ts";
import { element, iamApi, type QueryApi } from "../../../emulator/providers/aws/query-api.ts";
import { createProvidersService } from "../../../emulator/providers/service.ts";
import { createSurroundings } from "../../../emulator/providers/surroundings.ts";
import { createServiceHome, type ServiceHome } from "../../support/services.ts";
import { changedLines } from "./support/changes.ts";
import { createWorkbench, findPulumi, type Workbench } from "./support/workbench.ts";

const pulumi = findPulumi();
const hasMoto = (process.env["PATH"] ?? "").split(delimiter).some((folder) => existsSync(join(folder, "moto_server")));
const missing = [...(pulumi === undefined ? ["Pulumi CLI"] : []), ...(hasMoto ? [] : ["moto_server on PATH"])];

const issuer = "token.actions.githubusercontent.com";

/** One resource of every type of IAM. `text` stands in each of them. */
const program = (text: string, audiences = '"sts.amazonaws.com"') => `
import * as aws from "@pulumi/aws";
const account = aws.getCallerIdentityOutput({}).accountId;
const provider = account.apply((id) => \`arn:aws:iam::\${id}:oidc-provider/${issuer}\`);
const tags = { purpose: "${text}" };
new aws.iam.OpenIdConnectProvider("github", { url: "https://${issuer}", clientIdLists: [${audiences}], tags });
const trust = provider.apply((Federated) => JSON.stringify({ Version: "2012-10-17", Statement: [{
  Effect: "Allow", Principal: { Federated }, Action: "sts:AssumeRoleWithWebIdentity",
  Condition: { StringEquals: { "${issuer}:sub": "repo:o/r:environment:${text}" } } }] }));
const role = new aws.iam.Role("role", { name: "plants-train", assumeRolePolicy: trust, maxSessionDuration: 3600, description: "It's <${text}> & trains", tags });
const document = JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: ["s3:GetObject"], Resource: ["arn:aws:s3:::${text}/*"] }] });
new aws.iam.RolePolicy("rights", { role: role.name, name: "rights", policy: document });
const user = new aws.iam.User("user", { name: "plants-ci", tags });
new aws.iam.UserPolicy("user-rights", { user: user.name, name: "rights", policy: document });
export const arn = role.arn;
`;

describe("IAM under the engine", { skip: missing.length > 0 && `not found: ${missing.join(", ")}` }, () => {
  let home: ServiceHome;
  let bench: Workbench;
  let iam: QueryApi;

  before(async () => {
    home = await createServiceHome();
    await home.start([createAwsService(), createProvidersService()]);
    iam = iamApi({
      ...createSurroundings({
        certificate: { cert: "", key: "", certFile: "", keyFile: "" },
        env: home.env,
        root: ".",
      }),
    });
    bench = await createWorkbench(pulumi ?? "", home.env, { "aws:region": "us-east-1" });
    bench.write(program("one"));
  });
  after(async () => {
    bench?.remove();
    await home.remove();
  });

  const role = () => iam.call("GetRole", { RoleName: "plants-train" });

  it("creates each type in IAM, and finds nothing to do afterwards, in state and there", async () => {
    await bench.succeeds("up", "--yes", "--skip-preview");
    assert.deepEqual(JSON.parse(await bench.succeeds("stack", "output", "--json")), {
      arn: "arn:aws:iam::123456789012:role/plants-train",
    });
    assert.equal(element(await role(), "Description"), "It's <one> & trains");
    await bench.succeeds("preview", "--refresh", "--expect-no-changes");
  });

  it("updates each in place", async () => {
    bench.write(program("two"));
    const lines = changedLines(await bench.succeeds("preview", "--diff"));
    assert.deepEqual(lines.filter((line) => line.startsWith("~ aws:")).sort(), [
      "~ aws:iam/openIdConnectProvider:OpenIdConnectProvider: (update)",
      "~ aws:iam/role:Role: (update)",
      "~ aws:iam/rolePolicy:RolePolicy: (update)",
      "~ aws:iam/user:User: (update)",
      "~ aws:iam/userPolicy:UserPolicy: (update)",
    ]);
    await bench.succeeds("up", "--yes", "--skip-preview");
    const trust = decodeURIComponent(element(await role(), "AssumeRolePolicyDocument") ?? "");
    assert.match(trust, /repo:o\/r:environment:two/);
    await bench.succeeds("preview", "--refresh", "--expect-no-changes");
  });

  it("shows what somebody changed behind the engine's back, and puts it right", async () => {
    await iam.call("TagRole", { RoleName: "plants-train", "Tags.member.1.Key": "by", "Tags.member.1.Value": "hand" });
    await iam.call("DeleteRolePolicy", { RoleName: "plants-train", PolicyName: "rights" });
    const lines = changedLines(await bench.succeeds("preview", "--refresh", "--diff"));
    assert.ok(lines.includes('- by: "hand"'), lines.join("\n"));
    assert.ok(lines.includes("+ aws:iam/rolePolicy:RolePolicy: (create)"), lines.join("\n"));
    await bench.succeeds("up", "--refresh", "--yes", "--skip-preview");
    await bench.succeeds("preview", "--refresh", "--expect-no-changes");
  });

  it("refuses a second provider of one issuer, in IAM's words", async () => {
    const again = { Url: `https://${issuer}`, "ClientIDList.member.1": "sts.amazonaws.com" };
    await assert.rejects(iam.call("CreateOpenIDConnectProvider", again), { name: "EntityAlreadyExists" });
  });

  it("refuses by name what its IAM cannot do", async () => {
    bench.write(program("two", '"sts.amazonaws.com", "other"'));
    const { code, stdout, stderr } = await bench.pulumi("up", "--yes", "--skip-preview");
    assert.notEqual(code, 0);
    assert.match(stdout + stderr, /the emulator cannot change the audiences \(clientIdLists\)/);
  });

  it("refuses a session longer than IAM allows at preview", async () => {
    bench.write(program("two").replace("maxSessionDuration: 3600", "maxSessionDuration: 50000"));
    const { code, stdout, stderr } = await bench.pulumi("preview");
    assert.notEqual(code, 0);
    assert.match(stdout + stderr, /expected maxSessionDuration to be in the range \(3600 - 43200\), got 50000/);
  });

  it("takes over what exists by its id, and deletes what it has made", async () => {
    bench.write(program("two"));
    for (const urn of (await bench.succeeds("stack", "--show-urns")).match(/urn:pulumi:\S+aws:iam\S+/g)?.reverse() ??
      []) {
      await bench.succeeds("state", "delete", urn, "--yes");
    }
    const imports: [string, string, string][] = [
      [
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        "github",
        `arn:aws:iam::123456789012:oidc-provider/${issuer}`,
      ],
      ["aws:iam/role:Role", "role", "plants-train"],
      ["aws:iam/rolePolicy:RolePolicy", "rights", "plants-train:rights"],
      ["aws:iam/user:User", "user", "plants-ci"],
      ["aws:iam/userPolicy:UserPolicy", "user-rights", "plants-ci:rights"],
    ];
    const resources = imports.map(([type, name, id]) => ({ type, name, id }));
    writeFileSync(join(bench.folder, "import.json"), JSON.stringify({ resources }));
    await bench.succeeds("import", "--file", "import.json", "--yes", "--generate-code=false", "--protect=false");
    // The program tells the engine what depends on what; an import does not.
    await bench.succeeds("up", "--yes", "--skip-preview", "--expect-no-changes");
    await bench.succeeds("destroy", "--yes", "--skip-preview");
    await assert.rejects(role(), { name: "NoSuchEntity" });
  });
});
