import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it, mock } from "node:test";
import { type Cluster, createCluster } from "../../../../emulator/azure/ml/cluster.ts";

describe("a cluster", () => {
  let running: Map<string, () => void>;
  let cluster: Cluster;
  const states = () => cluster.nodes().map(({ nodeState }) => nodeState);
  const create = (minNodeCount: number, maxNodeCount: number) => {
    running = new Map();
    const run = (job: string) => new Promise<void>((resolve) => running.set(job, resolve));
    cluster = createCluster({ settings: { minNodeCount, maxNodeCount, idleMs: 5000 }, startMs: 1000, run });
  };
  const end = async (job: string) => {
    running.get(job)?.();
    running.delete(job);
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  };

  beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
  afterEach(() => {
    cluster.close();
    mock.timers.reset();
  });

  it("brings up a node for each waiting job, up to its maximum", () => {
    create(0, 2);
    assert.deepEqual(states(), []);
    for (const job of ["a", "b", "c"]) cluster.submit(job);
    assert.deepEqual(states(), ["preparing", "preparing"]);
    mock.timers.tick(1000);
    assert.deepEqual(states(), ["running", "running"]);
    assert.deepEqual([...running.keys()], ["a", "b"]);
  });

  it("gives the next job to the node that falls idle, and goes to its minimum after the idle time", async () => {
    create(0, 1);
    cluster.submit("a");
    cluster.submit("b");
    mock.timers.tick(1000);
    await end("a");
    assert.deepEqual([...running.keys()], ["b"]);
    await end("b");
    assert.deepEqual(states(), ["idle"]);
    mock.timers.tick(4999);
    assert.deepEqual(states(), ["idle"]);
    mock.timers.tick(1);
    assert.deepEqual(states(), []);
  });

  it("keeps its minimum of nodes", () => {
    create(1, 2);
    mock.timers.tick(1000);
    mock.timers.tick(10_000);
    assert.deepEqual(states(), ["idle"]);
  });

  it("lets a waiting job go, and not a running one", () => {
    create(0, 1);
    cluster.submit("a");
    cluster.submit("b");
    mock.timers.tick(1000);
    assert.equal(cluster.withdraw("b"), true);
    assert.equal(cluster.withdraw("a"), false);
  });

  it("never interrupts a job when its maximum shrinks, and says what still waits when it closes", async () => {
    create(0, 2);
    for (const job of ["a", "b", "c"]) cluster.submit(job);
    mock.timers.tick(1000);
    cluster.resize({ minNodeCount: 0, maxNodeCount: 1, idleMs: 5000 });
    assert.deepEqual(states(), ["running", "running"]);
    assert.deepEqual(cluster.close(), ["c"]);
    assert.deepEqual(states(), []);
  });

  it("runs no job with a maximum of zero", () => {
    create(0, 0);
    cluster.submit("a");
    mock.timers.tick(10_000);
    assert.deepEqual(states(), []);
  });
});
