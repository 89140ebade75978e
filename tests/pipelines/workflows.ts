import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { renderedFiles } from "../../tools/render.ts";

/** Every workflow that `npm run render` writes for GitHub. */
export function gitHubWorkflows(): readonly { readonly name: string; readonly text: string }[] {
  const files = Object.entries(renderedFiles()).filter(
    ([path]) => path.startsWith("ci/github/") && /\.ya?ml$/.test(path),
  );
  assert.ok(files.length > 0, "no workflow is rendered for GitHub");
  return files.map(([path, text]) => ({ name: basename(path), text }));
}

/** A good workflow with a fault put into it. Fails where there is nothing to put it in place of. */
export function replaced(pattern: string | RegExp, text: string): string {
  const good = gitHubWorkflows().find(({ name }) => name === "ml-training.yml")?.text ?? "";
  const bad = good.replace(pattern, text);
  assert.notEqual(bad, good, `the workflow no longer has ${pattern}`);
  return bad;
}

/** Runs a judge on a workflow where GitHub would look for it. `command` gets the file's path. */
export function askOf(
  workflow: string,
  command: (path: string) => readonly string[],
): { readonly code: number | null; readonly stdout: string; readonly stderr: string } {
  const folder = mkdtempSync(join(tmpdir(), "workflow-"));
  try {
    mkdirSync(join(folder, ".github/workflows"), { recursive: true });
    const path = join(folder, ".github/workflows/workflow.yml");
    writeFileSync(path, workflow);
    const [program = "", ...args] = command(path);
    const { status, stdout, stderr, error } = spawnSync(program, args, {
      cwd: folder,
      encoding: "utf8",
      timeout: 60_000,
    });
    if (error) throw error;
    return { code: status, stdout, stderr };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
