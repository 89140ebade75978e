import { spawn } from "node:child_process";

/** What a script is run with. */
export interface Script {
  readonly interpreter: readonly string[];
  readonly text: string;
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string | undefined;
  /** Milliseconds since the epoch. */
  readonly deadline: number;
  /** Called with each whole line, as it comes. */
  readonly onLine: (stream: "stdout" | "stderr", line: string) => void;
}

/** What a script said, without the last line's end. */
export interface ScriptOutput {
  readonly stdout: string;
  readonly stderr: string;
}

/** Milliseconds that a script has between SIGTERM and SIGKILL. */
const graceMs = 2000;

/** Runs a script to its end. Throws, with its output, where it does not exit with 0. */
export function runScript(script: Script): Promise<ScriptOutput> {
  const [program = "", ...args] = script.interpreter;
  return new Promise((resolve, reject) => {
    // A group of its own, so that what the script started ends with it.
    const child = spawn(program, [...args, script.text], { cwd: script.folder, env: script.env, detached: true });
    const end = (signal: NodeJS.Signals) => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, signal);
      } catch {
        // The group has ended by itself.
      }
    };
    let late = false;
    const timer = setTimeout(
      () => {
        late = true;
        end("SIGTERM");
        setTimeout(() => end("SIGKILL"), graceMs).unref();
      },
      Math.max(0, script.deadline - Date.now()),
    );
    const output = { stdout: "", stderr: "" };
    for (const stream of ["stdout", "stderr"] as const) {
      let rest = "";
      child[stream].setEncoding("utf8");
      child[stream].on("data", (data: string) => {
        output[stream] += data;
        const lines = `${rest}${data}`.split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) script.onLine(stream, line);
      });
      child[stream].on("end", () => rest !== "" && script.onLine(stream, rest));
    }
    child.once("error", (error) => {
      clearTimeout(timer);
      reject(new Error(`cannot run \`${program}\` in ${script.folder}: ${error.message}`));
    });
    // A script that does not read its input closes it early, which is its own affair.
    child.stdin.on("error", () => undefined);
    child.stdin.end(script.stdin ?? "");
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      const said = { stdout: output.stdout.replace(/\n$/, ""), stderr: output.stderr.replace(/\n$/, "") };
      if (code === 0 && !late) return resolve(said);
      const why = late ? "took longer than its time" : code === null ? `ended by ${signal}` : `exit status ${code}`;
      reject(
        new Error(
          [`${why}: running ${JSON.stringify(script.text)}`, said.stdout, said.stderr].filter(Boolean).join("\n"),
        ),
      );
    });
  });
}
