import assert from "node:assert/strict";
import { test } from "node:test";
import { createMask } from "../../pipelines/run/mask.ts";

function hide(text: string, ...secrets: string[]): string {
  const mask = createMask();
  for (const secret of secrets) mask.add(secret);
  return mask.hide(text);
}

const SECRET = 'p4ss/w+rd "q" ü&k3y';
const bytes = Buffer.from(SECRET);

const FORMS: readonly [name: string, text: string][] = [
  ["as it is", SECRET],
  ["base64", bytes.toString("base64")],
  ["base64url", bytes.toString("base64url")],
  ["hexadecimal", bytes.toString("hex")],
  ["URL-encoded", encodeURIComponent(SECRET)],
  ["form-encoded", new URLSearchParams({ k: SECRET }).toString().slice(2)],
  ["JSON-escaped", JSON.stringify(SECRET).slice(1, -1)],
];
for (const [name, text] of FORMS) {
  test(`a secret is hidden ${name}`, () => assert.equal(hide(`before ${text} after`, SECRET), "before *** after"));
}

test("a secret is hidden in the base64 of a longer text, wherever it begins", () => {
  for (const before of ["", "a", "ab", "abc"]) {
    const hidden = hide(Buffer.from(`${before}${SECRET} and more`).toString("base64"), SECRET);
    assert.match(hidden, /^.{0,4}\*\*\*/);
    const rest = Buffer.from(hidden.replace("***", ""), "base64").toString();
    assert.ok(!rest.includes("ss/w"), rest);
  }
});

test("each line of a secret of several lines is hidden", () => {
  assert.equal(hide("one: first line\ntwo: second line", "first line\nsecond line\n"), "one: ***\ntwo: ***");
});

test("of two secrets, the longer one is hidden first", () => {
  assert.equal(hide("key key-of-production", "key", "key-of-production"), "*** ***");
});

test("an empty secret hides nothing", () => assert.equal(hide("all of this", "", "  "), "all of this"));

test("the same text without the secret is left alone", () => {
  assert.equal(hide("accuracy 0.91, version 3f2a9c01", SECRET), "accuracy 0.91, version 3f2a9c01");
});
