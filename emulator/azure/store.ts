import { createHash } from "node:crypto";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { readJsonFile, writeFileAtomically } from "../atomic-file.ts";
import { idKey } from "./resource-id.ts";

const Stored = z.object({
  id: z.string(),
  name: z.string(),
  type: z.string(),
  location: z.string().optional(),
  tags: z.record(z.string(), z.string()).optional(),
  /** Everything else at the top: `sku`, `kind`, `identity`, `properties` and the like. */
  fields: z.record(z.string(), z.unknown()),
  /** What Azure keeps to itself, such as keys. Never part of a GET. */
  hidden: z.record(z.string(), z.unknown()),
});

/** A resource as it is kept. */
export type Stored = z.infer<typeof Stored>;

/** The resources there are. Reads answer from memory; writes are on disk when they resolve. */
export interface ResourceStore {
  get(id: string): Stored | undefined;
  put(resource: Stored): Promise<void>;
  remove(id: string): Promise<void>;
  /** Resources of `type` that lie anywhere under `prefix`, by id. */
  list(type: string, prefix: string): readonly Stored[];
  /** Everything under a resource, itself left out, innermost first. */
  under(id: string): readonly Stored[];
}

/** Opens the store kept in `folder`, one file a resource. */
export async function openResourceStore(folder: string): Promise<ResourceStore> {
  await mkdir(folder, { recursive: true });
  const resources = new Map<string, Stored>();
  for (const file of await readdir(folder)) {
    // A temporary file is a write that kill -9 cut short: it never happened.
    if (file.endsWith(".tmp")) await rm(join(folder, file), { force: true });
    if (!file.endsWith(".json")) continue;
    const stored = Stored.parse(await readJsonFile(join(folder, file)));
    resources.set(idKey(stored.id), stored);
  }
  const fileOf = (id: string) =>
    join(folder, `${createHash("sha256").update(idKey(id)).digest("hex").slice(0, 40)}.json`);
  const sorted = () => [...resources.entries()].sort(([left], [right]) => (left < right ? -1 : 1));
  return {
    get: (id) => resources.get(idKey(id)),
    async put(resource) {
      resources.set(idKey(resource.id), resource);
      await writeFileAtomically(fileOf(resource.id), `${JSON.stringify(resource, null, 2)}\n`, 0o600);
    },
    async remove(id) {
      resources.delete(idKey(id));
      await rm(fileOf(id), { force: true });
    },
    list: (type, prefix) =>
      sorted()
        .filter(
          ([key, { type: own }]) => own.toLowerCase() === type.toLowerCase() && key.startsWith(`${idKey(prefix)}/`),
        )
        .map(([, stored]) => stored),
    under: (id) =>
      sorted()
        .filter(([key]) => key.startsWith(`${idKey(id)}/`))
        .map(([, stored]) => stored)
        .sort((left, right) => right.id.split("/").length - left.id.split("/").length),
  };
}
