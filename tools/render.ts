/**
 * `npm run render`: writes what is made of other files, for reading: the pipelines of each CI system under `ci/` (what is
 * provisioned is rendered anew), and the page of config keys.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { CI_SYSTEMS, ciFiles } from "../pipelines/render/files.ts";
import { configPage } from "./config-page.ts";
import { projectRoot } from "./places.ts";

/** File, from the root, and its content. A test holds the committed files against this. */
export function renderedFiles(): Readonly<Record<string, string>> {
  const pipelines = CI_SYSTEMS.flatMap((system) =>
    Object.entries(ciFiles(system)).map(([path, text]) => [`ci/${system}/${basename(path)}`, text] as const),
  );
  return { ...Object.fromEntries(pipelines), "docs/config.md": configPage() };
}

if (import.meta.main) {
  for (const [file, text] of Object.entries(renderedFiles())) {
    mkdirSync(dirname(join(projectRoot, file)), { recursive: true });
    writeFileSync(join(projectRoot, file), text);
    process.stdout.write(`${file}\n`);
  }
}
