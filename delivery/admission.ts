import { messageOf } from "./errors.ts";
import type { GateLimits } from "./gate.ts";
import type { SigningRule } from "./signing.ts";

/** Deployment name to the model it serves. */
type Deployments = Readonly<Record<string, { readonly model: string }>>;

/**
 * Why the models that are configured must not be deployed; empty where all passed the gate. Reads the manifest, the
 * metrics and the signature of each package; its bytes are checked when they are imported.
 */
export async function checkPackages(
  deployments: Deployments,
  limits: GateLimits,
  signing: SigningRule = { required: false },
): Promise<string[]> {
  if (Object.keys(deployments).length === 0) return [];
  // The S3 client takes a while to load: a stack without deployments does not pay for it.
  const [{ judge }, { readPackage }, { signatureProblems }] = await Promise.all([
    import("./gate.ts"),
    import("./package.ts"),
    import("./signing.ts"),
  ]);
  const refusals = Object.entries(deployments).map(async ([name, { model }]) => {
    const subject = `deployment ${name}, model ${model}`;
    try {
      const found = await readPackage(model);
      const { manifest, metrics } = found;
      const version = model.split("/").filter(Boolean).at(-1);
      if (manifest.version !== version) return [`${subject}: the manifest says version ${manifest.version}`];
      const unsigned = signatureProblems(found, signing);
      const { reasons } = judge({ metrics, manifest }, limits);
      const against = reasons.filter(({ verdict }) => verdict !== "pass").map(({ message }) => message);
      return [...unsigned, ...against].map((message) => `${subject}: ${message}`);
    } catch (error) {
      return [`${subject}: ${messageOf(error)}`];
    }
  });
  return (await Promise.all(refusals)).flat();
}
