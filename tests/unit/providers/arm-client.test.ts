import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import {
  type ArmClient,
  ArmError,
  type ArmSettings,
  createArmClient,
} from "../../../emulator/providers/azure-native/arm-client.ts";
import { claims } from "../../../emulator/providers/azure-native/token.ts";
import { type FakeArm, startFakeArm } from "../../engine/providers/support/fake-arm.ts";
import { createServiceHome, type ServiceHome } from "../../support/services.ts";

describe("the client of Azure Resource Manager", () => {
  let home: ServiceHome;
  let fake: FakeArm;
  let client: ArmClient;
  let settings: ArmSettings;
  const deadline = () => Date.now() + 10_000;
  const id = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.X/things/one";

  before(async () => {
    home = await createServiceHome();
    const [key, cert] = ["key.pem", "cert.pem"].map((file) => readFileSync(join(home.folder, file), "utf8"));
    fake = await startFakeArm({ key: key ?? "", cert: cert ?? "" });
    settings = {
      endpoint: fake.endpoint,
      ca: cert ?? "",
      identityEndpoint: `${fake.endpoint}/token`,
      identityHeader: "identity-secret",
    };
    client = createArmClient(settings);
  });
  after(async () => {
    await client.close();
    await fake.close();
    await home.remove();
  });

  it("waits until a long-running operation has ended, and gives the resource", async () => {
    let accepted = 0;
    const resource = await client.put(id, "v", { properties: { a: 1 } }, deadline(), () => {
      accepted += 1;
    });
    assert.deepEqual(resource["properties"], { a: 1, provisioningState: "Succeeded" });
    assert.equal(accepted, 1);
    assert.deepEqual(await client.get(id, "v"), resource);
  });

  it("fails with Azure's code and words where the operation does", async () => {
    fake.failNext("/things/two", "OutOfQuota", "not enough cores");
    const error: unknown = await client
      .put(id.replace("one", "two"), "v", {}, deadline())
      .catch((reason: unknown) => reason);
    assert.ok(error instanceof ArmError);
    assert.deepEqual(
      [error.code, error.message],
      ["OutOfQuota", 'Status=200 Code="OutOfQuota" Message="not enough cores"'],
    );
  });

  it("deletes what is there, and does not mind what is not", async () => {
    await client.delete(id, "v", deadline());
    assert.equal(await client.get(id, "v"), undefined);
    await client.delete(id, "v", deadline());
  });

  it("gives up when the time is over", async () => {
    await assert.rejects(
      client.put(id, "v", {}, Date.now() - 1),
      /gave up waiting for https:.*: the time for this resource is over/,
    );
  });

  it("asks for one token, however many calls want it at once, and keeps it", async () => {
    const before = fake.tokens();
    const other = createArmClient({ ...settings, endpoint: fake.endpoint });
    const [one, two] = await Promise.all([other.token(), other.token()]);
    await other.close();
    assert.deepEqual([one === two, fake.tokens() - before], [true, 1]);
    assert.deepEqual(claims(one), { appid: "app-1", oid: "object-1", tid: "tenant-1" });
  });
});
