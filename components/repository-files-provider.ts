import { isDeepStrictEqual } from "node:util";
import type { dynamic } from "@pulumi/pulumi";
import { type BranchAddress, blobDigest, commitFiles, type Files, readBlob, readBranch } from "../delivery/github.ts";

/** Inputs of {@link RepositoryFiles}. */
export interface FilesInputs extends BranchAddress {
  readonly files: Files;
}

/** Its outputs: the inputs, and the commit that put the files in place. */
export interface FilesState extends FilesInputs {
  readonly commit: string;
}

const title = "Put the delivery's files in place";

export async function check(_old: Partial<FilesState>, inputs: FilesInputs): Promise<dynamic.CheckResult> {
  const failures = Object.keys(inputs.files)
    .filter((path) => path.split("/").some((part) => part === "" || part === "." || part === ".." || part === ".git"))
    .map((path) => ({
      property: `files["${path}"]`,
      reason: `"${path}" is no path in a repository: write it from the root, as .github/CODEOWNERS`,
    }));
  return { inputs, failures };
}

export async function diff(_id: string, old: FilesState, next: FilesInputs): Promise<dynamic.DiffResult> {
  const replaces = (["owner", "repository", "branch"] as const).filter((key) => old[key] !== next[key]);
  return { changes: replaces.length > 0 || !isDeepStrictEqual(old.files, next.files), replaces };
}

/** Takes over files that are there already, as in a clone of this project. */
export async function create(inputs: FilesInputs): Promise<dynamic.CreateResult> {
  const commit = await commitFiles(inputs, inputs.files, title);
  return { id: `${inputs.owner}/${inputs.repository}/${inputs.branch}`, outs: state(inputs, commit) };
}

/** The files as the branch has them, so that a refresh shows what somebody else wrote. */
export async function read(id: string, known: FilesState): Promise<dynamic.ReadResult> {
  const now = await readBranch(known);
  if (now === undefined) return { id: "", props: {} }; // the engine takes an empty id for "gone"
  const found = Object.entries(known.files).map(async ([path, text]) => {
    const digest = now.digests.get(path);
    if (digest === undefined) return [];
    return [[path, digest === blobDigest(text) ? text : await readBlob(known, digest)] as const];
  });
  const files = Object.fromEntries((await Promise.all(found)).flat());
  const props = state({ ...known, files }, known.commit);
  const { commit: _, ...inputs } = props;
  return { id, props, inputs };
}

/**
 * Writes what differs, in one commit. A file that is neither as state knows it nor as it shall be was changed by
 * somebody else, and is not overwritten unseen.
 */
export async function update(_id: string, old: FilesState, next: FilesInputs): Promise<dynamic.UpdateResult> {
  const gone = Object.keys(old.files).filter((path) => next.files[path] === undefined);
  const changes = { ...Object.fromEntries(gone.map((path) => [path, undefined])), ...next.files };
  const commit = await commitFiles(next, changes, title, ({ digests }) => {
    const digestOf = (text: string | undefined) => (text === undefined ? undefined : blobDigest(text));
    const foreign = Object.keys(changes).filter((path) => {
      const there = digests.get(path);
      return there !== digestOf(old.files[path]) && there !== digestOf(next.files[path]);
    });
    if (foreign.length > 0) throw new Error(changedByOthers(next, foreign));
  });
  return { outs: state(next, commit) };
}

async function remove(_id: string, known: FilesState): Promise<void> {
  if ((await readBranch(known)) === undefined) return;
  const none = Object.fromEntries(Object.keys(known.files).map((path) => [path, undefined]));
  await commitFiles(known, none, "Take the delivery's files away");
}

export { remove as delete };

function changedByOthers({ owner, repository, branch }: BranchAddress, paths: readonly string[]): string {
  return (
    `somebody else has changed ${paths.join(", ")} on ${branch} of ${owner}/${repository}. Nothing was changed. ` +
    "To overwrite it, run `pulumi refresh` first, which takes note of it, then this update again; to keep it, make the " +
    "same change where the file comes from."
  );
}

function state({ owner, repository, branch, files }: FilesInputs, commit: string): FilesState {
  return { owner, repository, branch, files, commit };
}
