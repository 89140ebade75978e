import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { Octokit } from "@octokit/rest";
import { type Emulator, readEmulator, startEmulator, stopEmulator } from "../../../emulator/client.ts";
import { homePaths } from "../../../emulator/home.ts";
import { lockHolder } from "../../../emulator/lock.ts";
import { projectRoot } from "../../support/emulator.ts";

let folder: string;
let home: string;
let other: string;

before(() => {
  folder = mkdtempSync(join(tmpdir(), "ml-delivery-life-"));
  home = join(folder, "one");
  other = join(folder, "two");
});
after(async () => {
  await Promise.all([home, other].map((each) => stopEmulator(each)));
  rmSync(folder, { recursive: true, force: true });
});

const start = (at: string, more: object = {}) => startEmulator({ home: at, root: projectRoot, ...more });

const s3 = (emulator: Emulator) =>
  new S3Client({
    endpoint: emulator.env["AWS_ENDPOINT_URL"] ?? "",
    region: "us-east-1",
    credentials: { accessKeyId: "rehearsal", secretAccessKey: "rehearsal" },
  });

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const octokit = ({ env }: Emulator) =>
  new Octokit({ baseUrl: env["GITHUB_API_URL"] ?? "", auth: env["GITHUB_TOKEN"], log: quiet });

/** The processes that came from `pid`, by the system's own records. */
function descendants(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const entry of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    const stat = read(`/proc/${entry}/stat`);
    if (stat !== undefined) parents.set(Number(entry), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
  }
  const found = [pid];
  for (const parent of found) for (const [child, of] of parents) if (of === parent) found.push(child);
  return found.slice(1);
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

const isThere = (pid: number) =>
  read(`/proc/${pid}/stat`) !== undefined && !/^\d+ \(.*\) Z/.test(read(`/proc/${pid}/stat`) ?? "");

/** @returns those that are still there when the time is up. */
async function gone(pids: readonly number[], limit: number): Promise<number[]> {
  for (const end = Date.now() + limit; Date.now() < end; await sleep(50)) if (!pids.some(isThere)) return [];
  return pids.filter(isThere);
}

function cli(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(projectRoot, "emulator", "cli.ts"), ...args], { stdio: "pipe" });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (chunk) => (stdout += String(chunk)));
    child.stderr.on("data", (chunk) => (stderr += String(chunk)));
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

