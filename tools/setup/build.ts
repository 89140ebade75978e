import { join } from "node:path";
import type { Places } from "../places.ts";
import { buildGo, type WithoutGo } from "./go.ts";
import type { Step } from "./progress.ts";

const MODULE = "github.com/pulumi/pulumi";

const WITHOUT_GO: WithoutGo = {
  what: (wanted, found) =>
    `a Pulumi CLI, or Go ${wanted} or newer to build one (found: ${found === "none" ? "neither" : found})`,
  why: "the rehearsal runs on Pulumi's own engine; its download did not answer",
  debian: "install Pulumi by its own installer, or Go: sudo apt-get install golang (trixie-backports or newer)",
  mac: "brew install pulumi, or: brew install go",
};

/**
 * Builds the CLI from the Go module that tools/pulumi pins, and puts it at `folder`/pulumi.
 *
 * @throws MissingPrerequisite where there is no Go new enough for it.
 */
export async function buildCli(at: Places, version: string, folder: string, step: Step): Promise<void> {
  step.working(`building Pulumi CLI ${version} from source, about 4 minutes on two cores, once`);
  const program = {
    source: join(at.root, "tools", "pulumi"),
    package: `${MODULE}/pkg/v3/cmd/pulumi`,
    linkerFlags: `-X ${MODULE}/sdk/v3/go/common/version.Version=v${version}`,
  };
  await buildGo(program, folder, "pulumi", WITHOUT_GO);
  step.done(`Pulumi CLI ${version} built`);
}
