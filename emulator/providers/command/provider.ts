import type { Provider } from "../provider.ts";
import { simpleResource } from "../simple-resource.ts";
import type { Surroundings } from "../surroundings.ts";
import { localCommand } from "./local-command.ts";

/** The provider `command`: scripts on this machine, among the emulator's services. */
export function commandProvider(surroundings: Surroundings): Provider {
  const type = localCommand(surroundings);
  return {
    name: "command",
    version: surroundings.version("command"),
    settings: [],
    resources: new Map([[type.token, simpleResource(type)]]),
    functions: new Map(),
  };
}
