import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { blobClient } from "../../../emulator/storage/blob-client.ts";
import { createStorageService } from "../../../emulator/storage/service.ts";
import { createServiceHome, type ServiceHome } from "../../support/services.ts";

describe("blob storage", () => {
  let home: ServiceHome;
  let storage = createStorageService();
  const trusted = () => readFileSync(join(home.folder, "cert.pem"), "utf8");

  before(async () => {
    home = await createServiceHome();
    await home.start([storage]);
  });
  after(() => home.remove());

  it("keeps an account's keys, data and address over a restart", async () => {
    const made = await storage.ensureAccount("first");
    const container = blobClient(made, trusted()).getContainerClient("things");
    await container.create();
    await container.getBlockBlobClient("a/b.txt").upload("hello", 5);

    await home.stop();
    storage = createStorageService();
    await home.start([storage]);

    assert.deepEqual(storage.account("first"), made);
    const again = blobClient(made, trusted()).getContainerClient("things").getBlockBlobClient("a/b.txt");
    assert.equal((await again.downloadToBuffer()).toString(), "hello");
    assert.equal(statSync(join(home.folder, "storage", "accounts.json")).mode & 0o777, 0o600);
  });

  it("adds an account without touching the others' data, and asks nothing twice", async () => {
    const first = await storage.ensureAccount("first");
    const second = await storage.ensureAccount("second");
    assert.notEqual(second.key1, first.key1);
    assert.deepEqual(await storage.ensureAccount("second"), second);
    const names = [];
    for await (const container of blobClient(first, trusted()).listContainers()) names.push(container.name);
    assert.deepEqual(names, ["things"]);
  });

  it("forgets the data of a removed account, so a new one of that name is empty", async () => {
    await storage.removeAccount("first");
    assert.equal(storage.account("first"), undefined);
    const made = await storage.ensureAccount("first");
    const names = [];
    for await (const container of blobClient(made, trusted()).listContainers()) names.push(container.name);
    assert.deepEqual(names, []);
  });

  it("refuses a name that Azure would refuse", async () => {
    await assert.rejects(storage.ensureAccount("Bad-Name"), /3 to 24 lower-case letters and digits/);
  });
});
