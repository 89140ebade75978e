import { randomUUID } from "node:crypto";

/** What a cluster may grow and shrink by. */
export interface ScaleSettings {
  readonly minNodeCount: number;
  readonly maxNodeCount: number;
  /** An idle node above the minimum leaves after this. */
  readonly idleMs: number;
}

/** A node as `listNodes` tells of it. */
export interface ClusterNode {
  readonly nodeId: string;
  readonly nodeState: "preparing" | "idle" | "running" | "leaving";
  readonly privateIpAddress: string;
  readonly port: number;
  readonly runId?: string;
}

/** The nodes and the queue of one AmlCompute. */
export interface Cluster {
  /** Queues a job. It runs once a node is free; at most one job a node. */
  submit(jobId: string): void;
  /** Takes a job out of the queue; false where it is not waiting there. */
  withdraw(jobId: string): boolean;
  nodes(): readonly ClusterNode[];
  resize(settings: ScaleSettings): void;
  /** Drops all nodes and stops giving out jobs. Gives the jobs that were waiting. */
  close(): readonly string[];
}

export interface ClusterOptions {
  readonly settings: ScaleSettings;
  /** How long a node is `preparing`. */
  readonly startMs: number;
  /** Runs a job on a node; the node is busy until it resolves. */
  readonly run: (jobId: string) => Promise<void>;
}

interface Node {
  readonly id: string;
  readonly address: number;
  state: "preparing" | "idle" | "running";
  job: string | undefined;
  timer: NodeJS.Timeout | undefined;
}

/** A cluster with its minimum of nodes coming up. */
export function createCluster(options: ClusterOptions): Cluster {
  let settings = options.settings;
  let nodes: Node[] = [];
  let closed = false;
  const queue: string[] = [];

  function schedule(): void {
    if (closed) return;
    for (const node of nodes) {
      if (node.state !== "idle") continue;
      const job = queue.shift();
      if (job === undefined) break;
      occupy(node, job);
    }
    const preparing = nodes.filter(({ state }) => state === "preparing").length;
    const wanted = Math.max(queue.length - preparing, settings.minNodeCount - nodes.length);
    const room = settings.maxNodeCount - nodes.length;
    for (let count = 0; count < Math.min(wanted, room); count += 1) allocate();
    for (const node of nodes) if (node.state === "idle" && node.timer === undefined) waitIdle(node);
  }

  function allocate(): void {
    const taken = new Set(nodes.map(({ address }) => address));
    let address = 0;
    while (taken.has(address)) address += 1;
    const node: Node = {
      id: `tvmps_${randomUUID().replaceAll("-", "")}_d`,
      address,
      state: "preparing",
      job: undefined,
      timer: undefined,
    };
    nodes.push(node);
    node.timer = setTimeout(() => {
      node.state = "idle";
      node.timer = undefined;
      schedule();
    }, options.startMs);
  }

  function occupy(node: Node, job: string): void {
    clearTimeout(node.timer);
    node.timer = undefined;
    node.state = "running";
    node.job = job;
    // A failed run is the job's affair: it is on record there, and the node is free again.
    void options
      .run(job)
      .catch(() => undefined)
      .then(() => {
        node.state = "idle";
        node.job = undefined;
        schedule();
      });
  }

  function waitIdle(node: Node): void {
    node.timer = setTimeout(() => {
      node.timer = undefined;
      if (node.state === "idle" && nodes.length > settings.minNodeCount)
        nodes = nodes.filter((other) => other !== node);
    }, settings.idleMs);
    node.timer.unref();
  }

  schedule();
  return {
    submit(jobId) {
      queue.push(jobId);
      schedule();
    },
    withdraw(jobId) {
      const index = queue.indexOf(jobId);
      if (index >= 0) queue.splice(index, 1);
      return index >= 0;
    },
    nodes: () =>
      nodes.map(({ id, address, state, job }) => ({
        nodeId: id,
        nodeState: state,
        privateIpAddress: `10.0.0.${address + 4}`,
        port: 50_000 + address,
        ...(job === undefined ? {} : { runId: job.split("/").at(-1) ?? job }),
      })),
    resize(changed) {
      settings = changed;
      for (const node of nodes.toReversed()) {
        if (nodes.length <= settings.maxNodeCount) break;
        if (node.state !== "running") nodes = nodes.filter((other) => other !== node);
      }
      for (const node of nodes) {
        if (node.state !== "idle") continue;
        clearTimeout(node.timer);
        node.timer = undefined;
      }
      schedule();
    },
    close() {
      closed = true;
      for (const { timer } of nodes) clearTimeout(timer);
      nodes = [];
      return queue.splice(0);
    },
  };
}
