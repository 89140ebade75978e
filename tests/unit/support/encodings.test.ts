import assert from "node:assert/strict";
import { test } from "node:test";
import { leaks } from "../../support/encodings.ts";

const secret = 'p/a"s&s+w?rd~long';

const forms: Record<string, string> = {
  raw: `key=${secret};`,
  base64: Buffer.from(`user:${secret}:end`).toString("base64"),
  base64url: Buffer.from(`us:${secret}!`).toString("base64url"),
  hex: Buffer.from(secret).toString("hex").toUpperCase(),
  "URL-encoded": `?k=${encodeURIComponent(secret)}`,
  "JSON-escaped": JSON.stringify({ inner: JSON.stringify({ secret }) }),
  reversed: [...secret].reverse().join(""),
};

for (const [form, text] of Object.entries(forms)) {
  test(`a secret is found as ${form}`, () => {
    assert.ok(leaks({ key: secret }, { log: text }).includes(`key as ${form} in log`), text);
  });
}

test("a text without it is clean, and every offset of base64 is found", () => {
  assert.deepEqual(leaks({ key: secret }, { log: Buffer.from("something else").toString("base64") }), []);
  for (const before of ["", "a", "ab", "abc"]) {
    const log = Buffer.from(`${before}${secret}${before}`).toString("base64");
    assert.deepEqual(leaks({ key: secret }, { log }).slice(0, 1), ["key as base64 in log"], before);
  }
});
