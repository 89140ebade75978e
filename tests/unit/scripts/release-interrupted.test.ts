import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { delimiter, join, resolve } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { git, place, root, STACK_FILE, stackFile, steps, trained } from "./release-place.ts";

const bin = join(root, "slow");
await mkdir(bin);
// An engine at work: it notes that it has begun, and on an interrupt ends as the real one does.
await writeFile(
  join(bin, "pulumi"),
  `#!/bin/sh
if [ "$1 $2" = "stack output" ]; then echo '{}'; exit; fi
trap 'echo "error: update canceled"; exit 1' INT TERM
touch "$PULUMI_CALLS"
while :; do sleep 0.05; done
`,
);
await chmod(join(bin, "pulumi"), 0o755);

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(`DEP-02 deploy passes ${signal} on to the engine, waits for it, puts the file back and ends with 3`, async () => {
    const at = await place(signal);
    const model = await trained(signal, "one");
    const begun = join(root, signal, "calls");
    const env = { ...process.env, PATH: `${bin}${delimiter}${process.env["PATH"]}`, PULUMI_CALLS: begun };
    const args = ["--model-path", model.path, "--environment", "production", "--models-path", at.models];
    const script = resolve(import.meta.dirname, "../../../scripts/deploy.ts");
    const deploy = spawn(process.execPath, [script, ...args], {
      cwd: at.clone,
      env,
      stdio: ["ignore", "ignore", "pipe"],
    });
    const said: string[] = [];
    deploy.stderr.setEncoding("utf8").on("data", (text: string) => said.push(text));
    for (const end = Date.now() + 60_000; !existsSync(begun) && Date.now() < end; ) await delay(50);
    assert.notEqual(await stackFile(at), STACK_FILE, "it is at work");
    deploy.kill(signal);
    const [code] = await once(deploy, "close");
    assert.equal(code, 3, said.join(""));
    assert.match(said.join(""), /interrupted: error: update canceled\n`Pulumi\.production\.yaml` is as it was/);
    assert.equal(await stackFile(at), STACK_FILE);
    assert.equal(git(at.clone, "status", "--porcelain"), "");
    assert.deepEqual(await steps(at), []);
    assert.equal(existsSync(join(at.clone, ".git", "ml-delivery-production.lock")), false);
  });
}
