import type { CiSystem } from "../../../pipelines/render/files.ts";
import type { CiEngine } from "./engine.ts";

/** What runs each CI system's pipelines on this machine. Loaded when asked for: each needs other programs. */
const ENGINES: Readonly<Record<CiSystem, () => Promise<CiEngine>>> = {
  github: async () => (await import("./github.ts")).github,
  gitlab: async () => (await import("./gitlab/engine.ts")).runGitLab,
  jenkins: async () => (await import("./jenkins/engine.ts")).runJenkins,
};

/** Those that can be asked for. */
export const CI_ENGINES = Object.keys(ENGINES) as readonly CiSystem[];

export async function loadEngine(system: CiSystem): Promise<CiEngine> {
  return await ENGINES[system]();
}
