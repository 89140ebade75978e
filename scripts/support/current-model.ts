import { modelExists, modelsPathOf } from "../../delivery/candidate.ts";
import { readEnvironment } from "../../delivery/environment.ts";
import { inputError } from "../../delivery/errors.ts";
import { formatLocation, lastSegment, parseLocation, within } from "../../delivery/location.ts";
import { liveNames } from "../../delivery/rollout.ts";
import type { Context, Flag } from "./command.ts";

/** The two ways to name the model that a new one is held against. */
export const CURRENT_MODEL_FLAGS = {
  "current-model": {
    help: "model in use: a package's folder, s3:// address or alias; where there is none yet, the new one is better",
    value: "PATH",
  },
  "current-environment": {
    help: "instead of --current-model: the model that serves most requests of this stack, by its file; its package is read from s3://$MODELS_BUCKET/models/",
    value: "NAME",
  },
} as const satisfies Record<string, Flag>;

/**
 * Where the model in use lies; undefined where nothing is in use yet, which is an answer and no error.
 *
 * @throws DeliveryError `input`: both flags are given, the stack file is at odds with itself, or a model serves whose
 * package is not among the trained ones.
 */
export async function currentModel({ flags }: Context): Promise<string | undefined> {
  const bucket = process.env["MODELS_BUCKET"];
  const { "current-model": path, "current-environment": name } = flags;
  if (path !== undefined && name !== undefined) {
    throw inputError("`--current-model` and `--current-environment` are two ways to say one thing; give one of them");
  }
  if (path !== undefined) return (await modelExists(path, bucket)) ? path : undefined;
  if (name === undefined) return undefined;
  const { endpoint } = await readEnvironment(name, process.cwd());
  const [live] = liveNames(endpoint);
  if (live === undefined) return undefined;
  const served = endpoint.deployments[live]?.model;
  if (served === undefined) {
    const there = Object.keys(endpoint.deployments).join(", ") || "none";
    throw inputError(
      `traffic of ${name} goes to \`${live}\`, which is no deployment there (${there}); correct its stack file`,
    );
  }
  if (!bucket) {
    throw inputError("`--current-environment` needs `MODELS_BUCKET`, the bucket that models are trained into");
  }
  // The environment's own copy is out of reach for whoever trains; what it was copied from has the same bytes.
  const trained = formatLocation(within(parseLocation(modelsPathOf(bucket)), lastSegment(parseLocation(served))));
  if (await modelExists(trained, bucket)) return trained;
  throw inputError(
    `${live} serves \`${served}\` in ${name}, and \`${trained}\` is not there to compare with; copy the package there, or ` +
      "name another with --current-model",
  );
}
