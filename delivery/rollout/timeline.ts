import type { Reign } from "./history.ts";

/** Distinct in print and for eyes that mix up red and green (Okabe and Ito, 2008). */
const COLOURS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#666666"];
const [WIDTH, LEFT, RIGHT, TOP, HEIGHT] = [960, 56, 24, 48, 200];

/**
 * A picture (SVG) of who had which share of the traffic when: time goes to the right, and the shares of an instant are
 * stacked to 100 %.
 *
 * @param now end of the reign that lasts.
 */
export function timelinePicture(title: string, reigns: readonly Reign[], now: Date): string {
  const begin = reigns[0]?.from.getTime() ?? now.getTime();
  const end = Math.max(now.getTime(), begin + 1);
  const x = (time: number) => LEFT + ((time - begin) / (end - begin)) * (WIDTH - LEFT - RIGHT);
  const y = (percent: number) => TOP + HEIGHT - (percent / 100) * HEIGHT;
  const names = [...new Set(reigns.flatMap(({ traffic }) => Object.keys(traffic)))];
  const colour = (name: string) => COLOURS[names.indexOf(name) % COLOURS.length];

  const bars = reigns.flatMap(({ from, to, traffic }) => {
    const [left, right] = [x(from.getTime()), x((to ?? now).getTime())];
    let below = 0;
    return names
      .filter((name) => (traffic[name] ?? 0) > 0)
      .map((name) => {
        const share = traffic[name] ?? 0;
        below += share;
        const told = `${name}: ${share} % from ${from.toISOString()} to ${to?.toISOString() ?? "now"}`;
        const box = `x="${left.toFixed(1)}" y="${y(below).toFixed(1)}" width="${Math.max(1, right - left).toFixed(1)}" height="${((share / 100) * HEIGHT).toFixed(1)}"`;
        return `<rect ${box} fill="${colour(name)}"><title>${escapeXml(told)}</title></rect>`;
      });
  });
  const shares = [0, 50, 100].map(
    (percent) => `<text x="${LEFT - 8}" y="${y(percent) + 4}" text-anchor="end">${percent} %</text>`,
  );
  const times = [0, 1 / 3, 2 / 3, 1].map((part, i) => {
    const time = new Date(begin + part * (end - begin)).toISOString().slice(0, 16).replace("T", " ");
    const anchor = i === 0 ? "start" : i === 3 ? "end" : "middle";
    return `<text x="${x(begin + part * (end - begin)).toFixed(1)}" y="${TOP + HEIGHT + 20}" text-anchor="${anchor}">${time}</text>`;
  });
  const legend = names.map((name, i) => {
    const [column, row] = [LEFT + (i % 6) * 146, TOP + HEIGHT + 36 + Math.floor(i / 6) * 20];
    const text = `<text x="${column + 16}" y="${row + 10}">${escapeXml(name)}</text>`;
    return `<rect x="${column}" y="${row}" width="12" height="12" fill="${colour(name)}"/>${text}`;
  });
  const height = TOP + HEIGHT + 64 + Math.floor(Math.max(0, names.length - 1) / 6) * 20;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12" role="img">`,
    `<title>${escapeXml(title)}</title><rect width="100%" height="100%" fill="#fff"/>`,
    `<text x="${LEFT}" y="28" font-size="16">${escapeXml(title)}</text>`,
    ...[...bars, ...shares, ...times, ...legend],
    "</svg>",
    "",
  ].join("\n");
}

function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c] ?? c);
}
