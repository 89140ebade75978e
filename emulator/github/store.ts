import { join } from "node:path";
import { readJsonFile, writeFileAtomically } from "../atomic-file.ts";
import { type GithubState, githubState } from "./state.ts";

export interface GithubStore {
  /** What is true now. Never changed in place. */
  read(): GithubState;
  /** Changes a copy, writes it, and only then is it true. One change after another; an error changes nothing. */
  change<T>(work: (state: GithubState) => T): Promise<T>;
}

export function stateFile(folder: string): string {
  return join(folder, "state.json");
}

/** Reads the state of a folder, or an empty one where there is none yet. */
export async function readState(folder: string): Promise<GithubState> {
  return githubState.parse((await readJsonFile(stateFile(folder))) ?? { next_id: 1000, repositories: {} });
}

export async function openStore(folder: string): Promise<GithubStore> {
  let state = await readState(folder);
  let turn: Promise<unknown> = Promise.resolve();
  return {
    read: () => state,
    change(work) {
      const result = turn.then(async () => {
        const draft = structuredClone(state);
        const answer = work(draft);
        await writeFileAtomically(stateFile(folder), `${JSON.stringify(draft, undefined, 2)}\n`, 0o600);
        state = draft;
        return answer;
      });
      turn = result.catch(() => undefined);
      return result;
    },
  };
}

export function takeId(state: GithubState): number {
  const id = state.next_id;
  state.next_id += 1;
  return id;
}
