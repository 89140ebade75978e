import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { ensureCertificate } from "../../../emulator/certificate.ts";
import { makeHome } from "../../../emulator/home.ts";
import { identify, lockHolder, releaseLock, takeLock } from "../../../emulator/lock.ts";
import { openPorts } from "../../../emulator/ports.ts";
import type { Service } from "../../../emulator/service.ts";
import { type Step, supervise } from "../../../emulator/supervisor.ts";

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), "ml-delivery-parts-"));
});
after(() => rmSync(folder, { recursive: true, force: true }));

async function hold(port: number): Promise<Server> {
  const server = createServer().listen(port, "127.0.0.1");
  await once(server, "listening");
  return server;
}

describe("ports", () => {
  it("stay the same from start to start, and differ between purposes", async () => {
    const file = join(folder, "ports.json");
    const first = openPorts(file);
    const [arm, blob] = await Promise.all([first.get("azure/arm"), first.get("storage/blob")]);
    assert.notEqual(arm, blob);
    const second = openPorts(file);
    assert.deepEqual(await Promise.all([second.get("azure/arm"), second.get("storage/blob")]), [arm, blob]);
  });

  it("give way to a stranger who took one, and to nobody who lets go in time", async () => {
    const file = join(folder, "ports-taken.json");
    const port = await openPorts(file).get("aws/http");
    const stranger = await hold(port);
    const next = await openPorts(file).get("aws/http");
    assert.notEqual(next, port);
    stranger.close();
    const late = await hold(next);
    setTimeout(() => late.close(), 300);
    assert.equal(await openPorts(file).get("aws/http"), next);
  });

  it("stay the asker's own within a run, while it listens there", async () => {
    const ports = openPorts(join(folder, "ports-again.json"));
    const port = await ports.get("serving/endpoint");
    const listener = await hold(port);
    assert.equal(await ports.get("serving/endpoint"), port);
    listener.close();
  });

  it("start anew from a file that is broken", async () => {
    const file = join(folder, "ports-broken.json");
    writeFileSync(file, '{"aws/http": "many"}');
    assert.ok((await openPorts(file).get("aws/http")) > 0);
  });
});

describe("the certificate", () => {
  const names = (pem: string) => new X509Certificate(pem).subjectAltName;

  it("is for this machine's own names, and kept", async () => {
    const first = await ensureCertificate(join(folder, "cert"), undefined);
    assert.equal(names(first.cert), "DNS:localhost, IP Address:127.0.0.1");
    assert.equal(statSync(first.keyFile).mode & 0o777, 0o600);
    const second = await ensureCertificate(join(folder, "cert"), undefined);
    assert.equal(second.cert, first.cert);
    assert.equal(readFileSync(second.bundleFile, "utf8").trim(), first.cert.trim());
  });

  it("is renewed a month before its end", async () => {
    const first = await ensureCertificate(join(folder, "old"), undefined);
    const day = 24 * 60 * 60 * 1000;
    const almost = new Date(Date.now() + 334 * day);
    assert.equal((await ensureCertificate(join(folder, "old"), undefined, almost)).cert, first.cert);
    const due = new Date(Date.now() + 336 * day);
    const renewed = await ensureCertificate(join(folder, "old"), first.bundleFile, due);
    assert.notEqual(renewed.cert, first.cert);
    assert.equal(readFileSync(renewed.bundleFile, "utf8").trim(), renewed.cert.trim());
  });

  it("comes with what was trusted before, also when started from its own surroundings", async () => {
    const company = join(folder, "company.pem");
    const other = await ensureCertificate(join(folder, "company"), undefined);
    writeFileSync(company, other.cert);
    const first = await ensureCertificate(join(folder, "both"), company);
    const both = `${first.cert.trim()}\n${other.cert.trim()}\n`;
    assert.equal(readFileSync(first.bundleFile, "utf8"), both);
    const again = await ensureCertificate(join(folder, "both"), first.bundleFile);
    assert.equal(readFileSync(again.bundleFile, "utf8"), both);
    await assert.rejects(
      ensureCertificate(join(folder, "both"), join(folder, "none.pem")),
      /NODE_EXTRA_CA_CERTS names/,
    );
  });
});

