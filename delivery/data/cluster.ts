import { join } from "node:path";
import { downloadPrefix, openContainer, sendMissing } from "../blobs.ts";
import { finishJob, newJobName, sendCode } from "../cluster-run.ts";
import { sha256 } from "../digest.ts";
import { withTemporaryFolder } from "../evaluation.ts";
import { ensureEnvironment, submitJob } from "../jobs.ts";
import type { ObjectInfo } from "../objects.ts";
import { textSource } from "../source.ts";
import type { Workspace } from "../workspace.ts";
import { mergePictures } from "./pictures.ts";
import type { DataFiles } from "./scan.ts";
import type { DataSchema } from "./schema.ts";
import { readPart } from "./summary-files.ts";
import { isTable } from "./table-files.ts";
import type { Scanner } from "./validate.ts";

/** How a data set is read by jobs on a cluster. */
export type ClusterPlan = {
  /** Most jobs at once; a file is never cut, so there are no more jobs than files. */
  readonly jobs: number;
  readonly compute: string;
  /** Container image of the jobs; it has Node and this project's dependencies. */
  readonly image: string;
  readonly experiment: string;
};

/** What a job needs of this project. */
const CODE = ["delivery", "scripts", "package.json"];
const COMMAND = `node scripts/validate-data.ts --data-path \${{inputs.data}} --schema-path \${{inputs.schema}}/schema.json --summary-path \${{outputs.summary}}`;

/**
 * Reads files by jobs on the workspace's cluster, each a share of them. The files go to the workspace's own store, once
 * for their identity; the summaries come back and are put together as those of one machine are.
 */
export function clusterScanner(
  workspace: Workspace,
  schema: DataSchema,
  plan: ClusterPlan,
  listener: { readonly say: (line: string) => void; readonly signal?: AbortSignal },
): Scanner {
  let runs = 0;
  const read = async (files: DataFiles, objects: readonly ObjectInfo[], scratch: string) => {
    const shares = deal(objects, plan.jobs);
    const folder = join(scratch, `jobs-${++runs}`);
    return Promise.all(
      shares.map(async (share, index) => {
        const into = join(folder, String(index));
        await runShare(workspace, schema, plan, files, share, into, listener);
        return readPart(into);
      }),
    );
  };
  return {
    pictures: (files, objects) =>
      withTemporaryFolder(async (scratch) => {
        const parts = await read(files, objects, scratch);
        return mergePictures(parts.map(({ pictures }) => pictures));
      }),
    tables: async (files, scratch) => {
      const parts = await read(
        files,
        files.objects.filter(({ key }) => isTable(key)),
        scratch,
      );
      return parts.flatMap(({ tables }) => tables);
    },
  };
}

/** Deals files out so that shares have about as many bytes: the largest first, each to the share that has least. */
export function deal(objects: readonly ObjectInfo[], count: number): ObjectInfo[][] {
  const shares = Array.from({ length: Math.min(count, objects.length) }, () => ({
    bytes: 0,
    objects: [] as ObjectInfo[],
  }));
  for (const object of [...objects].sort((a, b) => b.size - a.size)) {
    const least = shares.reduce((best, share) => (share.bytes < best.bytes ? share : best));
    least.bytes += object.size;
    least.objects.push(object);
  }
  return shares.map((share) => share.objects);
}

async function runShare(
  workspace: Workspace,
  schema: DataSchema,
  plan: ClusterPlan,
  { folder, path }: DataFiles,
  share: readonly ObjectInfo[],
  into: string,
  listener: { readonly say: (line: string) => void; readonly signal?: AbortSignal },
): Promise<void> {
  const container = await openContainer(workspace.blobUrl, workspace.container);
  const identity = JSON.stringify([path, share.map(({ key, size, etag }) => [key, size, etag]).sort()]);
  const data = `validate/${sha256(identity).slice(0, 32)}/`;
  const outgoing = share.map(({ key, size, etag }) => ({
    name: key,
    source: async () => ({ bytes: size, open: () => folder.stream(key, etag) }),
  }));
  const sent = await sendMissing(container, data, outgoing);
  listener.say(`${share.length} files, ${sent} sent`);
  const text = JSON.stringify(schema);
  const schemas = `validate/schema-${sha256(text).slice(0, 32)}/`;
  await sendMissing(container, schemas, [{ name: "schema.json", source: async () => textSource(text) }]);
  const name = newJobName("validate");
  const output = `jobs/${name}/summary/`;
  await submitJob(workspace, {
    name,
    experiment: plan.experiment,
    command: COMMAND,
    compute: plan.compute,
    environmentId: await ensureEnvironment(workspace, "training", plan.image),
    codeId: await sendCode(workspace, container, "validate-data", CODE),
    inputs: { data, schema: schemas },
    outputs: { summary: output },
  });
  await finishJob(workspace, name, plan.compute, listener);
  await downloadPrefix(container, output, into);
}
