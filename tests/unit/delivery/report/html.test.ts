import assert from "node:assert/strict";
import { test } from "node:test";
import { escapeMarkup, html, page, table } from "../../../../delivery/report/html.ts";

test("values of a template are escaped, in text and in attributes; templates within are not escaped again", () => {
  const inner = html`<b title="${'"><img src=x>'}">${"a & b"}</b>`;
  assert.equal(
    html`<p>${inner}${[1, " < ", 2]}</p>`.markup,
    '<p><b title="&#34;&#62;&#60;img src=x&#62;">a &#38; b</b>1 &#60; 2</p>',
  );
});

test("nothing, null and false leave nothing; 0 is a value", () => {
  assert.equal(html`[${undefined}${null}${false}${0}]`.markup, "[0]");
});

test("characters that XML forbids are replaced", () => {
  assert.equal(escapeMarkup("a\u0000b\u001b\ud800c\td"), "a\ufffdb\ufffd\ufffdc\td");
});

test("a table has a caption, headings of rows and columns, and numbers at the right", () => {
  const { markup } = table({
    caption: "By class",
    columns: ["class", "recall"],
    rows: [
      ["<daisy>", 0.5],
      ["rose", "12.5 ms"],
    ],
  });
  assert.match(markup, /<caption>By class<\/caption>/);
  assert.match(markup, /<th scope="col">class<\/th><th scope="col" class="number">recall<\/th>/);
  assert.match(markup, /<th scope="row"><bdi>&#60;daisy&#62;<\/bdi><\/th><td class="number">0.5<\/td>/);
  assert.match(markup, /<td class="number"><bdi>12.5 ms<\/bdi><\/td>/);
});

test("a page names its title escaped, forbids scripts and hosts, and says its encoding within the first bytes", () => {
  const text = page({ title: "<x>", body: html`<p>hello</p>` });
  assert.match(text, /<title>&#60;x&#62;<\/title>/);
  assert.match(text, /default-src 'none'; style-src 'unsafe-inline'/);
  assert.ok(text.indexOf('<meta charset="utf-8">') < 1024);
  assert.doesNotMatch(text, /<script|https?:\/\//);
});
