import { sha256 } from "./digest.ts";
import { DeliveryError } from "./errors.ts";
import { formatLocation } from "./location.ts";
import { type ObjectFile, type ObjectFolder, pathOf } from "./objects.ts";
import {
  formatSnapshot,
  type Pinned,
  parseSnapshot,
  requireSameData,
  type Snapshot,
  takeSnapshot,
} from "./snapshot.ts";

/**
 * Which data is new since the last check that led to a model, in two steps. The check compares what is there with the
 * *mark* and writes nothing but, where asked, a snapshot of what is there: by content, never by clocks. Data is split and
 * trained on by that snapshot, and once this has gone well the snapshot becomes the mark. An object that arrives in
 * between is in neither, so the next check finds it; a training that breaks off leaves the mark where it was.
 */

/** How a snapshot differs from the mark. Keys are sorted. */
export type DataChanges = {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
  readonly unchanged: number;
};

/** What a check found. */
export type DataCheck = DataChanges & {
  /** True where something was added or changed. What was only removed is nothing to train on. */
  readonly hasNewData: boolean;
  /** True where no check has led to a model yet. */
  readonly first: boolean;
  readonly snapshot: Snapshot;
};

/**
 * Compares a data folder with the mark. Writes nothing.
 *
 * @throws DeliveryError of kind `input`: the mark cannot be read, or is that of another folder.
 */
export async function checkNewData(
  data: ObjectFolder,
  mark: ObjectFile,
  onProgress?: (done: number, total: number) => void,
): Promise<DataCheck> {
  const text = (await mark.folder.get(mark.key))?.content.toString("utf8");
  const last = text === undefined ? undefined : parseSnapshot(text, `mark \`${pathOf(mark)}\``);
  if (last !== undefined) requireSameData(last, formatLocation(data.location), `mark \`${pathOf(mark)}\``);
  const snapshot = await takeSnapshot(data, text === undefined ? null : sha256(text), onProgress);
  const changes = compare(last?.objects ?? [], snapshot.objects);
  const hasNewData = changes.added.length + changes.changed.length > 0;
  return { ...changes, hasNewData, first: last === undefined, snapshot };
}

/**
 * Makes a snapshot the mark, by compare-and-set: only if the mark still is the one that the snapshot was compared with.
 * Gives false where it is the mark already.
 *
 * @throws DeliveryError of kind `refused`: another run has moved the mark; what it did not use is still new.
 */
export async function commitMark(mark: ObjectFile, snapshot: Snapshot): Promise<boolean> {
  const { folder, key } = mark;
  const text = formatSnapshot(snapshot);
  const current = await folder.get(key);
  const now = current === undefined ? null : sha256(current.content);
  if (now === sha256(text)) return false;
  if (now === snapshot.base) {
    const condition = current === undefined ? ({ ifNoneMatch: "*" } as const) : { ifMatch: current.etag };
    if (await folder.put(key, text, condition)) return true;
    // A first try may have arrived though its answer did not: then what is there is ours.
    const after = await folder.get(key);
    if (after !== undefined && sha256(after.content) === sha256(text)) return true;
  }
  throw new DeliveryError(
    "refused",
    `mark \`${pathOf(mark)}\` was moved by another run since this snapshot was taken; check again, to see what that run did not use`,
  );
}

function compare(before: readonly Pinned[], now: readonly Pinned[]): DataChanges {
  const known = new Map(before.map(([key, , identity]) => [key, identity]));
  const [added, changed]: [string[], string[]] = [[], []];
  for (const [key, , identity] of now) {
    const earlier = known.get(key);
    known.delete(key);
    if (earlier === undefined) added.push(key);
    else if (earlier !== identity) changed.push(key);
  }
  const unchanged = now.length - added.length - changed.length;
  return { added, changed, removed: [...known.keys()].sort(), unchanged };
}
