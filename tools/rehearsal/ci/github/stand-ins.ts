import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import type { ReadyWorkflow } from "./workflow.ts";

/** Where actions that others wrote have their stand-ins: `<owner>/<name>/action.yml`. */
const FOLDER = path.join(import.meta.dirname, "..", "..", "actions");

/**
 * act's flags that put a stand-in in place of each action.
 *
 * @throws where an action has none, or is given something its stand-in does not know: act would look for the first on the
 *   network, and leave the second out.
 */
export function standIns(actions: ReadyWorkflow["actions"]): string[] {
  const flags = new Set<string>();
  for (const { uses, inputs } of actions) {
    const [name = ""] = uses.split("@");
    const folder = path.join(FOLDER, name);
    const file = path.join(folder, "action.yml");
    if (!/^[\w.-]+\/[\w.-]+$/.test(name) || !existsSync(file)) {
      throw new Error(`action \`${uses}\` has no stand-in at tools/rehearsal/actions/${name}`);
    }
    const known = Object.keys((parse(readFileSync(file, "utf8")) as { inputs?: object }).inputs ?? {});
    const unknown = inputs.find((input) => !known.includes(input));
    if (unknown !== undefined) {
      throw new Error(`the stand-in of \`${name}\` knows no input \`${unknown}\`; it knows ${known.join(", ")}`);
    }
    flags.add(`--local-repository=${uses}=${folder}`);
  }
  return [...flags];
}
