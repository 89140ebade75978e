import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** One run of a process, its children included. Memory and processor time are read from /proc, and absent without it. */
export interface Measured {
  readonly seconds: number;
  /** Of all cores together. */
  readonly cpuSeconds: number;
  readonly peakMb: number;
}

const LIMIT_MS = 15 * 60_000;
const TICKS = 100;

/** @throws Error where the process fails. */
export function measure(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<Measured> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(command, args, { env, stdio: ["ignore", "ignore", "pipe"], timeout: LIMIT_MS });
    const errors: string[] = [];
    child.stderr.on("data", (chunk: Buffer) => errors.push(chunk.toString()));
    let peak = 0;
    const cpu = new Map<number, number>();
    const look = () => {
      const pids = family(child.pid ?? 0);
      peak = Math.max(
        peak,
        pids.reduce((sum, pid) => sum + residentMb(pid), 0),
      );
      for (const pid of pids) cpu.set(pid, Math.max(cpu.get(pid) ?? 0, cpuSeconds(pid)));
    };
    const timer = setInterval(look, 100);
    child.once("error", reject);
    child.once("close", (code) => {
      clearInterval(timer);
      if (code !== 0) {
        reject(new Error(`${command} ${args.join(" ")} ended with ${code}: ${errors.join("").slice(-2000)}`));
        return;
      }
      const seconds = (performance.now() - started) / 1000;
      resolve({ seconds, cpuSeconds: [...cpu.values()].reduce((sum, own) => sum + own, 0), peakMb: peak });
    });
  });
}

/** A process and those that it started, by the system's own list: to go through all processes would slow what is measured. */
function family(pid: number): number[] {
  const found = [pid];
  for (const own of found) {
    for (const thread of list(`/proc/${own}/task`)) {
      found.push(...read(`/proc/${own}/task/${thread}/children`).split(" ").filter(Boolean).map(Number));
    }
  }
  return found;
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/** Fields of `/proc/PID/stat` after the name, which may hold anything. */
function statOf(pid: number): string[] {
  return read(`/proc/${pid}/stat`)
    .replace(/^.*\) /s, "")
    .split(" ");
}

function cpuSeconds(pid: number): number {
  const stat = statOf(pid);
  return (Number(stat[11] ?? 0) + Number(stat[12] ?? 0)) / TICKS;
}

function residentMb(pid: number): number {
  return (Number(statOf(pid)[21] ?? 0) * 4096) / 1e6;
}
