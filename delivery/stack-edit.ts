import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { parseDocument } from "yaml";
import { runProcess } from "./process.ts";
import { type Shares, type Traffic, withoutZeros } from "./traffic.ts";

/** Who serves, by a stack file or by the cloud. */
export type Service = Traffic & { readonly deployments: readonly string[] };

/** A stack file that is not as it was committed. */
export type StackEdit = {
  readonly path: string;
  readonly diff: string;
  readonly committedText: string;
  readonly committed: Service;
  readonly working: Service;
  /** Whether deployments, traffic and mirror are all that differs: what a deployment edits. */
  readonly ofDeployment: boolean;
};

/** The service that a stack file asks for. */
export async function readService(folder: string, file: string, namespace: string): Promise<Service> {
  return serviceIn(await readFile(join(folder, file), "utf8"), namespace);
}

/** The edit of `file` that is not committed; undefined where there is none, or no repository. */
export async function readStackEdit(folder: string, file: string, namespace: string): Promise<StackEdit | undefined> {
  const committed = await git(folder, ["show", `HEAD:./${file}`]);
  if (committed === undefined) return undefined;
  const path = join(folder, file);
  const working = await readFile(path, "utf8");
  if (committed === working) return undefined;
  return {
    path,
    diff: (await git(folder, ["diff", "--no-color", "--no-ext-diff", "HEAD", "--", file])) ?? "",
    committedText: committed,
    committed: serviceIn(committed, namespace),
    working: serviceIn(working, namespace),
    ofDeployment: isDeepStrictEqual(withoutService(committed, namespace), withoutService(working, namespace)),
  };
}

/**
 * Whether an edit that a killed deployment left was carried out. The cloud decides: `keep` where traffic is as the edit
 * has it, `revert` where it is as it was committed, `undecided` where it is neither: then somebody else was at work.
 */
export function judgeEdit(
  { committed, working }: StackEdit,
  cloud: Service | undefined,
): "keep" | "revert" | "undecided" {
  const now: Service = cloud ?? { deployments: [], traffic: {}, mirror: {} };
  const [asCommitted, asEdited] = [sameTraffic(now, committed), sameTraffic(now, working)];
  if (!asCommitted && !asEdited) return "undecided";
  if (asCommitted !== asEdited) return asEdited ? "keep" : "revert";
  // Traffic is the same in both: what was to be added tells.
  return working.deployments.every((name) => now.deployments.includes(name)) ? "keep" : "revert";
}

/** Whether two services send the same requests to the same deployments. */
export function sameTraffic(left: Traffic, right: Traffic): boolean {
  return (["traffic", "mirror"] as const).every((key) =>
    isDeepStrictEqual(withoutZeros(left[key]), withoutZeros(right[key])),
  );
}

/** Puts the committed text back. */
export async function revertEdit({ path, committedText }: StackEdit): Promise<void> {
  const part = `${path}.${process.pid}.part`;
  await writeFile(part, committedText);
  await rename(part, path);
}

function serviceIn(text: string, namespace: string): Service {
  const endpoint = (endpointIn(text, namespace) ?? {}) as Partial<Record<"deployments" | "traffic" | "mirror", object>>;
  return {
    deployments: Object.keys(endpoint.deployments ?? {}),
    traffic: (endpoint.traffic ?? {}) as Shares,
    mirror: (endpoint.mirror ?? {}) as Shares,
  };
}

function endpointIn(text: string, namespace: string): unknown {
  const { config } = (parseDocument(text).toJS() ?? {}) as { config?: Record<string, unknown> };
  return config?.[`${namespace}:endpoint`];
}

function withoutService(text: string, namespace: string): unknown {
  const document = (parseDocument(text).toJS() ?? {}) as { config?: Record<string, unknown> };
  const {
    deployments: _d,
    traffic: _t,
    mirror: _m,
    ...endpoint
  } = (document.config?.[`${namespace}:endpoint`] ?? {}) as Record<string, unknown>;
  return { ...document, config: { ...document.config, [`${namespace}:endpoint`]: endpoint } };
}

async function git(folder: string, args: readonly string[]): Promise<string | undefined> {
  const { code, stdout } = await runProcess("git", args, { cwd: folder, env: { GIT_TERMINAL_PROMPT: "0" } });
  return code === 0 ? stdout : undefined;
}
