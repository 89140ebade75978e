import { isAbsolute } from "node:path";
import { hexDigits } from "../naming.ts";
import type { Call, Failure } from "../provider.ts";
import type { SimpleType } from "../simple-resource.ts";
import type { Surroundings } from "../surroundings.ts";
import { hasUnknown, isObject, needText, type Properties, present, text, type Value } from "../values.ts";
import { runScript } from "./run-script.ts";

const defaultInterpreter = ["/bin/sh", "-c"];

/**
 * `command:local:Command`: scripts run on this machine.
 *
 * The real plugin is a child of the engine and runs scripts in the program's folder. This provider is attached to, and no
 * message tells it where the engine works, so `dir` has to be given, as an absolute path.
 */
export function localCommand(surroundings: Surroundings): SimpleType {
  const run = async (script: string | undefined, inputs: Properties, previous: Properties, call: Call) => {
    if (script === undefined) return {};
    const { stdout, stderr } = await runScript({
      interpreter: interpreterOf(inputs),
      text: script,
      folder: needText(inputs, "dir"),
      env: environmentOf(surroundings, inputs, previous),
      stdin: text(inputs, "stdin"),
      deadline: call.deadline,
      onLine: (stream, line) => {
        if (isLogged(inputs, stream)) void call.session.say(call.urn, line);
      },
    });
    return { stdout, stderr };
  };

  return {
    token: "command:local:Command",
    required: [],
    optional: [
      "create",
      "update",
      "delete",
      "dir",
      "environment",
      "interpreter",
      "logging",
      "stdin",
      "triggers",
      "addPreviousOutputInEnv",
    ],
    replaceOn: ["triggers"],
    computed: ["stdout", "stderr"],
    // A command lives in state alone: whatever the inputs were, they are.
    writeOnly: ["*"],
    identity: [],

    judge: (inputs) => [...folderFailures(inputs), ...loggingFailures(inputs)],

    async create(inputs, call) {
      const said = await run(text(inputs, "create"), inputs, {}, call);
      return {
        id: `${call.urn.split("::").at(-1)}${hexDigits(new Uint8Array(), 8)}`,
        outputs: { ...inputs, stdout: "", stderr: "", ...said },
      };
    },

    read: async ({ id, inputs, outputs }) => ({ id, inputs, outputs }),

    async update({ outputs }, inputs, call) {
      const script = text(inputs, "update") ?? text(inputs, "create");
      const said = await run(script, inputs, outputs, call);
      return present({ stdout: outputs["stdout"], stderr: outputs["stderr"], ...inputs, ...said });
    },

    async delete({ inputs, outputs }, call) {
      await run(text(inputs, "delete"), inputs, outputs, call);
    },
  };
}

function interpreterOf(inputs: Properties): readonly string[] {
  const given = inputs["interpreter"];
  return Array.isArray(given) ? (given as readonly Value[]).map(String) : defaultInterpreter;
}

/** The emulator's own environment, the services' variables, what the last run said, and the program's own. */
function environmentOf(surroundings: Surroundings, inputs: Properties, previous: Properties): Record<string, string> {
  const own = isObject(inputs["environment"]) ? inputs["environment"] : {};
  const said =
    inputs["addPreviousOutputInEnv"] === false
      ? {}
      : present({ PULUMI_COMMAND_STDOUT: previous["stdout"], PULUMI_COMMAND_STDERR: previous["stderr"] });
  const all = { ...process.env, ...surroundings.env, ...said, ...own };
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
  );
}

function isLogged(inputs: Properties, stream: "stdout" | "stderr"): boolean {
  const logging = inputs["logging"] ?? "stdoutAndStderr";
  return logging === "stdoutAndStderr" || logging === stream;
}

const loggings = ["stdoutAndStderr", "stdout", "stderr", "none"];

function loggingFailures({ logging }: Properties): Failure[] {
  if (logging === undefined || hasUnknown(logging) || loggings.includes(String(logging))) return [];
  return [{ property: "logging", reason: `'${String(logging)}' is none of ${loggings.join(", ")}` }];
}

function folderFailures({ dir }: Properties): Failure[] {
  if (hasUnknown(dir) || (typeof dir === "string" && isAbsolute(dir))) return [];
  const reason =
    `got ${JSON.stringify(dir ?? null)}: the emulator's \`command\` provider runs outside the program's folder and cannot ` +
    "learn where that is. Give `dir` as an absolute path, such as `process.cwd()` or `import.meta.dirname`";
  return [{ property: "dir", reason }];
}
