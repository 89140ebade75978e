import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { backendFolder, describeLock, holdersIn, readLocks } from "../../../delivery/lock.ts";

const folder = mkdtempSync(join(tmpdir(), "ml-delivery-lock-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const refusal = (host: string, pid: number, at = "2026-11-24T12:54:13Z") =>
  "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the lock " +
  "file with `pulumi cancel`.\n  file:///state/.pulumi/locks/organization/ml-delivery/production/09c7.json?no_tmp_dir=true: " +
  `created by ana@${host} (pid ${pid}) at ${at}\n`;
const deadPid = spawnSync(process.execPath, ["--version"]).pid;
const now = new Date("2026-11-24T13:14:13Z");

function lockFile(name: string, lock: Record<string, unknown>): void {
  const at = join(folder, ".pulumi", "locks", "organization", "ml-delivery", "production");
  mkdirSync(at, { recursive: true });
  writeFileSync(join(at, `${name}.json`), JSON.stringify(lock));
  writeFileSync(join(at, `${name}.json.attrs`), "{}");
}

describe("a lock in words", () => {
  it("says who, where and since when, and to wait", () => {
    assert.equal(
      describeLock(refusal("build-7", 4711), now),
      "ana on build-7 (process 4711) has been updating this stack since 2026-11-24T12:54:13.000Z, 20 min ago. " +
        "Wait for it to end, then run the same command again. Never `pulumi cancel` it: the lock would go and both updates would run.",
    );
  });

  it("says so when its process is gone, and what to run", () => {
    assert.match(
      describeLock(refusal(hostname(), deadPid), now),
      /that process is gone: run `node scripts\/recover\.ts --environment <name>`, which finds what it left and releases its lock\.$/,
    );
  });

  it("keeps the words of a backend that names nobody", () => {
    const text = "error: [409] Conflict: Another update is currently in progress.\nmore";
    assert.equal(
      describeLock(text, now),
      "error: [409] Conflict: Another update is currently in progress.. Wait for that update to end, then run the same command again.",
    );
  });

  it("finds every holder", () => {
    const both = refusal("one", 1) + refusal("two", 2, "2026-11-24T14:00:00+01:00");
    assert.deepEqual(holdersIn(both), [
      { user: "ana", host: "one", pid: 1, since: "2026-11-24T12:54:13.000Z" },
      { user: "ana", host: "two", pid: 2, since: "2026-11-24T13:00:00.000Z" },
    ]);
  });
});

describe("the locks of a stack", () => {
  it("are judged by their processes", async () => {
    const at = new Date().toISOString();
    const old = "2020-01-01T00:00:00.000Z"; // before the process of this number began
    lockFile("a", { pid: process.pid, username: "ana", hostname: hostname(), timestamp: at });
    lockFile("b", { pid: deadPid, username: "ben", hostname: hostname(), timestamp: at });
    lockFile("c", { pid: 1, username: "eve", hostname: "elsewhere", timestamp: at });
    lockFile("d", { pid: process.pid, username: "dan", hostname: hostname(), timestamp: old });
    lockFile("e", { pid: "?", username: "eli", hostname: hostname(), timestamp: at });
    const locks = (await readLocks(`file://${folder}`, "ml-delivery/production")) ?? [];
    assert.deepEqual(Object.fromEntries(locks.map(({ user, state }) => [user, state])), {
      ana: "alive",
      ben: "dead",
      eve: "elsewhere",
      dan: process.platform === "linux" ? "dead" : "alive",
      eli: "alive",
    });
  });

  it("are none where there is no folder", async () => {
    assert.deepEqual(await readLocks(`file://${folder}`, "ml-delivery/staging"), []);
  });

  it("cannot be read in other backends", async () => {
    for (const url of ["https://api.pulumi.com", "s3://bucket", "azblob://container"]) {
      assert.equal(await readLocks(url, "ml-delivery/production"), undefined);
      assert.equal(backendFolder(url), undefined);
    }
  });
});
