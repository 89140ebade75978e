/** A point in the plot's own units. */
export type Point = readonly [x: number, y: number];

/** Where a panel lies on the page, and which values its edges stand for. */
export type Panel = {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
};

/** An element; attributes are escaped, children are not. */
export function element(name: string, attributes: Readonly<Record<string, string | number>>, children = ""): string {
  const list = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(String(value))}"`);
  return `<${name}${list.join("")}>${children}</${name}>`;
}

export function text(x: number, y: number, words: string, attributes: Readonly<Record<string, string | number>> = {}) {
  return element("text", { x, y, ...attributes }, escaped(words));
}

/** Where a point of the panel lies on the page. What is above the panel stays at its upper edge. */
export function place({ left, top, width, height, x, y }: Panel, [px, py]: Point): [number, number] {
  const share = (value: number, [low, high]: readonly [number, number]) => (value - low) / (high - low || 1);
  const up = Math.min(1, Math.max(0, share(py, y)));
  return [round(left + share(px, x) * width), round(top + (1 - up) * height)];
}

/** A line through points. */
export function line(panel: Panel, points: readonly Point[], colour: string, width = 2, dash = ""): string {
  const d = points.map((point, i) => `${i === 0 ? "M" : "L"}${place(panel, point).join(",")}`).join("");
  const common = { d, fill: "none", stroke: colour, "stroke-width": width, "stroke-linejoin": "round" };
  return element("path", dash === "" ? common : { ...common, "stroke-dasharray": dash });
}

/** The area between a lower and an upper line over the same places. */
export function area(panel: Panel, lower: readonly Point[], upper: readonly Point[], colour: string): string {
  const outline = [...upper, ...lower.toReversed()].map((point) => place(panel, point).join(",")).join(" ");
  return element("polygon", { points: outline, fill: colour, "fill-opacity": 0.15 });
}

export function dots(panel: Panel, points: readonly Point[], colour: string): string {
  return points
    .map((point) => place(panel, point))
    .map(([cx, cy]) => element("circle", { cx, cy, r: 2, fill: colour, "fill-opacity": 0.55 }))
    .join("");
}

/** Lines across the panel with their values on the left, and minutes below. */
export function axes(panel: Panel, title: string, label: (value: number) => string): string {
  const { left, top, width, height } = panel;
  const across = ticks(panel.y).map((value) => {
    const [, y] = place(panel, [0, value]);
    const rule = element("line", { x1: left, x2: left + width, y1: y, y2: y, stroke: "#ddd" });
    return rule + text(left - 8, y + 4, label(value), { "text-anchor": "end", fill: "#555" });
  });
  const below = ticks(panel.x).map((value) => {
    const [x] = place(panel, [value, panel.y[0]]);
    return text(x, top + height + 18, String(value), { "text-anchor": "middle", fill: "#555" });
  });
  return text(left, top - 10, title, { "font-weight": 600 }) + across.join("") + below.join("");
}

/** Round values, four to eight of them, within a range. */
export function ticks([low, high]: readonly [number, number]): number[] {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough || 1));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  const found = [];
  for (let i = Math.ceil(low / step); i * step <= high + step * 1e-9; i++)
    found.push(Number((i * step).toPrecision(12)));
  return found;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(words: string): string {
  return words.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
