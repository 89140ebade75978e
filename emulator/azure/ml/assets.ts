import { mkdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { type Arm, propertiesOf, type ResourceType } from "../arm.ts";
import { AzureError, badArgument } from "../errors.ts";
import { checked } from "../handlers/body.ts";
import { parentOf, parseResourceId, uuidOf } from "../resource-id.ts";
import type { Stored } from "../store.ts";
import { blobExists, resolveBlobPath } from "./blob-paths.ts";
import { downloadWhole } from "./transfer.ts";
import { workspaceOf } from "./workspaces.ts";

const ML = "Microsoft.MachineLearningServices/workspaces";
const Texts = z.record(z.string(), z.string().nullable());

const ASSET = {
  description: z.string().nullish(),
  properties: Texts.nullish(),
  tags: Texts.nullish(),
  isAnonymous: z.boolean().optional(),
  isArchived: z.boolean().optional(),
  provisioningState: z.string().optional(),
};

const Route = z.strictObject({ path: z.string().startsWith("/"), port: z.int().min(1).max(65_535) });

const Container = z.strictObject({
  ...ASSET,
  latestVersion: z.string().optional(),
  nextVersion: z.string().optional(),
});
const Code = z.strictObject({ ...ASSET, codeUri: z.string() });
const Model = z.strictObject({
  ...ASSET,
  modelUri: z.string(),
  modelType: z.enum(["custom_model", "mlflow_model", "triton_model"]).default("custom_model"),
  flavors: z.record(z.string(), z.unknown()).nullish(),
  jobName: z.string().nullish(),
  stage: z.string().nullish(),
});
const Environment = z.strictObject({
  ...ASSET,
  image: z.string({ error: "the emulator needs an image: it builds none from a conda file or a Dockerfile" }),
  inferenceConfig: z
    .strictObject({
      livenessRoute: Route.optional(),
      readinessRoute: Route.optional(),
      scoringRoute: Route.optional(),
      startupRoute: Route.optional(),
    })
    .optional(),
  osType: z.literal("Linux").default("Linux"),
  autoRebuild: z.enum(["Disabled", "OnBaseImageUpdate"]).optional(),
  environmentType: z.string().optional(),
  stage: z.string().nullish(),
});

/** The properties of an environment version that a deployment or job is run by. */
export type EnvironmentProperties = z.infer<typeof Environment>;

/** Named families of versions. A version makes its family where there is none, as in Azure. */
export const assetContainers: readonly ResourceType[] = ["codes", "environments", "models"].map((kind) => ({
  type: `${ML}/${kind}`,
  place: "group",
  complete: (_, draft) => ({
    ...draft,
    fields: { properties: checked(Container, draft.fields["properties"] ?? {}, "properties") },
  }),
}));

export const codeVersions: ResourceType = {
  type: `${ML}/codes/versions`,
  place: "group",
  makesParent: true,
  complete: (arm, draft, previous) => asset(arm, draft, previous, Code, "codeUri"),
};

export const environmentVersions: ResourceType = {
  type: `${ML}/environments/versions`,
  place: "group",
  makesParent: true,
  complete: (arm, draft, previous) => asset(arm, draft, previous, Environment, undefined),
};

export const modelVersions: ResourceType = {
  type: `${ML}/models/versions`,
  place: "group",
  makesParent: true,
  complete: (arm, draft, previous) => asset(arm, draft, previous, Model, "modelUri"),
  removed: (arm, model) => rm(modelFolder(arm, model), { recursive: true, force: true }),
};

/** An environment version's properties by its ARM id. @throws BadArgument where there is none. */
export function environmentById(arm: Arm, id: string): EnvironmentProperties {
  const found = arm.store.get(id);
  if (found?.type !== environmentVersions.type) throw badArgument(`There is no environment version '${id}'.`);
  return checked(Environment, propertiesOf(found), "properties");
}

/** The model version by its ARM id. @throws BadArgument where there is none. */
export function modelById(arm: Arm, id: string): Stored {
  const found = arm.store.get(id);
  if (found?.type !== modelVersions.type)
    throw badArgument(
      `There is no model version '${id}'. A model is named by its ARM id, …/models/<name>/versions/<version>.`,
    );
  return found;
}

/** A local folder with the model's files, as a container finds them in AZUREML_MODEL_DIR. Fetched once: versions never change. */
export async function localModel(arm: Arm, model: Stored): Promise<string> {
  const folder = modelFolder(arm, model);
  const source = resolveBlobPath(arm, workspaceOf(arm, model.id), String(propertiesOf(model)["modelUri"]));
  // Azure mounts a folder under its own name and a file as itself.
  const isFile = source.path !== "" && (await source.container.getBlobClient(source.path).exists());
  const target = isFile ? join(folder, "file") : folder;
  const ready = join(target, isFile ? "" : (source.path.split("/").at(-1) ?? ""));
  if (!(await isFolder(ready))) await fetchModel(source, ready);
  return isFile ? ready : folder;
}

async function fetchModel(source: Parameters<typeof downloadWhole>[0], folder: string): Promise<void> {
  await mkdir(join(folder, ".."), { recursive: true });
  await downloadWhole(source, folder);
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

function modelFolder(arm: Arm, model: Stored): string {
  return join(arm.context.folder, "models", uuidOf("model", model.id));
}

async function asset(
  arm: Arm,
  draft: Stored,
  previous: Stored | undefined,
  schema: z.ZodType,
  uri: string | undefined,
): Promise<Stored> {
  const properties: Record<string, unknown> = {
    ...checked(schema.pipe(z.record(z.string(), z.unknown())), draft.fields["properties"] ?? {}, "properties"),
  };
  if (previous !== undefined) checkUnchanged(draft, propertiesOf(previous), properties);
  const address = uri === undefined ? undefined : properties[uri];
  if (typeof address === "string") {
    const path = resolveBlobPath(arm, workspaceOf(arm, draft.id), address);
    if (!(await blobExists(path)))
      throw badArgument(
        `${uri} '${address}' points to nothing: there is no blob at or below it. Upload the files first.`,
      );
  }
  await ensureContainer(arm, draft);
  const defaults = { description: null, tags: {}, properties: {}, isAnonymous: false, isArchived: false };
  return { ...draft, fields: { properties: { ...defaults, ...withoutNull(properties) } } };
}

const CHANGEABLE = new Set([
  "description",
  "tags",
  "properties",
  "isArchived",
  "isAnonymous",
  "stage",
  "provisioningState",
]);

// "Asset versions are immutable": Azure lets tags, description and the archive flag change, and nothing else.
function checkUnchanged(
  draft: Stored,
  was: Readonly<Record<string, unknown>>,
  now: Readonly<Record<string, unknown>>,
): void {
  for (const name of Object.keys(now)) {
    if (CHANGEABLE.has(name) || JSON.stringify(was[name]) === JSON.stringify(now[name])) continue;
    throw new AzureError(
      409,
      "Conflict",
      `Version '${draft.name}' of '${draft.id}' exists and its '${name}' cannot change. Register a new version.`,
    );
  }
}

async function ensureContainer(arm: Arm, version: Stored): Promise<void> {
  const id = parseResourceId(version.id);
  if (id === undefined) return;
  const parent = parentOf(id);
  if (arm.store.get(parent) !== undefined) return;
  const type = version.type.replace(/\/versions$/, "");
  await arm.store.put({
    id: parent,
    name: id.names.at(-2) ?? "",
    type,
    fields: { properties: { isArchived: false, provisioningState: "Succeeded" } },
    hidden: {},
  });
}

function withoutNull(record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== null && value !== undefined));
}
