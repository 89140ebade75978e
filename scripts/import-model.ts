import { digestBlob, openContainer, sendMissing } from "../delivery/blobs.ts";
import { DeliveryError, inputError } from "../delivery/errors.ts";
import { MODEL_FILES } from "../delivery/manifest.ts";
import { objectSource, openFolder } from "../delivery/objects.ts";
import { verifyPackage } from "../delivery/package.ts";
import { SIGNATURE_FILE } from "../delivery/signing.ts";
import { findWorkspace } from "../delivery/workspace.ts";
import { type Command, required, runCommand } from "./support/command.ts";
import { MODEL_PATH, WORKSPACE_FLAGS, workspaceName } from "./support/flags.ts";

export const command: Command = {
  name: "import-model",
  summary:
    "Copies a model package from S3 to the workspace's own storage, models/<version>/, and checks every byte. Run again it only checks.",
  example: "--model-path s3://bucket/models/3f2a9c0112345678/ --resource-group rg --workspace ws",
  flags: { "model-path": MODEL_PATH, ...WORKSPACE_FLAGS },
  async run(context) {
    const { package: model, problems } = await verifyPackage(required(context, "model-path"));
    if (problems.length > 0) throw inputError(`the model package is damaged: ${problems.join("; ")}`);
    const { version, files } = model.manifest;
    const workspace = await findWorkspace(workspaceName(context));
    const container = await openContainer(workspace.blobUrl, workspace.container);
    const source = openFolder(model.location);
    const prefix = `models/${version}/`;
    const names = [...MODEL_FILES, "manifest.json", ...(model.signature === undefined ? [] : [SIGNATURE_FILE])];
    const sent = await sendMissing(
      container,
      prefix,
      names.map((name) => ({ name, source: () => objectSource(source, name) })),
    );
    for (const name of MODEL_FILES) {
      const there = await digestBlob(container, prefix + name);
      if (there?.sha256 !== files[name].sha256) {
        throw new DeliveryError(
          "refused",
          `\`${prefix}${name}\` in the workspace's storage is ${there?.sha256 ?? "missing"}, not ${files[name].sha256}`,
        );
      }
    }
    const report = { version, container: workspace.container, prefix, sent };
    return {
      exitCode: 0,
      report,
      text: `model ${version} is at ${prefix} of ${workspace.container} (${sent} files sent)`,
    };
  },
};

if (import.meta.main) await runCommand(command);
