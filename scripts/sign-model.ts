import { readFile } from "node:fs/promises";
import { modelsPathOf } from "../delivery/candidate.ts";
import { inputError } from "../delivery/errors.ts";
import { signPackage } from "../delivery/signing.ts";
import { type Command, type Context, required, runCommand } from "./support/command.ts";
import { MODEL_PATH } from "./support/flags.ts";

export const command: Command = {
  name: "sign-model",
  summary:
    "Signs a measured model package as OpenSSF Model Signing 1.0 has it, and writes model.sig beside the model, once.",
  example: "--model-path s3://bucket/models/latest/ --signing-key key.pem",
  flags: {
    "model-path": MODEL_PATH,
    "signing-key": {
      help: "file with the private key, PEM of an EC key on P-256; default the key itself in $MODEL_SIGNING_KEY",
      value: "FILE",
    },
  },
  async run(context) {
    const bucket = process.env["MODELS_BUCKET"];
    const modelsPath = bucket ? modelsPathOf(bucket) : undefined;
    const signed = await signPackage(required(context, "model-path"), modelsPath, await readSigningKey(context));
    const { version, path, files, created } = signed;
    const text = created
      ? `model ${version} is signed: ${files.join(", ")}; the signature is at ${path}model.sig`
      : `model ${version} was signed before with this key; its signature is kept`;
    return { exitCode: 0, report: { ...signed, signature: `${path}model.sig` }, text, outputs: { version } };
  },
};

async function readSigningKey({ flags }: Context): Promise<string> {
  const file = flags["signing-key"];
  const key = file === undefined ? process.env["MODEL_SIGNING_KEY"] : await readFile(file, "utf8");
  if (!key) throw inputError("`--signing-key` is missing; give a file, or set `MODEL_SIGNING_KEY` to the key itself");
  return key;
}

if (import.meta.main) await runCommand(command);
