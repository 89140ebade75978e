import { runProcess } from "../process.ts";
import { RULES } from "../stack.ts";
import { type Preview, readPreview } from "./events.ts";

/**
 * Previews a stack and gives what the engine says, as data. A preview that fails is an answer as well.
 *
 * @param hide takes secrets out of what is said; the engine hides those that it knows itself
 * @param cwd folder of Pulumi.yaml
 */
export async function runPreview(stack: string, cwd: string, hide: (text: string) => string): Promise<Preview> {
  const args = ["preview", "--json", ...RULES, "--stack", stack, "--non-interactive", "--color", "never"];
  const env = {
    // Events as they come instead of a digest, which knows no policies.
    PULUMI_ENABLE_STREAMING_JSON_PREVIEW: "true",
    PULUMI_OPTION_POLICY_PACK: "",
  };
  const { code, stdout, stderr } = await runProcess("pulumi", args, { cwd, env });
  const preview = readPreview(stdout, hide);
  if (code === 0) return preview;
  // What went wrong before the engine began, as a stack that is not there, is said in plain words.
  const early = preview.errors.length > 0 || preview.violations.some(({ mandatory }) => mandatory);
  return { ...preview, succeeded: false, errors: early ? preview.errors : [hide(plainWords(stdout, stderr))] };
}

function plainWords(stdout: string, stderr: string): string {
  const lines = `${stdout}\n${stderr}`.split("\n").filter((line) => line.trim() !== "" && !line.startsWith('{"'));
  return lines.slice(-20).join("\n");
}
