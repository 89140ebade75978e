import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";

export type Ran = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

const ROOT = resolve(import.meta.dirname, "../../..");

/** Runs one of the project's commands as a user does. */
export async function runScript(
  name: string,
  args: readonly string[],
  options: {
    readonly cwd?: string;
    readonly env?: Readonly<Record<string, string>>;
    /** @default one minute */
    readonly timeoutMs?: number;
  } = {},
): Promise<Ran> {
  const child = spawn(process.execPath, [resolve(ROOT, `scripts/${name}.ts`), ...args], {
    cwd: options.cwd ?? ROOT,
    env: {
      ...process.env,
      MODELS_BUCKET: "",
      DATA_BUCKET: "",
      GITHUB_OUTPUT: "",
      GITHUB_STEP_SUMMARY: "",
      ...options.env,
    },
    timeout: options.timeoutMs ?? 60_000,
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout, stderr };
}
