import { readRawConfig } from "../environment.ts";
import { inputError } from "../errors.ts";
import { choice, describe, number, optional, type Problem, type Report, type Shape, text, whole } from "../shape.ts";
import { stackConfig } from "../stack-file.ts";
import type { Plan } from "./estimate.ts";

const anyText = text(/./, "a text");
/** Two of the fields; what else a deployment has costs nothing. */
const deployment: Shape<{ instances: number; instanceType: string | undefined }> = (value, key, report) => ({
  instances: whole(1, 50)(valueAt(value, ["instances"]), `${key}.instances`, report),
  instanceType: optional(anyText)(valueAt(value, ["instanceType"]), `${key}.instanceType`, report),
});
const autoscale: Shape<{ min: number; max: number }> = (value, key, report) => ({
  min: whole(1, 50)(valueAt(value, ["min"]), `${key}.min`, report),
  max: whole(1, 50)(valueAt(value, ["max"]), `${key}.max`, report),
});

/**
 * Reads what costs money from `Pulumi.<stack>.yaml` and the defaults of `Pulumi.yaml`: nothing is asked but the files.
 *
 * @throws DeliveryError `input` that names every value that cannot be reckoned with
 */
export async function readPlan(stack: string, folder: string): Promise<Plan> {
  const { file, namespace, config } = await readRawConfig(stack, folder);
  const problems: Problem[] = [];
  const report: Report = (problem) => problems.push(problem);
  const own = <T>(shape: Shape<T>, [key = "", ...path]: readonly string[]) =>
    shape(valueAt(config(key), path), [`${namespace}:${key}`, ...path].join("."), report);
  const other = (key: string) => anyText(stackConfig(file, key), key, report);

  const endpoint = (config("endpoint") ?? {}) as { deployments?: Readonly<Record<string, unknown>> };
  const plan: Plan = {
    location: other("azure-native:location"),
    region: other("aws:region"),
    cluster: {
      vmSize: own(anyText, ["cluster", "vmSize"]),
      minNodes: own(whole(0, 100), ["cluster", "minNodes"]),
      maxNodes: own(whole(1, 100), ["cluster", "maxNodes"]),
    },
    endpoint: {
      instanceType: own(anyText, ["endpoint", "instanceType"]),
      deployments: Object.fromEntries(
        Object.keys(endpoint.deployments ?? {}).map((name) => [
          name,
          own(deployment, ["endpoint", "deployments", name]),
        ]),
      ),
      autoscale: own(optional(autoscale), ["endpoint", "autoscale"]),
    },
    monitoring: { silentMinutes: own(optional(number(1, 2880)), ["monitoring", "silentMinutes"]) },
    network: own(optional(choice("public", "private")), ["network"]),
    storage: { encryption: own(optional(choice("kms", "s3")), ["storage", "encryption"]) },
  };
  if (problems.length === 0) return plan;
  throw inputError(`\`${file.name}\` cannot be priced:\n${problems.map((one) => `  - ${describe(one)}`).join("\n")}`);
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (typeof inner === "object" && inner !== null ? (inner as Record<string, unknown>)[key] : undefined),
    value,
  );
}
