import { inputError } from "../delivery/errors.ts";
import { readEnvironment } from "../delivery/release.ts";
import { endpointId } from "../delivery/rollout/live.ts";
import type { Opening } from "../delivery/rollout/open.ts";
import { breakGlass, rollback } from "../delivery/rollout/rollback.ts";
import { withTurn } from "../delivery/rollout/turn.ts";
import { describeChange } from "../delivery/rollout.ts";
import { type Command, type Context, required, runCommand } from "./support/command.ts";
import { ENVIRONMENT, MODELS_PATH } from "./support/flags.ts";

export const command: Command = {
  name: "rollback",
  summary:
    "Moves all traffic back to the last good deployment, which still runs: a change of traffic and nothing else.",
  example: "--environment production",
  flags: {
    environment: ENVIRONMENT,
    to: {
      help: "version, deployment, or time (as 2026-11-24T12:00:00Z: what had all traffic then); default the last good one",
      value: "VERSION|TIME",
    },
    reason: { help: "why; recorded", value: "TEXT" },
    "break-glass": {
      help: "when the state backend is down or locked: set traffic at Azure itself, then write it into the stack file",
    },
    "endpoint-id": {
      help: "with --break-glass, the endpoint's ARM id; default made of AZURE_RESOURCE_GROUP, AZURE_ML_WORKSPACE and the stack file",
      value: "ID",
      env: ["ENDPOINT_ID"],
    },
    "models-path": MODELS_PATH,
  },
  async run(context) {
    const { flags, say } = context;
    const opening = { name: required(context, "environment"), folder: process.cwd(), modelsPath: flags["models-path"] };
    const options = { to: flags["to"], reason: flags["reason"], say };
    const result = await withTurn(opening.folder, opening.name, async () =>
      flags["break-glass"] === undefined
        ? rollback(opening, options)
        : breakGlass(opening, await endpointAsked(opening, context), options),
    );
    const { plan, traffic, notes, deployment, ...released } = result;
    const changes = plan?.changes ?? [];
    const report = {
      environment: opening.name,
      deployment,
      changed: plan !== null,
      traffic,
      changes,
      notes,
      ...released,
    };
    const title = plan === null ? `${opening.name} stays on ${deployment}` : `${opening.name} is back on ${deployment}`;
    const text = [title, ...changes.map(describeChange), ...notes.map((note) => `- ${note}`)].join("\n");
    return { exitCode: 0, report, text, outputs: { deployment, traffic: JSON.stringify(traffic) } };
  },
};

/** Without a state there is nobody to ask where the endpoint is. */
async function endpointAsked(opening: Opening, context: Context): Promise<string> {
  const given = context.flags["endpoint-id"];
  if (given !== undefined) return given;
  const [resourceGroup, workspace] = [process.env["AZURE_RESOURCE_GROUP"], process.env["AZURE_ML_WORKSPACE"]];
  if (!resourceGroup || !workspace) {
    throw inputError("--break-glass needs --endpoint-id, or `AZURE_RESOURCE_GROUP` and `AZURE_ML_WORKSPACE`");
  }
  const { endpointName } = await readEnvironment(opening.name, opening.folder, opening.modelsPath);
  return endpointId({ resourceGroup, workspace, endpoint: endpointName });
}

if (import.meta.main) await runCommand(command);