describe("an emulator", { skip: process.platform === "linux" ? false : "reads /proc" }, () => {
  it("is one, however many start it at once", async () => {
    const started = await Promise.all([start(home), start(home), start(home)]);
    assert.equal(new Set(started.map(({ pid }) => pid)).size, 1);
    const record = join(home, "emulator.json");
    assert.equal(statSync(record).mode & 0o777, 0o600);
    assert.deepEqual(Object.keys(JSON.parse(readFileSync(record, "utf8"))).sort(), [
      "env",
      "pid",
      "services",
      "startedAt",
    ]);
    assert.deepEqual(Object.keys(started[0].services), ["storage", "aws", "github", "serving", "azure", "providers"]);
  });

  it("listens on loopback only", () => {
    const running = readEmulator(home);
    assert.ok(running);
    const pids = [running.pid, ...descendants(running.pid)];
    assert.ok(pids.length > 2);
    const addresses = pids.flatMap(listening);
    assert.ok(addresses.length >= 8, String(addresses));
    assert.deepEqual([...new Set(addresses)], ["127.0.0.1"]);
  });

  it("shows itself, gives tokens, and says when it is not there", async () => {
    const status = await cli("status", "--home", home);
    assert.equal(status.code, 0);
    assert.match(status.stdout, /^service +URL +since \(UTC\)\n/);
    assert.match(status.stdout, /\naws +http:\/\/127\.0\.0\.1:\d+ +20\d\d-/);
    assert.doesNotMatch(status.stdout, /ghp_/);
    const json = JSON.parse((await cli("status", "--home", home, "--json")).stdout);
    assert.deepEqual([json.running, json.pid], [true, readEmulator(home)?.pid]);
    for (const resource of ["ml", "management", "storage"]) {
      const token = await cli("token", "--home", home, "--resource", resource);
      assert.equal(token.code, 0, token.stderr);
      assert.match(token.stdout, /^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    }
    assert.equal((await cli("token", "--home", home, "--resource", "graph")).code, 2);
    assert.equal((await cli("status", "--home", other)).code, 1);
    assert.equal((await cli("restart")).code, 2);
    assert.match((await cli("--help")).stdout, /^The clouds on this machine/);
  });

  it("keeps state, URLs and credentials through stop, and leaves no process behind", async () => {
    const first = await start(home);
    await s3(first).send(new CreateBucketCommand({ Bucket: "models" }));
    await s3(first).send(new PutObjectCommand({ Bucket: "models", Key: "a", Body: "1" }));
    await octokit(first).repos.createInOrg({ org: "example-org", name: "plant-classifier" });
    const children = descendants(first.pid);
    assert.ok(children.length > 1);
    assert.equal((await cli("stop", "--home", home)).code, 0);
    assert.deepEqual(await gone([first.pid, ...children], 0), []);
    assert.equal(readEmulator(home), undefined);
    assert.equal(await stopEmulator(home), false);
    const second = await start(home);
    assert.notEqual(second.pid, first.pid);
    assert.deepEqual(second.env, first.env);
    assert.deepEqual(second.services, first.services);
    await hasState(second);
  });

  it("heals after kill -9: no child outlives it, and all is there again", async () => {
    const first = await start(home);
    await s3(first).send(new PutObjectCommand({ Bucket: "models", Key: "b", Body: "2" }));
    const children = descendants(first.pid);
    process.kill(first.pid, "SIGKILL");
    assert.deepEqual(await gone([first.pid], 2_000), []);
    assert.equal(readEmulator(home), undefined);
    const second = await start(home);
    assert.deepEqual(await gone(children, 10_000), []);
    assert.deepEqual(second.env, first.env);
    await hasState(second);
    const again = await s3(second).send(new GetObjectCommand({ Bucket: "models", Key: "b" }));
    assert.equal(await again.Body?.transformToString(), "2");
  });

  it("has a neighbour in another home, and shares nothing with it", async () => {
    const [one, two] = await Promise.all([start(home), start(other)]);
    assert.notEqual(one.pid, two.pid);
    const ports = (emulator: Emulator) =>
      Object.values(JSON.parse(readFileSync(join(emulator.home, "ports.json"), "utf8")));
    assert.deepEqual(
      ports(one).filter((port) => ports(two).includes(port)),
      [],
    );
    assert.notEqual(one.env["GITHUB_TOKEN"], two.env["GITHUB_TOKEN"]);
    await assert.rejects(octokit(two).repos.get({ owner: "example-org", repo: "plant-classifier" }), { status: 404 });
    await stopEmulator(other);
    await hasState(one);
  });

  it("ends by itself when nobody uses it", async () => {
    const idle = await start(other, { idleMinutes: 1 / 60 });
    assert.deepEqual(await gone([idle.pid], 8_000), []);
    assert.equal(readEmulator(other), undefined);
    assert.match(readFileSync(join(other, "logs", "emulator.log"), "utf8"), /ended: not used for \d+ s\n$/);
  });

  it("can be stopped while it starts, and leaves nothing behind", async () => {
    const starting = start(other).then(
      () => "started",
      (error: Error) => error.message,
    );
    const paths = homePaths(other);
    while (lockHolder(paths.lock) === undefined) await sleep(5);
    const pid = lockHolder(paths.lock)?.pid ?? 0;
    while (descendants(pid).length === 0) await sleep(5);
    const children = descendants(pid);
    assert.equal(await stopEmulator(other), true);
    assert.deepEqual(await gone([pid, ...children], 0), []);
    assert.match(await starting, /did not start \(exit 0\)[\s\S]*ended: told to by SIGTERM/);
  });

  it("does not take a stranger with its number for itself", async () => {
    await stopEmulator(home);
    writeFileSync(join(home, "emulator.lock"), JSON.stringify({ pid: process.pid, born: "1" }));
    const record = { pid: process.pid, startedAt: new Date().toISOString(), env: {}, services: {} };
    writeFileSync(join(home, "emulator.json"), JSON.stringify(record));
    assert.equal(readEmulator(home), undefined);
    assert.equal(await stopEmulator(home), false);
    assert.notEqual((await start(home)).pid, process.pid);
  });

  it("says what is wrong when a service does not start", async () => {
    const broken = join(folder, "broken");
    const path = process.env["PATH"];
    process.env["PATH"] = "/usr/bin:/bin";
    try {
      await assert.rejects(
        start(broken),
        /service `aws` did not start: `moto_server` is not on PATH\. Run `npm start`/,
      );
    } finally {
      process.env["PATH"] = path;
    }
    assert.equal(readEmulator(broken), undefined);
    assert.equal(await stopEmulator(broken), false);
  });
});

async function hasState(emulator: Emulator): Promise<void> {
  const { Body } = await s3(emulator).send(new GetObjectCommand({ Bucket: "models", Key: "a" }));
  assert.equal(await Body?.transformToString(), "1");
  const { data } = await octokit(emulator).repos.get({ owner: "example-org", repo: "plant-classifier" });
  assert.equal(data.name, "plant-classifier");
}

/** The addresses a process listens on, from the kernel's tables. */
function listening(pid: number): string[] {
  const sockets = new Set<string>();
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    const inode = /^socket:\[(\d+)\]$/.exec(link(`/proc/${pid}/fd/${fd}`))?.[1];
    if (inode !== undefined) sockets.add(inode);
  }
  return ["tcp", "tcp6"].flatMap((table) =>
    (read(`/proc/${pid}/net/${table}`) ?? "")
      .split("\n")
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[3] === "0A" && sockets.has(fields[9] ?? ""))
      .map((fields) => ((fields[1] ?? "").startsWith("0100007F:") ? "127.0.0.1" : `${table} ${fields[1]}`)),
  );
}

function link(file: string): string {
  try {
    return readlinkSync(file);
  } catch {
    return "";
  }
}
