import { z } from "zod";

const Texts = z.record(z.string(), z.string().nullable());

const Input = z.discriminatedUnion("jobInputType", [
  z.strictObject({
    jobInputType: z.enum(["uri_folder", "uri_file"]),
    uri: z.string(),
    mode: z.enum(["ReadOnlyMount", "Download"]).optional(),
    description: z.string().nullish(),
    pathOnCompute: z.string().nullish(),
  }),
  z.strictObject({ jobInputType: z.literal("literal"), value: z.string(), description: z.string().nullish() }),
]);

const Output = z.strictObject({
  jobOutputType: z.literal("uri_folder", { error: "the emulator offers 'uri_folder' only" }),
  uri: z.string().nullish(),
  mode: z.enum(["ReadWriteMount", "Upload"]).optional(),
  description: z.string().nullish(),
});

/** Properties of a command job (CommandJob of the API). A field that the emulator does not honour is refused by name. */
export const CommandJob = z.strictObject({
  jobType: z.literal("Command", { error: "the emulator offers 'Command' only" }),
  command: z.string().min(1),
  computeId: z.string({ error: "the emulator has no serverless compute: name a compute" }),
  environmentId: z.string(),
  codeId: z.string().nullish(),
  inputs: z.record(z.string(), Input).nullish(),
  outputs: z.record(z.string(), Output).nullish(),
  environmentVariables: Texts.nullish(),
  displayName: z.string().nullish(),
  experimentName: z.string().default("Default"),
  description: z.string().nullish(),
  tags: Texts.nullish(),
  properties: Texts.nullish(),
  isArchived: z.boolean().optional(),
  identity: z.looseObject({ identityType: z.string() }).nullish(),
  limits: z.looseObject({ jobLimitsType: z.literal("Command"), timeout: z.string().nullish() }).nullish(),
  resources: z
    .looseObject({ instanceCount: z.literal(1, { error: "the emulator runs a job on one node" }).optional() })
    .nullish(),
  services: z.record(z.string(), z.unknown()).nullish(),
  status: z.string().optional(),
  parameters: z.unknown().optional(),
});

/** A command job's properties. */
export type CommandJob = z.infer<typeof CommandJob>;

/** Where inputs and outputs are on the node, or the values of literals. */
export interface JobBindings {
  readonly inputs: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
}

/**
 * The command with `${{inputs.x}}` and `${{outputs.x}}` replaced.
 *
 * @throws a sentence that names an expression that is bound to nothing.
 */
export function bindCommand(command: string, bindings: JobBindings): string {
  return command.replaceAll(/\$\{\{\s*([^}]*?)\s*\}\}/g, (expression, inner: string) => {
    const [group, name = "", ...rest] = inner.split(".");
    const values = group === "inputs" ? bindings.inputs : group === "outputs" ? bindings.outputs : {};
    const value = rest.length === 0 && Object.hasOwn(values, name) ? values[name] : undefined;
    if (value !== undefined) return value;
    const names = [
      ...Object.keys(bindings.inputs).map((key) => `inputs.${key}`),
      ...Object.keys(bindings.outputs).map((key) => `outputs.${key}`),
    ];
    throw new Error(
      `The command's expression '${expression}' is bound to nothing. There is ${names.join(", ") || "no input and no output"}.`,
    );
  });
}
