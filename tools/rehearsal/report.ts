import path from "node:path";
import type { Stage } from "./stages.ts";

/** How a rehearsal ended: the document that `--json` prints. */
export interface Report {
  /**
   * `delivered`: the last model serves all of production. `refused`: a step's answer was no, and the delivery ended there.
   * `failed`: something broke, or a step could not decide.
   */
  readonly status: "delivered" | "refused" | "failed";
  /** Why it stopped short; absent when it did not. */
  readonly reason?: string;
  /** Wall-clock time of everything, seconds. */
  readonly seconds: number;
  readonly stages: readonly Stage[];
  /** The model that serves production, or the one that was refused. */
  readonly model?: ModelFigures;
  readonly production?: ProductionFigures;
  /** A picture to try the endpoint with. */
  readonly sample?: string;
}

/** A model package's own figures, under the names of its `metrics.json`. */
export interface ModelFigures {
  readonly version: string;
  readonly accuracy: number;
  readonly avg_latency_ms: number;
  readonly model_size_mb: number;
}

export interface ProductionFigures {
  readonly endpoint: string;
  readonly scoringUri: string;
  /** Deployment → percent of requests; those without any are left out. */
  readonly traffic: Readonly<Record<string, number>>;
}

/** The last screen: what became of the model, and what to try next. */
export function summaryOf(report: Report): string {
  const { model, production, sample } = report;
  const lines = ["", ...endingInWords(report), ""];
  if (model !== undefined) {
    const figures = [
      `accuracy ${(model.accuracy * 100).toFixed(1)} %`,
      `latency ${model.avg_latency_ms.toFixed(1)} ms`,
      `size ${model.model_size_mb.toFixed(1)} MB`,
    ];
    lines.push(row("model", `${model.version}   ${figures.join("   ")}`));
  }
  if (production !== undefined) {
    lines.push(row("production", `${production.endpoint}   ${trafficInWords(production.traffic)}`));
    lines.push(row("scoring URL", production.scoringUri));
  }
  lines.push(row("time", `${report.seconds.toFixed(0)} s`));
  if (production === undefined) return lines.join("\n");
  lines.push("", "Look around (the emulator ends by itself after half an hour without use):", "");
  if (sample !== undefined && Object.keys(production.traffic).length > 0) {
    lines.push("  TOKEN=$(npm run --silent emulator -- token --resource ml)");
    lines.push(
      `  curl -H "Authorization: Bearer $TOKEN" -F image=@${path.relative(".", sample)} ${production.scoringUri}`,
    );
  }
  lines.push("  npm run --silent pulumi -- preview --stack production");
  lines.push("  npm run --silent emulator -- status");
  lines.push("  npm run --silent emulator -- stop");
  return lines.join("\n");
}

function endingInWords({ status, reason }: Report): string[] {
  if (status === "delivered") return ["Delivered: a model went from data to production."];
  const words = status === "refused" ? "Not delivered: a step's answer was no." : "Not delivered: something failed.";
  return [words, "", ...(reason ?? "").split("\n").map((line) => `  ${line}`)];
}

/** Who serves how much. */
export function trafficInWords(traffic: Readonly<Record<string, number>>): string {
  return (
    Object.entries(traffic)
      .map(([name, percent]) => `${name} ${percent} %`)
      .join(", ") || "no traffic"
  );
}

function row(name: string, text: string): string {
  return `  ${name.padEnd(14)}${text}`;
}
