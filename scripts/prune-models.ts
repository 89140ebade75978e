import { findHolds, listPackages, planPrune, removePackage } from "../delivery/prune.ts";
import { type Command, integerFlag, runCommand } from "./support/command.ts";
import { bucketFolder } from "./support/flags.ts";

export const command: Command = {
  name: "prune-models",
  summary:
    "Removes old model packages, never one that a stack file, the newest release or an alias names. Run it in the team's repository, with the right to delete objects, which no CI job has.",
  example: "--models-path s3://bucket/models/ --keep 10 --older-than 90 --dry-run",
  flags: {
    "models-path": { help: "the models folder; default s3://$MODELS_BUCKET/models/", value: "PATH" },
    keep: { help: "the newest so many packages stay", value: "N", default: "10" },
    "older-than": { help: "only packages older than this go", value: "DAYS", default: "90" },
    "dry-run": { help: "say what would go and remove nothing" },
  },
  async run(context) {
    const modelsPath = bucketFolder(context, "models-path", "MODELS_BUCKET", "models/");
    const rules = {
      keep: integerFlag(context, "keep", 0, 1_000_000),
      olderThanDays: integerFlag(context, "older-than", 0, 36_500),
    };
    const dryRun = context.flags["dry-run"] !== undefined;
    const packages = await listPackages(modelsPath);
    const plan = planPrune(packages, await findHolds(modelsPath, process.cwd()), rules, new Date());
    const removed: string[] = [];
    for (const { version } of plan.filter(({ remove }) => remove && !dryRun)) {
      // A release or an alias may have come meanwhile.
      const held = (await findHolds(modelsPath, process.cwd())).get(version);
      if (held !== undefined) context.say(`${version} stays after all: it ${held}`);
      else {
        await removePackage(modelsPath, version);
        removed.push(version);
        context.say(`${version} is removed`);
      }
    }
    const lines = plan.map(({ version, remove, reason }) => `- ${version} ${remove ? "goes" : "stays"}: it ${reason}`);
    const going = plan.filter(({ remove }) => remove).length;
    const summary = dryRun
      ? `${going} of ${plan.length} packages would go`
      : `${removed.length} of ${plan.length} packages are removed`;
    return {
      exitCode: 0,
      report: { models_path: modelsPath, rules, dry_run: dryRun, packages: plan, removed },
      text: [summary, ...lines].join("\n"),
      outputs: { removed: removed.length },
    };
  },
};

if (import.meta.main) await runCommand(command);
