import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after } from "node:test";
import { publishPackage } from "../../../delivery/package.ts";
import { readReleases } from "../../../delivery/release-log.ts";
import { goodMetrics } from "../../support/model-figures.ts";
import { modelFolder } from "../delivery/package-contract.ts";
import { runScript } from "./run-script.ts";

/** A clone with a remote and a bucket for the commands of a release. The engine is a program that notes how it was called. */

export const root = await mkdtemp(join(tmpdir(), "release-"));
after(() => rm(root, { recursive: true }));

const bin = join(root, "bin");
await mkdir(bin);
await writeFile(
  join(bin, "pulumi"),
  `#!/bin/sh\nif [ "$1 $2" = "stack output" ]; then echo '{}'; exit; fi\necho "$@" >> "$PULUMI_CALLS"\nif [ -n "$PULUMI_FAILS" ]; then echo "$PULUMI_FAILS"; exit 255; fi\n`,
);
await chmod(join(bin, "pulumi"), 0o755);

export const STACK_FILE = `config:
  ml-delivery:project: plants
  ml-delivery:endpoint:
    name: plants-prod
    deployments: {}
    traffic: {}
`;

export type Place = {
  readonly clone: string;
  readonly models: string;
  run(name: string, args: string[], fails?: string): ReturnType<typeof runScript>;
  /** The same before another clone. */
  from(clone: string): Place;
};

export async function place(name: string): Promise<Place> {
  const [clone, models] = [join(root, name, "clone"), join(root, name, "bucket", "models")];
  const git = (cwd: string, ...args: string[]) => execFileSync("git", args, { cwd, stdio: "pipe" }).toString();
  await mkdir(clone, { recursive: true });
  git(root, "init", "--quiet", "--bare", join(name, "origin.git"));
  git(clone, "init", "--quiet", "--initial-branch", "main");
  await writeFile(join(clone, "Pulumi.yaml"), "name: ml-delivery\nruntime: nodejs\n");
  await writeFile(join(clone, "Pulumi.production.yaml"), STACK_FILE);
  git(clone, "add", ".");
  git(clone, "-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "--quiet", "-m", "Start");
  git(clone, "remote", "add", "origin", "../origin.git");
  git(clone, "push", "--quiet", "--set-upstream", "origin", "main");
  const placeAt = (folder: string): Place => ({
    clone: folder,
    models,
    from: placeAt,
    run: (script, args, fails = "") => {
      const env = {
        PATH: `${bin}${delimiter}${process.env["PATH"]}`,
        PULUMI_CALLS: join(root, name, "calls"),
        PULUMI_FAILS: fails,
        GITHUB_ACTOR: "octocat",
      };
      return runScript(script, [...args, "--environment", "production", "--models-path", models], { cwd: folder, env });
    },
  });
  return placeAt(clone);
}

export async function trained(
  name: string,
  content: string,
  accuracy = 0.9,
): Promise<{ path: string; version: string }> {
  const folder = await modelFolder(join(root, name), `model-${content}`, content);
  const fields = { data: { fingerprint: "d".repeat(64), count: 3 }, git: null, parameters: {}, parent: null };
  const { path, version } = await publishPackage(folder, join(root, name, "trained"), fields);
  await writeFile(join(path, "metrics.json"), JSON.stringify(goodMetrics(content, { accuracy, avg_latency_ms: 5 })));
  return { path, version };
}

export const stackFile = (at: Place) => readFile(join(at.clone, "Pulumi.production.yaml"), "utf8");
export const log = (at: Place) =>
  execFileSync("git", ["log", "origin/main", "--format=%B%x00"], { cwd: at.clone }).toString();

export const json = ({ stdout }: { stdout: string }) => JSON.parse(stdout);
export const short = ({ version }: { version: string }) => `m-${version.slice(0, 8)}`;
export const steps = async (at: Place) => (await readReleases(at.models)).map(({ what }) => what);
export const evidence = async (at: Place) =>
  (await readReleases(at.models)).map((record) => record.evidence as Record<string, unknown>);
export const git = (cwd: string, ...args: string[]) =>
  execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.com", ...args], {
    cwd,
    stdio: "pipe",
  }).toString();

/** One model live, a second one a canary with 10 %. */
export async function withCanary(name: string) {
  const at = await place(name);
  const [one, two] = [await trained(name, "one"), await trained(name, "two")];
  const deploy = (model: { path: string }, ...more: string[]) =>
    at.run("deploy", ["--model-path", model.path, ...more]);
  assert.equal((await deploy(one)).code, 0);
  assert.equal((await deploy(two, "--traffic-percentage", "10")).code, 0);
  return { at, one, two, deploy, first: short(one), second: short(two) };
}
