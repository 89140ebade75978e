/** Something that happened in a repository, as GitHub tells a workflow of it. */
export interface GitHubEvent {
  readonly name: "push" | "workflow_dispatch" | "schedule" | "pull_request";
  /** The commit the run is about. */
  readonly commit: string;
  /** What lies at `GITHUB_EVENT_PATH`, less the repository, which every event has. */
  readonly payload: Readonly<Record<string, unknown>>;
}

/** A commit arrived on a branch. */
export function push(branch: string, commit: string, message: string): GitHubEvent {
  const head = { id: commit, message };
  const payload = { ref: `refs/heads/${branch}`, after: commit, deleted: false, head_commit: head, commits: [head] };
  return { name: "push", commit, payload };
}

/** Somebody started a workflow by hand. */
export function dispatch(branch: string, commit: string, inputs: Readonly<Record<string, string>> = {}): GitHubEvent {
  return { name: "workflow_dispatch", commit, payload: { ref: `refs/heads/${branch}`, inputs } };
}

/** The clock struck. */
export function schedule(cron: string, commit: string): GitHubEvent {
  return { name: "schedule", commit, payload: { schedule: cron } };
}

export interface PullRequest {
  readonly number: number;
  readonly title: string;
  /** Branch of the change, its commit, and the repository it lies in: another one for a fork. */
  readonly head: { readonly branch: string; readonly commit: string; readonly repository: string };
  readonly base: { readonly branch: string; readonly commit: string; readonly repository: string };
  /** The head merged into the base, which GitHub makes for checks. */
  readonly merged: string;
}

/** A pull request was opened. */
export function pullRequest({ number, title, head, base, merged }: PullRequest): GitHubEvent {
  const side = ({ branch, commit, repository }: PullRequest["head"]) => ({
    ref: branch,
    sha: commit,
    repo: { full_name: repository, fork: repository !== base.repository },
  });
  return {
    name: "pull_request",
    commit: merged,
    payload: { action: "opened", number, pull_request: { number, title, head: side(head), base: side(base) } },
  };
}
