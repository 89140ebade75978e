import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Octokit } from "@octokit/rest";
import { createGithubService } from "../../../emulator/github/service.ts";
import type { ServiceContext } from "../../../emulator/service.ts";
import { freePort } from "../../support/free-port.ts";

const unused = { key: "", cert: "", keyFile: "", certFile: "" };

/** The GitHub service alone, in this process and a home of its own. */
export async function openGithub() {
  const root = mkdtempSync(join(tmpdir(), "ml-delivery-github-"));
  const home = join(root, "emulator");
  const folder = join(home, "github");
  mkdirSync(folder, { recursive: true });
  const context: ServiceContext = {
    folder,
    root,
    certificate: unused,
    port: () => freePort(),
    env: {},
    log: () => undefined,
    touch: () => undefined,
  };
  let service = createGithubService();
  let { url, env } = await service.start(context);
  const token = () => env["GITHUB_TOKEN"] ?? "";
  return {
    home,
    folder,
    get url() {
      return url;
    },
    get token() {
      return token();
    },
    octokit: (auth: string | undefined = token()) =>
      new Octokit({ baseUrl: url, ...(auth === "" ? {} : { auth }), log: quiet }),
    read: (file: string) => readFileSync(join(folder, file), "utf8"),
    mode: (file: string) => statSync(join(folder, file)).mode & 0o777,
    /** A second home with other state and the same keys. */
    copyWith: (state: unknown) => {
      const copy = join(root, "copy");
      cpSync(home, copy, { recursive: true });
      writeFileSync(join(copy, "github", "state.json"), JSON.stringify(state));
      return copy;
    },
    async restart() {
      await service.stop();
      service = createGithubService();
      ({ url, env } = await service.start(context));
    },
    async close() {
      await service.stop();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

export type GithubHome = Awaited<ReturnType<typeof openGithub>>;

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** Status and words that GitHub says no with. */
export async function refused(call: Promise<unknown>): Promise<[number, string]> {
  try {
    await call;
  } catch (error) {
    const { status, response } = error as { status: number; response: { data: { message: string } } };
    return [status, response.data.message];
  }
  throw new Error("The request was not refused.");
}
