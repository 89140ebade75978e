import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { awsProvider } from "../../../emulator/providers/aws/provider.ts";
import { azureNativeProvider } from "../../../emulator/providers/azure-native/provider.ts";
import { commandProvider } from "../../../emulator/providers/command/provider.ts";
import { gitHubProvider } from "../../../emulator/providers/github/provider.ts";
import { createProvidersService } from "../../../emulator/providers/service.ts";
import { createSurroundings } from "../../../emulator/providers/surroundings.ts";
import { createServiceHome, ROOT, type ServiceHome } from "../../support/services.ts";

const packages = join(ROOT, "node_modules/@pulumi");
const certificate = { key: "", cert: "", keyFile: "", certFile: "" };
const surroundings = createSurroundings({ certificate, env: { EMPTY: "" }, root: ROOT });
const providers = [awsProvider, azureNativeProvider, gitHubProvider, commandProvider].map((create) =>
  create(surroundings),
);

describe("the providers", () => {
  for (const provider of providers) {
    it(`offer of ${provider.name} what its SDK has, at the SDK's version`, () => {
      const sdk = join(packages, provider.name);
      const { version } = JSON.parse(readFileSync(join(sdk, "package.json"), "utf8")) as { version: string };
      assert.equal(provider.version, version);
      for (const token of [...provider.resources.keys(), ...provider.functions.keys()]) {
        const [, module = "", name = ""] = token.split(":");
        const file = `${name.charAt(0).toLowerCase()}${name.slice(1)}.js`;
        const [folder = ""] = module.replace("index", "").split("/");
        const path = join(sdk, folder, file);
        assert.ok(existsSync(path), `${token}: no ${path}`);
        assert.ok(readFileSync(path, "utf8").includes(token), token);
      }
    });
  }

  it("name the variable that no service has set, at the call that needs it", () => {
    assert.throws(() => surroundings.need("EMPTY"), /`EMPTY` is not set: no service that the emulator started before/);
  });
});

describe("the providers' service", () => {
  let home: ServiceHome;
  const service = createProvidersService();

  before(async () => {
    home = await createServiceHome();
  });
  after(() => home.remove());

  it("tells the engine where all four listen, and listens there again after a restart", async () => {
    const [first] = await home.start([service]);
    assert.match(first?.env["PULUMI_DEBUG_PROVIDERS"] ?? "", /^aws:\d+,azure-native:\d+,github:\d+,command:\d+$/);
    await home.stop();
    await service.stop();
    const [second] = await home.start([service]);
    assert.deepEqual(second, first);
  });
});
