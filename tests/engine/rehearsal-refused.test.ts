import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, it } from "node:test";
import sharp from "sharp";
import { stopEmulator } from "../../emulator/client.ts";
import type { Report } from "../../tools/rehearsal/report.ts";
import { projectRoot } from "../support/emulator.ts";

const folder = mkdtempSync(join(tmpdir(), "ml-delivery-refused-"));
const home = join(folder, "home");
after(async () => {
  await stopEmulator(join(home, "emulator"));
  rmSync(folder, { recursive: true, force: true });
});

function node(...args: string[]) {
  return spawnSync(process.execPath, args, { cwd: projectRoot, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
}

/** Noise under three names: nothing can be learnt. */
async function unlearnable(): Promise<string> {
  const size = 96;
  for (let i = 0; i < 120; i += 1) {
    const label = join(folder, "data", ["ash", "elm", "yew"][i % 3] ?? "");
    mkdirSync(label, { recursive: true });
    const noise = createHash("shake256", { outputLength: size * size * 3 })
      .update(String(i))
      .digest();
    const picture = sharp(noise, { raw: { width: size, height: size, channels: 3 } });
    await picture.jpeg().toFile(join(label, `${i}.jpg`));
  }
  return join(folder, "data");
}

it("a rehearsal with a model that is not good enough ends at the gate, says why, and serves nothing", async () => {
  const { status, stdout, stderr } = node(
    "tools/rehearsal/cli.ts",
    "--json",
    "--home",
    home,
    "--data",
    await unlearnable(),
  );
  assert.equal(status, 1, stderr);
  const report: Report = JSON.parse(stdout);
  assert.equal(report.status, "refused");
  assert.match(String(report.reason), /`accuracy` is 0\.\d+, not at least 0\.85/);
  assert.deepEqual(report.stages.at(-1)?.status, "refused");
  assert.equal(report.stages.at(-1)?.name, "Model validation gate");
  assert.deepEqual(report.production?.traffic, {});
});
