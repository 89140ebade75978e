import assert from "node:assert/strict";
import { test } from "node:test";
import { createProgress } from "../../../tools/setup/progress.ts";

function screen(isTTY: boolean) {
  const written: string[] = [];
  return { isTTY, written, write: (text: string) => written.push(text) };
}

test("a step that finds its work done says nothing", async () => {
  const out = screen(false);
  const answer = await createProgress(out).step("Pulumi CLI", async (step) => {
    step.found("in place");
    return 42;
  });
  assert.equal(answer, 42);
  assert.deepEqual(out.written, []);
});

test("without a terminal each turn of a step is a plain line", async () => {
  const out = screen(false);
  await createProgress(out).step("Pulumi CLI", async (step) => {
    step.working("downloading");
    step.working("downloading");
    step.working("building");
    step.done("built");
  });
  assert.deepEqual(out.written, [
    "  Pulumi CLI           downloading\n",
    "  Pulumi CLI           building\n",
    "  Pulumi CLI           built (0 s)\n",
  ]);
});

test("on a terminal a step keeps to one line", async () => {
  const out = screen(true);
  await createProgress(out).step("Python", async (step) => {
    step.working("installing");
    step.done("installed");
  });
  assert.deepEqual(out.written, [
    "\r\x1b[K  Python               installing … 0 s",
    "\r\x1b[K  Python               installed (0 s)\n",
  ]);
});

test("a step that fails says so and passes the error on", async () => {
  const out = screen(false);
  const failing = createProgress(out).step("Python", async (step) => {
    step.working("installing");
    throw new Error("no network");
  });
  await assert.rejects(failing, /no network/);
  assert.equal(out.written.at(-1), "  Python               failed (0 s)\n");
});
