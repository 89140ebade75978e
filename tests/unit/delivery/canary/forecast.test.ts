import assert from "node:assert/strict";
import { test } from "node:test";
import { describeForecast, minutesToPass } from "../../../../delivery/canary/forecast.ts";
import { judge } from "../../../../delivery/canary/judge.ts";
import { DEFAULT_RULES, readRules } from "../../../../delivery/canary/rules.ts";
import { record } from "./recordings.ts";

const pace = (requests: number, failures = 0) => ({ requests, failures });

test("the judge passes a sound canary about when the forecast says, and not long before", () => {
  for (const [requests, share] of [
    [60, 10],
    [600, 10],
    [600, 50],
  ] as const) {
    const minutes = minutesToPass(pace(requests), share, DEFAULT_RULES);
    assert.ok(minutes !== undefined);
    const each = (percent: number) => () => ({ requests: { "200/200": (requests * percent) / 100 } });
    const after = (count: number) => judge(record(count, each(share), each(100 - share))).verdict;
    assert.equal(after(minutes), "pass", `${requests} a minute, ${share} %: ${minutes}`);
    if (minutes > DEFAULT_RULES.minMinutes) assert.equal(after(Math.floor(minutes * 0.9)), "inconclusive");
  }
});

test("less traffic and more failures take longer; the rules' minimum is the least", () => {
  const quick = minutesToPass(pace(100_000), 50, DEFAULT_RULES);
  assert.equal(quick, DEFAULT_RULES.minMinutes);
  const [slow = 0, slower = 0] = [pace(600, 0.005), pace(600, 0.02)].map((one) =>
    minutesToPass(one, 10, DEFAULT_RULES),
  );
  assert.ok(slow < slower, `${slow} ${slower}`);
  assert.equal(minutesToPass(pace(0.01), 10, DEFAULT_RULES), undefined);
});

test("the forecast says how many minutes are missing, and what to do where it is hopeless", () => {
  assert.match(
    describeForecast(pace(60), 10, 10, DEFAULT_RULES),
    /^needs about \d+ more minutes: at 6\.0 of 60\.0 requests a minute a canary as good as the rest passes after about \d+ minutes$/,
  );
  assert.match(describeForecast(pace(6000), 50, 60, DEFAULT_RULES), /^enough was seen: /);
  assert.match(
    describeForecast(pace(0), 10, 10, DEFAULT_RULES),
    /^no requests in the last 15 minutes: .*\(50 requests/,
  );
  const narrow = readRules({ failures: { margin: 0.00001 } }, "t");
  assert.match(describeForecast(pace(6), 10, 0, narrow), /more than a week: give the canary more traffic, or widen/);
});
