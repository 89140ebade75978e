/** Markup that is safe to place in a page: made by {@link html}, or by code of ours that escapes what it is given. */
export type Html = { readonly markup: string };

/** What a template takes. Text and numbers are escaped; lists are joined; nothing, `null` and `false` leave nothing. */
export type Content = string | number | Html | null | undefined | false | readonly Content[];

/** A template whose values are escaped, for text and for attributes in double quotes. */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Html {
  return { markup: String.raw({ raw: strings }, ...values.map(markupOf)) };
}

function markupOf(value: Content): string {
  if (value === null || value === undefined || value === false) return "";
  if (typeof value === "string" || typeof value === "number") return escapeMarkup(String(value));
  return "markup" in value ? value.markup : value.map(markupOf).join("");
}

/** Text as it stands in HTML, SVG and XML. Characters that neither allows become the replacement character. */
export function escapeMarkup(text: string): string {
  return (
    text
      .toWellFormed()
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffe\uffff]/g, "\ufffd")
      .replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
  );
}

/** A table. Texts are set apart from their neighbours' direction of writing; numbers stand to the right. */
export type Table = {
  readonly caption: string;
  /** None for a list of facts: a heading and its value a row. */
  readonly columns: readonly string[];
  /** The first cell of a row is its heading. */
  readonly rows: readonly (readonly Content[])[];
};

export function table({ caption, columns, rows }: Table): Html {
  const cell = (value: Content) => (typeof value === "string" ? html`<bdi>${value}</bdi>` : value);
  const facts = columns.length === 0;
  const row = ([heading, ...cells]: readonly Content[]) => html`<tr>
<th scope="row">${cell(heading)}</th>${cells.map((value) => html`<td${!facts && isFigure(value) && NUMERIC}>${cell(value)}</td>`)}
</tr>`;
  const numeric = (index: number) => index > 0 && rows.some((cells) => isFigure(cells[index]));
  return html`<div class="scroll"><table>
<caption>${caption}</caption>
${!facts && html`<thead><tr>${columns.map((name, index) => html`<th scope="col"${numeric(index) && NUMERIC}>${name}</th>`)}</tr></thead>`}
<tbody>${rows.map(row)}</tbody>
</table></div>`;
}

const NUMERIC: Html = { markup: ' class="number"' };

/** Numbers, and texts that begin like one, such as `12.5 ms` and `-0.3`. */
function isFigure(value: Content): boolean {
  return typeof value === "number" || (typeof value === "string" && /^[-+−]?\d[\d.,]*(\s?(%|ms|MB|s))?$/.test(value));
}

/** A sentence, what stands between backticks as code. */
export function prose(text: string): Html {
  return html`${text.split("`").map((part, index) => (index % 2 === 0 ? html`${part}` : html`<code>${part}</code>`))}`;
}

/** A chart with its title, which readers of the picture hear too, and what it shows in a sentence. */
export function figure(picture: Html, caption: string): Html {
  return html`<figure><div class="scroll">${picture}</div><figcaption>${caption}</figcaption></figure>`;
}

export type Page = {
  readonly title: string;
  /** A line under the title. */
  readonly subtitle?: string;
  readonly body: Content;
};

/**
 * A whole page in one file: light and dark as the reader's system is, readable from 320 pixels on, printable. It asks no
 * host for anything and runs no script; its security policy forbids both, so that nothing written into it can.
 */
export function page({ title, subtitle, body }: Page): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<header><h1><bdi>${title}</bdi></h1>${subtitle !== undefined && html`<p class="quiet">${subtitle}</p>`}</header>
<main>
${body}
</main>
</body>
</html>
`.markup;
}

const STYLE: Html = {
  markup: `
:root { color-scheme: light dark; --ink: #1c2430; --quiet: #5b6675; --paper: #ffffff; --raised: #f5f7f9; --rule: #dde2e8;
  --good: #1a7f4b; --bad: #c02f2f; --unsure: #9a6200; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e8ee; --quiet: #9aa5b4; --paper: #12161c; --raised: #1a2028; --rule: #2e3742;
    --good: #4cc38a; --bad: #ff7b72; --unsure: #e3a83f; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 70rem; padding: 1.5rem 1rem 4rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0; }
h2 { font-size: 1.15rem; margin: 2.25rem 0 .75rem; padding-bottom: .25rem; border-bottom: 1px solid var(--rule); }
p { margin: .5rem 0; max-width: 46rem; }
code { font: .92em ui-monospace, "Cascadia Mono", Menlo, monospace; }
.quiet, figcaption { color: var(--quiet); }
.good { color: var(--good); } .bad { color: var(--bad); } .unsure { color: var(--unsure); }
.scroll { overflow-x: auto; }
.tables { display: flex; flex-wrap: wrap; gap: 1.25rem 3rem; align-items: flex-start; }
.tables > * { max-width: 100%; min-width: min(100%, 20rem); }
table { border-collapse: collapse; min-width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--quiet); padding-bottom: .4rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .9rem .3rem 0; border-bottom: 1px solid var(--rule); }
th { font-weight: 600; } thead th { overflow-wrap: normal; } tbody th { font-weight: 400; min-width: 5rem; max-width: 22rem; }
td { min-width: 7rem; } .number { text-align: right; white-space: nowrap; min-width: 0; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 1.5rem; }
figure { margin: 0; padding: .9rem 1rem; background: var(--raised); border-radius: .5rem; min-width: 0; }
figcaption { font-size: .87rem; margin-top: .4rem; }
svg { display: block; width: 100%; height: auto; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .75rem; margin: 1.25rem 0; }
.tile { padding: .8rem 1rem; background: var(--raised); border-radius: .5rem; }
.tile b { display: block; font-size: 1.45rem; line-height: 1.3; font-weight: 600; }
.tile span { color: var(--quiet); font-size: .87rem; }
@media print { figure, .tile { break-inside: avoid; } body { max-width: none; } }
`,
};
