import { writeFile } from "node:fs/promises";
import { inputError } from "../delivery/errors.ts";
import { readEnvironment } from "../delivery/release.ts";
import { readReleases } from "../delivery/release-log.ts";
import { formatHistory, reigns } from "../delivery/rollout/history.ts";
import { trafficAt } from "../delivery/rollout/log-state.ts";
import { describeShares } from "../delivery/rollout/shares.ts";
import { timelinePicture } from "../delivery/rollout/timeline.ts";
import { parseTime } from "../delivery/rollout/way-back.ts";
import { type Command, integerFlag, type Outcome, required, runCommand } from "./support/command.ts";
import { ENVIRONMENT, MODELS_PATH } from "./support/flags.ts";

export const command: Command = {
  name: "history",
  summary: "Who released what when, on what grounds; and what was live at a time.",
  example: "--environment production --at 2026-11-24T12:00:00Z",
  flags: {
    environment: ENVIRONMENT,
    at: { help: "say what was live then: ISO 8601, UTC without an offset", value: "TIME" },
    newest: { help: "so many of the newest records", value: "N", default: "50" },
    plot: { help: "draw who had which share of the traffic when", value: "FILE.svg" },
    "models-path": MODELS_PATH,
  },
  async run(context) {
    const environment = await readEnvironment(
      required(context, "environment"),
      process.cwd(),
      context.flags["models-path"],
    );
    const records = await readReleases(environment.modelsPath, {
      environment: environment.name,
      onForeign: (key) => context.say(`\`releases/${key}\` is no release record and is left out`),
    });
    const plot = context.flags["plot"];
    if (plot !== undefined) {
      if (!plot.endsWith(".svg")) throw inputError(`\`--plot\` must name an .svg file, got \`${plot}\``);
      const title = `Traffic of ${environment.endpointName} (${environment.name})`;
      await writeFile(plot, timelinePicture(title, reigns(records), new Date()));
      context.say(`drawn to ${plot}`);
    }
    const at = context.flags["at"];
    if (at !== undefined) return liveAt(environment.name, at, records);
    const shown = records.slice(-integerFlag(context, "newest", 1, 1_000_000));
    return {
      exitCode: 0,
      report: { environment: environment.name, records: shown },
      text: formatHistory(shown),
    };
  },
};

function liveAt(environment: string, at: string, records: Awaited<ReturnType<typeof readReleases>>): Outcome {
  const time = parseTime(at);
  if (time === undefined) throw inputError(`\`--at\` must be a time as 2026-11-24T12:00:00Z, got \`${at}\``);
  const traffic = trafficAt(records, time) ?? {};
  const record = records.findLast((one) => Date.parse(one.at) <= time.getTime()) ?? null;
  const report = { environment, at: time.toISOString(), traffic, record };
  const by = record === null ? "" : `, since ${record.at} by ${record.who} (${record.what})`;
  return { exitCode: 0, report, text: `${environment} at ${time.toISOString()}: ${describeShares(traffic)}${by}` };
}

if (import.meta.main) await runCommand(command);
