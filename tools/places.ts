import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";

/** The project's root. */
export const projectRoot = dirname(import.meta.dirname);

/** Where set-up puts things. All of it can be deleted at any time; the next set-up makes it again. */
export interface Places {
  readonly root: string;
  /** The user's cache for this project, shared by all clones: `$XDG_CACHE_HOME/ml-delivery` or `~/.cache/ml-delivery`. */
  readonly cache: string;
  /** This clone's own Pulumi CLI and what the engine looks for beside it. Goes with `node_modules`. */
  readonly bin: string;
  /** Node of the project's own version, with the commands of its dependencies beside it. */
  readonly nodeBin: string;
  /** Compiled JavaScript, kept by Node between runs; see NODE_COMPILE_CACHE in Node's documentation. */
  readonly compiled: string;
  /** Pulumi CLIs by version. */
  readonly pulumi: string;
  /** Python environments by digest. */
  readonly python: string;
  /** Outside tools that judge the project, by digest. */
  readonly judges: string;
}

export function places(root = projectRoot, env: NodeJS.ProcessEnv = process.env): Places {
  const cache = join(env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "ml-delivery");
  return {
    root,
    cache,
    bin: join(root, "node_modules", ".cache", "ml-delivery", "bin"),
    nodeBin: join(root, "node_modules", ".bin"),
    compiled: join(cache, "compiled"),
    pulumi: join(cache, "pulumi"),
    python: join(cache, "python"),
    judges: join(cache, "judges"),
  };
}

/** Full path of `name` on a PATH, leaving out the folders that `skip` accepts. */
export function foldersOnPath(path: string | undefined, skip: (folder: string) => boolean = () => false): string[] {
  return (path ?? "").split(delimiter).filter((folder) => folder !== "" && !skip(folder));
}
