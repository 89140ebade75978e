import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** The part of a package.json that matters here. */
interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly pulumi?: {
    readonly resource?: boolean;
    readonly name?: string;
    readonly version?: string;
    readonly server?: string;
  };
}

/** A provider plugin that a program needs; an empty `server` means the engine's usual source. */
export interface ResourcePackage {
  readonly name: string;
  readonly version: string;
  readonly server: string;
}

/**
 * The provider plugins of the program in `folder`: those of its direct dependencies whose package.json says so.
 * Nested ones are left to the engine, which asks for a provider when a resource first needs it. Reading a handful of
 * files keeps this under 5 ms; a scan of node_modules takes longer than the rest of a preview.
 */
export function resourcePackages(folder: string): ResourcePackage[] {
  return manifestsOfDependencies(folder).flatMap(({ name = "", version = "", pulumi }) =>
    pulumi?.resource
      ? [
          {
            name: pulumi.name ?? name.replace(/^@pulumi\//, ""),
            version: pulumi.version ?? version,
            server: pulumi.server ?? "",
          },
        ]
      : [],
  );
}

/** Name and installed version of each direct dependency of the program in `folder`. */
export function directDependencies(folder: string): { name: string; version: string }[] {
  return manifestsOfDependencies(folder).map(({ name = "", version = "" }) => ({ name, version }));
}

function manifestsOfDependencies(folder: string): Manifest[] {
  const manifest = nearestManifest(folder);
  if (!manifest) return [];
  const lookUp = createRequire(manifest.path);
  return Object.keys(manifest.content.dependencies ?? {}).flatMap((name) => {
    // `require.resolve("<name>/package.json")` fails where a package's `exports` hides the file.
    for (const modules of lookUp.resolve.paths(name) ?? []) {
      const found = readManifest(join(modules, name, "package.json"));
      if (found) return [found];
    }
    return [];
  });
}

function nearestManifest(folder: string): { path: string; content: Manifest } | undefined {
  for (let at = folder; ; at = dirname(at)) {
    const path = join(at, "package.json");
    const content = readManifest(path);
    if (content) return { path, content };
    if (dirname(at) === at) return undefined;
  }
}

function readManifest(path: string): Manifest | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Manifest;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new Error(
      `${path} cannot be read: ${(error as Error).message}. Repair the file, or install the package again.`,
    );
  }
}
