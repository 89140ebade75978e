import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import type { DataSchema } from "../delivery/data/schema.ts";
import type { DatasetReport } from "../delivery/data/validate.ts";
import { openFile, openFolder } from "../delivery/objects.ts";
import { type Command, type Context, type Flag, integerFlag, required, runCommand } from "./support/command.ts";
import { bucketFolder, WORKSPACE_FLAGS, workspaceName } from "./support/flags.ts";
import { onInterrupt } from "./support/interrupt.ts";
import { createProgress } from "./support/progress.ts";

/** Where the cluster is; needed with `--on-cluster` alone. */
const OPTIONAL_WORKSPACE: Record<string, Flag> = Object.fromEntries(
  Object.entries(WORKSPACE_FLAGS).map(([name, { required: _, ...flag }]) => [name, flag]),
);

export const command: Command = {
  name: "validate-data",
  summary:
    "Is this data set fit for training? Checks the table, every picture, and the set as a whole against a schema.",
  example: "--data-path s3://bucket/data/raw/ --schema-path schemas/data_schema.json",
  flags: {
    "data-path": {
      help: "data set: a folder or s3:// prefix with a sub-folder a class, or with a labels.csv; or a .csv or .parquet file, or a folder of them, where the schema has no x-images; default s3://$DATA_BUCKET/data/raw/",
      value: "PATH",
    },
    "schema-path": { help: "what the data must satisfy", value: "FILE", default: "schemas/data_schema.json" },
    "held-out-path": { help: "pictures of another split; what is in both fails the set", value: "PATH" },
    "reference-path": { help: "report.json of an earlier run, to measure drift from", value: "FILE" },
    "on-cluster": { help: "read the files by so many jobs on the workspace's cluster", value: "N" },
    compute: { help: "with --on-cluster: cluster of the workspace", value: "NAME", env: ["AZURE_ML_COMPUTE"] },
    image: {
      help: "with --on-cluster: container image of the jobs",
      value: "IMAGE",
      env: ["TRAINING_IMAGE"],
      default: "ghcr.io/example-org/ml-delivery/training:1.0.0",
    },
    ...OPTIONAL_WORKSPACE,
    "summary-path": {
      help: "leave what is known of a part of the data in this folder, and judge nothing; what --on-cluster runs",
      value: "DIR",
    },
    "report-path": { help: "folder for report.json, report.md, report.html and problems.csv", value: "DIR" },
  },
  async run(context) {
    // Imported late, here and below: Node then keeps them compiled (`runCommand`), and most runs need not all of them.
    const [{ parseDataSchema }, { datasetMarkdown }, { validateDataset, localScanner }] = await Promise.all([
      import("../delivery/data/schema.ts"),
      import("../delivery/data/report-text.ts"),
      import("../delivery/data/validate.ts"),
    ]);
    const data = bucketFolder(context, "data-path", "DATA_BUCKET", "data/raw/");
    const schemaPath = required(context, "schema-path");
    const schema = parseDataSchema(await readFile(schemaPath, "utf8"), `\`${schemaPath}\``);
    const { "held-out-path": heldOut, "reference-path": reference, "report-path": reportPath } = context.flags;
    const progress = createProgress(context.say, "files checked");
    const { "summary-path": summaryPath } = context.flags;
    if (summaryPath !== undefined) {
      const { summarisePart } = await import("../delivery/data/summary-files.ts");
      await summarisePart(data, schema, summaryPath, progress);
      return { exitCode: 0, report: { summary: summaryPath }, text: `summary of ${data} is in ${summaryPath}` };
    }
    const question = {
      data,
      ...(heldOut !== undefined && { heldOut }),
      ...(reference !== undefined && { reference: await readReference(reference) }),
    };
    const report =
      context.flags["on-cluster"] === undefined
        ? await validateDataset(question, schema, localScanner(schema, progress))
        : await onInterrupt(async (signal) =>
            validateDataset(question, schema, await scannerOnCluster(context, schema, signal)),
          );
    if (reportPath !== undefined) await writeReports(report, reportPath);
    const { verdict, images, rows, fingerprint } = report;
    return {
      exitCode: verdict === "pass" ? 0 : 1,
      report,
      text: datasetMarkdown(report),
      outputs: { verdict, images, rows, fingerprint },
    };
  },
};

async function scannerOnCluster(context: Context, schema: DataSchema, signal: AbortSignal) {
  const [{ clusterScanner }, { findWorkspace }] = await Promise.all([
    import("../delivery/data/cluster.ts"),
    import("../delivery/workspace.ts"),
  ]);
  const plan = {
    jobs: integerFlag(context, "on-cluster", 1, 100),
    compute: required(context, "compute"),
    image: required(context, "image"),
    experiment: "validate-data",
  };
  const workspace = await findWorkspace(workspaceName(context));
  return clusterScanner(workspace, schema, plan, { say: context.say, signal });
}

async function readReference(path: string) {
  const { parseReference } = await import("../delivery/data/report-text.ts");
  const { folder, key } = openFile(path);
  const content = await buffer(await folder.stream(key));
  return parseReference(content.toString("utf8"), `\`${path}\``);
}

async function writeReports(report: DatasetReport, path: string): Promise<void> {
  const [{ datasetMarkdown, problemsCsv }, { datasetPage }] = await Promise.all([
    import("../delivery/data/report-text.ts"),
    import("../delivery/data/report-page.ts"),
  ]);
  const folder = openFolder(path);
  await folder.put("report.md", `${datasetMarkdown(report)}\n`);
  await folder.put("report.html", await datasetPage(report));
  await folder.put("problems.csv", problemsCsv(report));
  await folder.put("report.json", `${JSON.stringify(report, null, 2)}\n`);
}

if (import.meta.main) await runCommand(command);
