import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { projectRoot, withEmulator } from "../../support/emulator.ts";
import { leaks } from "../../support/encodings.ts";
import { hasPulumi, layOut, type Project } from "./project.ts";

const golden = join(projectRoot, "tests/data/preview/both-stacks.md");
const repository = "example-org/plant-classifier";

/** What each component is made of is the program's affair, and its own tests': here it is only counted as some. */
const withoutCounts = (markdown: string) =>
  markdown
    .replaceAll(/^(- \*\*[\w-]+\*\*) \(\d+\): .*$/gm, "$1 …")
    .replaceAll(/\d+ created/g, "N created")
    .replaceAll(/(Creates) \d+/g, "$1 N");

describe("the comment on a pull request", { skip: !hasPulumi && "set-up has put no Pulumi CLI in place" }, () => {
  const emulator = withEmulator();
  let project: Project;
  const github = async (method: string, path: string, body?: unknown) => {
    const headers = { authorization: `Bearer ${project.env["GITHUB_TOKEN"]}`, "content-type": "application/json" };
    const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    const response = await fetch(`${project.env["GITHUB_API_URL"]}/repos/${repository}${path}`, init);
    assert.ok(response.ok, `${method} ${path}: ${response.status}`);
    return response.json();
  };
  const comment = (stack: string) =>
    new Promise<number>((resolve) => {
      const args = ["scripts/preview-comment.ts", "--environment", stack, "--repository", repository];
      const env = { ...project.env, COMMENT_TOKEN: project.env["GITHUB_TOKEN"], GITHUB_EVENT_PATH: event };
      execFile("node", args, { cwd: project.folder, env, timeout: 600_000 }, (error) =>
        resolve(error === null ? 0 : Number(error.code)),
      );
    });
  /** As GitHub tells a job what started it. */
  let event: string;
  const comments = async () => (await github("GET", "/issues/1/comments")) as { body: string }[];

  before(async () => {
    project = await layOut(emulator());
    for (const stack of ["staging", "production"]) await project.succeeds("stack", "init", stack, "--no-select");
    const main = (await github("GET", "/git/ref/heads/main")) as { object: { sha: string } };
    await github("POST", "/git/refs", { ref: "refs/heads/change", sha: main.object.sha });
    const content = Buffer.from("x").toString("base64");
    await github("PUT", "/contents/x", { branch: "change", message: "x", content });
    await github("POST", "/pulls", { title: "Change", head: "change", base: "main" });
    event = join(project.folder, "..", "event.json");
    writeFileSync(event, JSON.stringify({ pull_request: { number: 1, head: { sha: "0123456789abcdef" } } }));
  });

  it("has both stacks, previewed at once, as it was last looked at", async () => {
    assert.deepEqual(await Promise.all(["staging", "production"].map(comment)), [0, 0]);
    const [only, ...more] = await comments();
    assert.equal(more.length, 0);
    const text = withoutCounts(only?.body ?? "");
    if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(golden, text);
    assert.equal(text, readFileSync(golden, "utf8"), "to accept what is new: UPDATE_GOLDEN=1, and look at the file");
  });

  it("says what failed in the place of what was there, without a secret", async () => {
    const planted = `${project.env["GITHUB_TOKEN"]}`;
    project.set("staging", ["endpoint", "authMode"], `Key ${planted}`);
    assert.equal(await comment("staging"), 1);
    const [only, ...more] = await comments();
    assert.equal(more.length, 0);
    assert.match(
      only?.body ?? "",
      /### ❌ `staging`: the preview failed[\s\S]*authMode is "Key \*\*\*"; allowed: Key, AMLToken/,
    );
    assert.match(only?.body ?? "", /### 🟢 `production`/);
    assert.deepEqual(leaks({ planted }, { comment: only?.body ?? "" }), []);
  });
});
