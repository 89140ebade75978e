import { inputError } from "../delivery/errors.ts";
import { recover } from "../delivery/recover.ts";
import { type Command, type Context, required, runCommand } from "./support/command.ts";
import { ENVIRONMENT } from "./support/flags.ts";

export const command: Command = {
  name: "recover",
  summary:
    "Puts right what a killed update left: its lock, unfinished operations, a damaged state, an edit that was not carried out. Safe to repeat.",
  example: "--environment production",
  flags: {
    environment: ENVIRONMENT,
    edit: {
      help: "what to do with an uncommitted edit of the stack file's deployments and traffic; default: keep it if the cloud has it",
      value: "keep|revert",
    },
    "dry-run": { help: "show what is found and change nothing" },
  },
  async run(context) {
    const environment = required(context, "environment");
    const dryRun = context.flags["dry-run"] !== undefined;
    const options = { environment, folder: process.cwd(), dryRun, say: context.say, ...editOf(context) };
    const { findings, remains } = await recover(options);
    const whole = remains.length === 0 && (!dryRun || findings.length === 0);
    const lines = [
      ...findings.map(({ found, done }) => (done === null ? `found: ${found}` : `found: ${found}\n  ${done}`)),
      ...remains.map((one) => `remains: ${one}`),
      whole ? `${environment} is whole: program, state and clouds are the same` : `${environment} is not whole`,
    ];
    const report = { environment, dry_run: dryRun, whole, findings, remains };
    return { exitCode: whole ? 0 : 1, report, text: lines.join("\n"), outputs: { whole } };
  },
};

function editOf({ flags: { edit } }: Context): { edit?: "keep" | "revert" } {
  if (edit === undefined) return {};
  if (edit === "keep" || edit === "revert") return { edit };
  throw inputError(`\`--edit\` must be keep or revert, got \`${edit}\``);
}

if (import.meta.main) await runCommand(command);
