import { GithubError } from "./errors.ts";
import { gitObjects } from "./git-objects.ts";
import { type Github, gitOf } from "./rest.ts";
import type { RepositoryState, RulesetState } from "./state.ts";

/** A change of a reference that somebody asks for. */
export interface RefChange {
  /** In full: `refs/heads/main`. */
  readonly ref: string;
  /** Nothing: the reference is made. */
  readonly before: string | undefined;
  /** Nothing: the reference goes. */
  readonly after: string | undefined;
}

/**
 * Judges a change by the repository's active rulesets. The emulator has one token; it stands for whoever a ruleset lets
 * pass, so a ruleset with such an actor holds nobody up.
 *
 * @param status what GitHub answers with: 422 for references, 409 for files.
 * @throws GithubError that lists every rule the change breaks.
 */
export async function checkRules(
  github: Github,
  repository: RepositoryState,
  change: RefChange,
  status: 409 | 422,
): Promise<void> {
  const broken: string[] = [];
  for (const ruleset of repository.rulesets) {
    if (!appliesTo(ruleset, change.ref, repository.default_branch) || canPass(ruleset)) continue;
    for (const rule of ruleset.rules) broken.push(...(await breaches(github, repository, rule, change)));
  }
  if (broken.length === 0) return;
  throw new GithubError(status, ["Repository rule violations found", "", ...broken].join("\n"));
}

/** True where the ruleset is in force for the reference. */
export function appliesTo(ruleset: RulesetState, ref: string, defaultBranch: string): boolean {
  const folder = ruleset.target === "branch" ? "refs/heads/" : "refs/tags/";
  if (ruleset.enforcement !== "active" || !ref.startsWith(folder)) return false;
  const named = (pattern: string) => {
    if (pattern === "~ALL") return true;
    if (pattern === "~DEFAULT_BRANCH") return ref === `refs/heads/${defaultBranch}`;
    return matchesPattern(ref, pattern);
  };
  const { include, exclude } = ruleset.conditions.ref_name;
  return include.some(named) && !exclude.some(named);
}

export const canPass = (ruleset: RulesetState) =>
  ruleset.bypass_actors.some(({ bypass_mode }) => bypass_mode !== "pull_request");

/** Ruby's `File.fnmatch` with `FNM_PATHNAME`, which GitHub names: `*` ends at a slash, `**` and a slash do not. */
export function matchesPattern(ref: string, pattern: string): boolean {
  const pieces = pattern.split(/(\*\*\/|\*|\?)/).map((piece) => {
    if (piece === "**/") return "(?:[^/]+/)*";
    if (piece === "*") return "[^/]*";
    return piece === "?" ? "[^/]" : piece.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  });
  return new RegExp(`^${pieces.join("")}$`).test(ref);
}

async function breaches(
  github: Github,
  repository: RepositoryState,
  rule: RulesetState["rules"][number],
  { before, after }: RefChange,
): Promise<string[]> {
  const git = gitObjects(gitOf(github, repository).folder);
  const when = (broken: boolean, words: string) => (broken ? [words] : []);
  const updates = before !== undefined && after !== undefined;
  switch (rule.type) {
    case "creation":
      return when(before === undefined, "Cannot create ref due to creations being restricted.");
    case "update":
      return when(updates, "Cannot update this protected ref.");
    case "deletion":
      return when(after === undefined, "Cannot delete this protected ref.");
    case "non_fast_forward":
      return when(updates && !(await git.isAncestor(before, after)), "Cannot force-push to this branch");
    case "pull_request":
      return when(updates, "Changes must be made through a pull request.");
    case "required_status_checks": {
      // Nothing reports the state of a commit here, so every check is still to come.
      const checks = (rule.parameters?.["required_status_checks"] ?? []) as readonly { context: string }[];
      if (!updates) return [];
      return checks.length === 1
        ? [`Required status check "${checks[0]?.context}" is expected.`]
        : [`${checks.length} of ${checks.length} required status checks are expected.`];
    }
    case "required_linear_history": {
      if (after === undefined) return [];
      const { parents } = await git.readCommit(after);
      return when(parents.length > 1, "This branch must not contain merge commits.");
    }
    case "required_signatures":
      return when(after !== undefined, "Commits must have verified signatures.");
    default:
      throw new Error(`The rule \`${rule.type}\` is kept, and nothing judges it.`);
  }
}
