import { type ChildProcess, spawn } from "node:child_process";
import { type ServerWritableStream, status } from "@grpc/grpc-js";
import type { InstallDependenciesRequest, InstallDependenciesResponse } from "@pulumi/pulumi/proto/language_pb.js";
import language from "@pulumi/pulumi/proto/language_pb.js";

/** How a child's output becomes messages. */
interface Messages<Response> {
  readonly stdout: (bytes: Uint8Array) => Response;
  readonly stderr: (bytes: Uint8Array) => Response;
  /** The last message, with the child's exit code; nothing where the method has no place for one. */
  readonly end: (code: number) => Response | undefined;
}

/** Streams a child's output until it ends. The call is always ended: the engine waits for that without a limit. */
export function forward<Request, Response>(
  child: ChildProcess,
  call: ServerWritableStream<Request, Response>,
  messages: Messages<Response>,
): void {
  child.stdout?.on("data", (bytes: Buffer) => call.write(messages.stdout(bytes)));
  child.stderr?.on("data", (bytes: Buffer) => call.write(messages.stderr(bytes)));
  child.once("error", (error) => call.destroy(Object.assign(error, { code: status.INTERNAL, details: error.message })));
  child.once("close", (code, signal) => {
    const last = messages.end(code ?? (signal ? 1 : 0));
    if (last) call.write(last);
    call.end();
  });
}

/** `pulumi install`: npm installs what the program's lock file says, or its package.json where there is none. */
export function installDependencies(
  call: ServerWritableStream<InstallDependenciesRequest, InstallDependenciesResponse>,
): void {
  const folder = call.request.getInfo()?.getProgramDirectory() || call.request.getDirectory();
  const child = spawn("npm", ["install", "--loglevel=error"], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  forward(child, call, {
    stdout: (bytes) => new language.InstallDependenciesResponse().setStdout(bytes),
    stderr: (bytes) => new language.InstallDependenciesResponse().setStderr(bytes),
    end: (code) => {
      if (code === 0) return undefined;
      const failure = `npm install in ${folder} ended with exit code ${code}.`;
      return new language.InstallDependenciesResponse().setStderr(Buffer.from(`${failure}\n`));
    },
  });
}
