import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { readSecrets } from "../../../emulator/github/secrets.ts";
import { readVariables } from "../pipeline.ts";
import { git } from "../stacks.ts";
import type { CiContext } from "./engine.ts";

/** What an environment gives its jobs. */
export interface Settings {
  readonly variables: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, string>>;
}

/** What the program has put into an environment, and what a team's administrator would have set there by hand. */
export async function settingsOf({ place, repository }: CiContext, environment: string): Promise<Settings> {
  const { emulatorHome, owner, name } = repository;
  const secrets = await readSecrets(emulatorHome, owner, name, environment);
  const passphrase = readFileSync(place.env["PULUMI_CONFIG_PASSPHRASE_FILE"] ?? "", "utf8").trim();
  return {
    variables: {
      ...(await readVariables(place, repository, environment)),
      PULUMI_BACKEND_URL: place.env["PULUMI_BACKEND_URL"] ?? "",
    },
    secrets: {
      ...secrets,
      DELIVERY_GITHUB_TOKEN: place.env["GITHUB_TOKEN"] ?? "",
      PULUMI_CONFIG_PASSPHRASE: passphrase,
    },
  };
}

/** The environment of a machine that runs jobs: the rehearsal's, with a stand-in for npm. */
export function runnerEnv({ place, root }: CiContext): Record<string, string> {
  const bin = path.join(import.meta.dirname, "bin");
  return {
    ...place.env,
    PATH: `${bin}${path.delimiter}${place.env["PATH"] ?? ""}`,
    REHEARSAL_NODE_MODULES: path.join(root, "node_modules"),
  };
}

/** The bare repository that the emulated GitHub serves. */
export function bareRepository({ repository }: CiContext): string {
  return path.join(repository.emulatorHome, "github", repository.owner, `${repository.name}.git`);
}

/** A file of the newest commit on main. @throws Error where the program has not put it there. */
export async function fileOnMain(context: CiContext, file: string, system: string): Promise<string> {
  const show = [`--git-dir=${bareRepository(context)}`, "show", `refs/heads/main:${file}`];
  const { stdout } = await promisify(execFile)("git", show).catch(() => {
    throw new Error(
      `There is no ${file} on main; set ml-delivery:repository.ci to \`${system}\`, and update the stack.`,
    );
  });
  return stdout;
}

/** Takes the commits of jobs into the team's working copy: what was deployed is one. */
export async function catchUp({ place, screen }: CiContext): Promise<void> {
  await git(place, ["pull", "--quiet", "--rebase", "origin", "main"], screen.note);
}
