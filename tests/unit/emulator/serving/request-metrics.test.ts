import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { addLatency, emptyHistogram, latencyPercentile } from "../../../../emulator/serving/latency-histogram.ts";
import { openRequestMetrics, readRequestMetrics } from "../../../../emulator/serving/request-metrics.ts";

const folder = mkdtempSync(join(tmpdir(), "ml-delivery-metrics-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("figures of requests are kept by minute in a file an hour, and added to after a restart", async () => {
  let now = new Date("2026-01-02T03:59:30Z");
  const first = openRequestMetrics(folder, () => now);
  first.add("/E", "a", { status: 200, modelStatus: 200, latencyMs: 10 });
  first.add("/e", "a", { status: 424, modelStatus: 400, latencyMs: 30 });
  first.add("/e", "", { status: 401, latencyMs: 1 });
  first.add("/other", "a", { status: 200, modelStatus: 200, latencyMs: 1 });
  now = new Date("2026-01-02T04:00:10Z");
  first.add("/e", "b", { status: 408, latencyMs: 1000 });
  await Promise.all([first.flush(), first.flush()]);
  now = new Date("2026-01-02T03:59:59Z");
  const second = openRequestMetrics(folder, () => now);
  second.add("/e", "a", { status: 200, modelStatus: 200, latencyMs: 20 });
  await second.flush();
  assert.deepEqual(readdirSync(folder), ["2026-01-02T03.json", "2026-01-02T04.json"]);

  const from = Date.parse("2026-01-02T03:59:00Z");
  const minutes = await readRequestMetrics(folder, "/e", from, from + 120_000);
  assert.deepEqual(
    minutes.map(({ minute, deployment, requests, latency }) => [
      (minute - from) / 60_000,
      deployment,
      requests.map(({ status, modelStatus, count }) => `${status}/${modelStatus} ${count}`).sort(),
      [latency.count, latency.sum, latency.min, latency.max],
    ]),
    [
      [0, "a", ["200/200 2", "424/400 1"], [3, 60, 10, 30]],
      [0, "", ["401/ 1"], [1, 1, 1, 1]],
      [1, "b", ["408/ 1"], [1, 1000, 1000, 1000]],
    ],
  );
  assert.equal((await readRequestMetrics(folder, "/e", from + 60_000, from + 120_000)).length, 1);
});

test("percentiles of latency are right to one per cent", () => {
  const histogram = emptyHistogram();
  for (let ms = 1; ms <= 1000; ms++) addLatency(histogram, ms);
  for (const [percent, expected] of [
    [50, 500],
    [90, 900],
    [95, 950],
    [99, 990],
    [100, 1000],
  ] as const) {
    const found = latencyPercentile(histogram, percent);
    assert.ok(Math.abs(found / expected - 1) < 0.01, `P${percent} is ${found}`);
  }
  assert.equal(latencyPercentile(emptyHistogram(), 50), Number.NaN);
});
