import { openFile } from "../delivery/objects.ts";
import { type PreparedData, prepareData } from "../delivery/prepare.ts";
import { readSnapshot } from "../delivery/snapshot.ts";
import { type Command, numberFlag, runCommand } from "./support/command.ts";
import { bucketFolder } from "./support/flags.ts";
import { createProgress } from "./support/progress.ts";

export const command: Command = {
  name: "prepare-data",
  summary: "Splits raw data into training and test data, by the content of each picture: it never changes sides.",
  example:
    "--data-path s3://bucket/data/raw/ --processed-path s3://bucket/data/processed/ --test-path s3://bucket/data/test/",
  flags: {
    "data-path": { help: "raw data, a sub-folder a class; default s3://$DATA_BUCKET/data/raw/", value: "PATH" },
    "processed-path": { help: "training data; default s3://$DATA_BUCKET/data/processed/", value: "PATH" },
    "test-path": { help: "test data; default s3://$DATA_BUCKET/data/test/", value: "PATH" },
    "snapshot-path": {
      help: "what check-new-data --output-path wrote: that is used, object by object, and nothing else is left on either side; default: what the raw data holds now",
      value: "FILE",
    },
    "test-share": { help: "share of pictures that go to the test data", value: "0..1", default: "0.2" },
  },
  async run(context) {
    const paths = {
      raw: bucketFolder(context, "data-path", "DATA_BUCKET", "data/raw/"),
      processed: bucketFolder(context, "processed-path", "DATA_BUCKET", "data/processed/"),
      test: bucketFolder(context, "test-path", "DATA_BUCKET", "data/test/"),
    };
    const share = numberFlag(context, "test-share", 0.001, 0.999);
    const snapshotPath = context.flags["snapshot-path"];
    const prepared = await prepareData(paths, share, {
      onProgress: createProgress(context.say, "pictures split"),
      ...(snapshotPath !== undefined && { snapshot: await readSnapshot(openFile(snapshotPath)) }),
    });
    const counts = Object.values(prepared.classes);
    const total = (side: "processed" | "test") => counts.reduce((sum, count) => sum + count[side], 0);
    const report = {
      ...paths,
      snapshot: snapshotPath ?? null,
      test_share: share,
      processed_count: total("processed"),
      test_count: total("test"),
      ...prepared,
    };
    const lacking = counts.some((count) => count.processed === 0 || count.test === 0);
    return {
      exitCode: lacking ? 1 : 0,
      report,
      text: describe(prepared, report.processed_count, report.test_count),
      outputs: { processed_count: report.processed_count, test_count: report.test_count },
    };
  },
};

function describe(prepared: PreparedData, processed: number, test: number): string {
  const { classes, written, unchanged, stale, removed } = prepared;
  const lacking = Object.entries(classes).flatMap(([label, count]) => [
    ...(count.processed === 0 ? [`- error: class \`${label}\` has no training pictures; add some`] : []),
    ...(count.test === 0 ? [`- error: class \`${label}\` has no test pictures; add some, or raise --test-share`] : []),
  ]);
  const left =
    stale.length > 0 ? [`- warning: ${stale.length} files are no longer in the raw data, such as ${stale[0]}`] : [];
  return [
    `${processed} pictures to train on, ${test} to test on (${written} written, ${unchanged} unchanged, ${removed} removed)`,
    ...lacking,
    ...left,
  ].join("\n");
}

if (import.meta.main) await runCommand(command);