describe("the lock", () => {
  it("is held by the living only", () => {
    const file = join(folder, "lock");
    assert.equal(takeLock(file), undefined);
    assert.deepEqual(lockHolder(file), identify(process.pid));
    assert.deepEqual(takeLock(file), identify(process.pid));
    releaseLock(file);
    assert.equal(lockHolder(file), undefined);
    writeFileSync(file, JSON.stringify({ pid: process.pid, born: "long ago" }));
    assert.equal(lockHolder(file), undefined);
    assert.equal(takeLock(file), undefined);
    releaseLock(file);
  });

  it("goes to exactly one of many who find a stale one", async () => {
    const file = join(folder, "contended");
    const lock = pathToFileURL(join(import.meta.dirname, "../../../emulator/lock.ts")).href;
    const code = `import { takeLock } from ${JSON.stringify(lock)};
      process.stdin.once("data", () => { process.stdout.write(takeLock(${JSON.stringify(file)}) === undefined ? "mine" : "taken"); });
      process.stdout.write("ready ");`;
    writeFileSync(file, JSON.stringify({ pid: 999_999_999, born: "1" }));
    const children = Array.from({ length: 4 }, () =>
      spawn(process.execPath, ["--input-type=module", "--eval", code], { stdio: ["pipe", "pipe", "inherit"] }),
    );
    const said = children.map(() => "");
    const all = (word: RegExp) =>
      new Promise<void>((done) => {
        const check = () => (said.every((each) => word.test(each)) ? done() : setTimeout(check, 10));
        check();
      });
    for (const [index, child] of children.entries()) child.stdout.on("data", (chunk) => (said[index] += String(chunk)));
    await all(/ready/);
    for (const child of children) child.stdin.write("go\n");
    // None ends before all have tried: a winner that is gone would leave a stale lock again.
    await all(/mine|taken/);
    for (const child of children) child.stdin.end();
    assert.deepEqual(said.map((each) => each.slice(6)).sort(), ["mine", "taken", "taken", "taken"]);
    await Promise.all(children.map((child) => child.exitCode === null && once(child, "exit")));
  });
});

describe("services", () => {
  const events: string[] = [];
  const service = (
    name: string,
    start: Service["start"] = async () => ({ url: name, env: { [name]: "1" } }),
  ): Service => ({
    name,
    start: async (context) => {
      events.push(`start ${name} knowing ${Object.keys(context.env).sort()}`);
      return start(context);
    },
    stop: async () => void events.push(`stop ${name}`),
  });
  const step = (one: Service, ...waitsFor: string[]): Step => ({ service: one, after: waitsFor, reason: "" });

  async function surroundings(log: (line: string) => void = () => undefined) {
    events.length = 0;
    const paths = makeHome(join(folder, "home"));
    const certificate = await ensureCertificate(paths.certificate, undefined);
    return {
      paths,
      root: folder,
      certificate,
      ports: openPorts(paths.ports),
      env: { base: "1" },
      log,
      touch: () => undefined,
    };
  }

  it("start after those they wait for, with their variables, and stop in reverse", async () => {
    const steps = [step(service("a")), step(service("b")), step(service("c"), "a"), step(service("d"), "c")];
    const supervisor = supervise(steps, await surroundings());
    const running = await supervisor.start();
    assert.deepEqual(running.services, { a: "a", b: "b", c: "c", d: "d" });
    assert.deepEqual(running.env, { base: "1", a: "1", b: "1", c: "1", d: "1" });
    assert.ok(events.includes("start c knowing a,base"));
    assert.ok(events.includes("start d knowing a,base,c"));
    events.length = 0;
    await supervisor.stop();
    assert.deepEqual(events, ["stop d", "stop c", "stop b", "stop a"]);
  });

  it("are named when they fail, and nobody who waits for them starts", async () => {
    const broken = service("broken", () => Promise.reject(new Error("no disk")));
    const steps = [step(broken), step(service("next"), "broken")];
    await assert.rejects(supervise(steps, await surroundings()).start(), {
      message: "The emulator's service `broken` did not start: no disk",
    });
    assert.deepEqual(events, ["start broken knowing base"]);
  });

  it("get other ports, once, when theirs were taken between look and use", async () => {
    const seen: number[] = [];
    const unlucky = service("unlucky", async (context) => {
      seen.push(await context.port("http"));
      if (seen.length === 1) throw Object.assign(new Error("taken"), { code: "EADDRINUSE" });
      return { url: String(seen[1]), env: {} };
    });
    await supervise([step(unlucky)], await surroundings()).start();
    assert.equal(new Set(seen).size, 2);
    assert.deepEqual(events, ["start unlucky knowing base", "stop unlucky", "start unlucky knowing base"]);
  });

  it("are refused in an order that cannot work", async () => {
    const home = await surroundings();
    assert.throws(() => supervise([step(service("a"), "b"), step(service("b"))], home), {
      message: "The service `a` waits for b, listed after it or not at all; the list must be in starting order.",
    });
  });

  it("are stopped in the middle of a start, and those that wait for it never start", async () => {
    const slow = service("slow", async () => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      return { url: "slow", env: {} };
    });
    const supervisor = supervise([step(slow), step(service("next"), "slow")], await surroundings());
    const starting = supervisor.start();
    starting.catch(() => undefined);
    await new Promise((resolve) => setImmediate(resolve));
    await supervisor.stop();
    await assert.rejects(starting, /The emulator ends; `next` was not started/);
    assert.deepEqual(events, ["start slow knowing base", "stop next", "stop slow", "stop slow"]);
  });

  it("are stopped although one of them cannot", async () => {
    const stuck: Service = { ...service("stuck"), stop: () => Promise.reject(new Error("stuck")) };
    const lines: string[] = [];
    await supervise([step(service("a")), step(stuck)], await surroundings((line) => lines.push(line))).stop();
    assert.deepEqual(lines, ["stuck: did not stop cleanly: Error: stuck", "a: stopped"]);
  });
});
