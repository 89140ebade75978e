import { readFileSync } from "node:fs";
import path from "node:path";
import { readSecrets } from "../../../../emulator/github/secrets.ts";
import { prepareJudge } from "../../../setup/judges.ts";
import { createProgress } from "../../../setup/progress.ts";
import { type Repository, readVariables } from "../../pipeline.ts";
import type { Workplace } from "../../stacks.ts";
import { ENVIRONMENTS, setByHand } from "./administrator.ts";
import type { Runner } from "./run.ts";

/** Sessions and addresses that a runner does not have by itself: signing in, secrets or variables give them. */
const NOT_THE_RUNNERS = [
  /^(AWS_(ACCESS_KEY_ID|SECRET_ACCESS_KEY)|IDENTITY_|ARM_|AZURE_(?!RESOURCE_MANAGER_ENDPOINT))/,
  /^PULUMI_(BACKEND_URL|CONFIG_PASSPHRASE|OPTION_)/,
  /^GIT_(AUTHOR|COMMITTER)_/,
  /^GITHUB_(?!API_URL)/,
];

/**
 * A runner for the rehearsal's repository. Builds act the first time, and sets in each environment what is set by hand.
 *
 * @param root the project's root, whose packages the jobs use.
 * @throws MissingPrerequisite where act cannot be built.
 */
export async function openRunner(root: string, place: Workplace, repository: Repository): Promise<Runner> {
  const { emulatorHome, owner, name } = repository;
  const { env } = place;
  const token = env["GITHUB_TOKEN"] ?? "";
  const fullName = `${owner}/${name}`;
  const passphrase = readFileSync(env["PULUMI_CONFIG_PASSPHRASE_FILE"] ?? "", "utf8").trim();
  for (const environment of ENVIRONMENTS) {
    await setByHand(
      { api: env["GITHUB_API_URL"] ?? "", token, fullName },
      environment,
      { DELIVERY_GITHUB_TOKEN: token, PULUMI_CONFIG_PASSPHRASE: passphrase },
      { PULUMI_BACKEND_URL: env["PULUMI_BACKEND_URL"] ?? "" },
    );
  }
  const only = (pattern: RegExp) => Object.fromEntries(Object.entries(env).filter(([key]) => pattern.test(key)));
  return {
    act: await prepareJudge("act", createProgress()),
    repository: path.join(emulatorHome, "github", owner, `${name}.git`),
    fullName,
    settings: async (environment) => ({
      variables: await readVariables(place, repository, environment),
      secrets: await readSecrets(emulatorHome, owner, name, environment),
    }),
    token,
    env: Object.fromEntries(Object.entries(env).filter(([key]) => !NOT_THE_RUNNERS.some((left) => left.test(key)))),
    sessions: { aws: only(/^AWS_(ACCESS_KEY_ID|SECRET_ACCESS_KEY)$/), azure: only(/^IDENTITY_/) },
    packages: path.join(root, "node_modules"),
  };
}
