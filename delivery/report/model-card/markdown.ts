import { cell as codeCell } from "../../preview/markdown.ts";
import { type Cell, type ModelCard, type Section, sectionsOf } from "./sections.ts";

/** The card as Markdown: the same words and tables as the page, without its pictures. */
export function modelCardMarkdown(card: ModelCard): string {
  return `# Model ${card.manifest.version}\n\n${sectionsOf(card).map(section).join("\n\n")}\n`;
}

function section({ title, words = [], tables }: Section): string {
  const parts = tables.map(({ caption, columns, rows }) => {
    const head = columns.length > 0 ? columns : ["", ""];
    const lines = [head, head.map(() => "---"), ...rows.map((row) => row.map(cell))];
    return `${plain(caption)}\n\n${lines.map((line) => `| ${line.join(" | ")} |`).join("\n")}`;
  });
  return [`## ${title}`, ...words.map(plain), ...parts].join("\n\n");
}

function cell(value: Cell): string {
  if (typeof value === "object") return "words" in value ? value.words : codeCell(value.sentence);
  return typeof value === "number" || /^[-+−]?\d[\d.]*( (%|ms|MB))?$/.test(value) ? String(value) : codeCell(value);
}

/** A sentence that may name what others have named: no link, mention, HTML or emphasis comes of it. */
function plain(text: string): string {
  return text.replace(/\s+/g, " ").replace(/[\\`*_{}[\]<>#|@!~&]/g, (sign) => `\\${sign}`);
}
