import { formatLocation } from "../delivery/location.ts";
import { checkNewData, commitMark, type DataCheck } from "../delivery/new-data.ts";
import { type ObjectFile, type ObjectFolder, openFile, openFolder, pathOf } from "../delivery/objects.ts";
import { readSnapshot, requireSameData, saveSnapshot } from "../delivery/snapshot.ts";
import { type Command, type Context, type Outcome, runCommand } from "./support/command.ts";
import { bucketFolder } from "./support/flags.ts";
import { createProgress } from "./support/progress.ts";

/** Names that are shown of each kind of change; the snapshot has them all. */
const SHOWN = 10;

export const command: Command = {
  name: "check-new-data",
  summary:
    "Says whether there is data that no model was trained on yet. The mark that this is compared with moves only with --commit-mark, once the training has gone well.",
  example:
    "--data-path s3://bucket/data/raw/ --last-check-path s3://bucket/metadata/last_check.txt --output-path s3://bucket/metadata/snapshots/",
  flags: {
    "data-path": { help: "raw data, a folder; default s3://$DATA_BUCKET/data/raw/", value: "PATH" },
    "last-check-path": {
      help: "the mark, a file; not there before the first training; default s3://$DATA_BUCKET/metadata/last_check.txt",
      value: "PATH",
    },
    "output-path": {
      help: "folder to put a snapshot of the data in, for prepare-data and --commit-mark; named by its digest",
      value: "PATH",
    },
    "commit-mark": {
      help: "a snapshot that a model was trained on: makes it the mark, if that has not moved since; checks nothing",
      value: "SNAPSHOT",
    },
  },
  async run(context) {
    const data = openFolder(bucketFolder(context, "data-path", "DATA_BUCKET", "data/raw/"));
    const mark = openFile(bucketFolder(context, "last-check-path", "DATA_BUCKET", "metadata/last_check.txt"));
    const snapshot = context.flags["commit-mark"];
    return snapshot === undefined ? check(context, data, mark) : commit(data, mark, snapshot);
  },
};

async function check(context: Context, data: ObjectFolder, mark: ObjectFile): Promise<Outcome> {
  const found = await checkNewData(data, mark, createProgress(context.say, "objects looked at"));
  const output = context.flags["output-path"];
  const snapshot = output === undefined ? null : await saveSnapshot(found.snapshot, openFolder(output));
  const shown = (keys: readonly string[]) => ({ count: keys.length, first: keys.slice(0, SHOWN) });
  const report = {
    data_path: found.snapshot.dataPath,
    last_check_path: pathOf(mark),
    has_new_data: found.hasNewData,
    first_check: found.first,
    added: shown(found.added),
    changed: shown(found.changed),
    removed: shown(found.removed),
    unchanged: found.unchanged,
    snapshot,
  };
  return {
    exitCode: found.hasNewData ? 0 : 1,
    report,
    text: describe(found, snapshot),
    outputs: {
      has_new_data: found.hasNewData,
      added: found.added.length,
      changed: found.changed.length,
      removed: found.removed.length,
      ...(snapshot !== null && { snapshot }),
    },
  };
}

async function commit(data: ObjectFolder, mark: ObjectFile, path: string): Promise<Outcome> {
  const snapshot = await readSnapshot(openFile(path));
  requireSameData(snapshot, formatLocation(data.location), `snapshot \`${path}\``);
  const moved = await commitMark(mark, snapshot);
  const count = snapshot.objects.length;
  const report = { last_check_path: pathOf(mark), snapshot: path, moved, count };
  const text = `${pathOf(mark)} ${moved ? "now holds" : "held already"} the ${count} objects of ${path}`;
  return { exitCode: 0, report, text, outputs: { moved } };
}

function describe({ added, changed, removed, unchanged, first, hasNewData }: DataCheck, snapshot: string | null) {
  const list = (what: string, keys: readonly string[]) => {
    if (keys.length === 0) return [];
    const more = keys.length > SHOWN ? ` and ${keys.length - SHOWN} more` : "";
    return [`- ${keys.length} ${what}: ${keys.slice(0, SHOWN).join(", ")}${more}`];
  };
  return [
    `${hasNewData ? "there is new data" : "no new data"}${first ? "; nothing was marked as used before" : ""}`,
    ...list("added", added),
    ...list("changed", changed),
    ...list("removed since", removed),
    `- ${unchanged} unchanged`,
    ...(snapshot === null ? [] : [`- snapshot: ${snapshot}`]),
  ].join("\n");
}

if (import.meta.main) await runCommand(command);
