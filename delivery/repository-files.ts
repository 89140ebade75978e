import { stringify } from "yaml";
import type { Files } from "./github.ts";

/** Who has to agree to a change of what decides about production, whoever else does. */
const owned = ["/.github/", "/Pulumi.*.yaml", "/Pulumi.yaml", "/index.ts", "/config.ts", "/components/", "/policy/"];

/**
 * `.github/CODEOWNERS`: the files that decide who may do what in production belong to `owners`, each a user or team as
 * GitHub writes them (`@org/team`).
 */
export function codeOwners(owners: readonly string[]): string {
  const width = Math.max(...owned.map((path) => path.length));
  return [marker, ...owned.map((path) => `${path.padEnd(width)} ${owners.join(" ")}`), ""].join("\n");
}

/**
 * `.github/dependabot.yml`: updates of packages, actions and images once a week. A release waits a week before it is
 * proposed, since malicious ones are mostly found within days.
 */
export function dependabot(): string {
  const updates = ["npm", "github-actions", "docker"].map((ecosystem) => ({
    "package-ecosystem": ecosystem,
    directory: "/",
    schedule: { interval: "weekly" },
    cooldown: { "default-days": 7 },
    // One pull request a week instead of one a package; major versions come alone, to be read alone.
    groups: { [`${ecosystem}-minor`]: { "update-types": ["minor", "patch"] } },
  }));
  return `${marker}\n${stringify({ version: 2, updates })}`;
}

/**
 * The actions that workflows use, as the patterns that GitHub's list of allowed actions takes (`actions/checkout@*`),
 * sorted. What is pinned to which commit stands in the workflow, and GitHub requires that it is one.
 */
export function actionsIn(files: Files): string[] {
  const workflows = Object.entries(files).filter(([path]) => path.startsWith(".github/workflows/"));
  const uses = workflows.flatMap(([, text]) => [
    ...text.matchAll(/^\s*(?:- )?uses: *["']?([\w.-]+\/[\w.-]+(?:\/[\w./-]+)?)@/gm),
  ]);
  return [...new Set(uses.map(([, action]) => `${action}@*`))].sort();
}

const marker = "# Generated from delivery/repository-files.ts. Edit that file, not this one.";
