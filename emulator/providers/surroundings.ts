import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ServiceContext } from "../service.ts";

/** What a provider finds around it: the services started before, and the project's own packages. */
export interface Surroundings {
  /** The emulator's certificate, PEM. */
  readonly certificate: string;
  /** Variables of the services started before. */
  readonly env: Readonly<Record<string, string>>;
  /** A variable that some service has to have set. Asked for at a call, so that one service's absence stops no other. */
  need(variable: string): string;
  /** The version of `@pulumi/<name>` that programs here use. */
  version(name: string): string;
  /** A client made at its first use, and closed with the providers. */
  once<T extends { close(): Promise<void> | void }>(what: string, create: () => T): () => T;
  /** Closes what `once` made. */
  close(): Promise<void>;
}

export function createSurroundings(context: Pick<ServiceContext, "certificate" | "env" | "root">): Surroundings {
  const made = new Map<string, { close(): Promise<void> | void }>();
  return {
    certificate: context.certificate.cert,
    env: context.env,
    need(variable) {
      const value = context.env[variable];
      if (value !== undefined && value !== "") return value;
      throw new Error(
        `\`${variable}\` is not set: no service that the emulator started before the providers offers it`,
      );
    },
    version(name) {
      const file = join(context.root, "node_modules", "@pulumi", name, "package.json");
      const { version } = JSON.parse(readFileSync(file, "utf8")) as { version?: unknown };
      if (typeof version === "string") return version;
      throw new Error(`${file} has no version`);
    },
    once<T extends { close(): Promise<void> | void }>(what: string, create: () => T) {
      let instance: T | undefined;
      return () => {
        if (instance === undefined) {
          instance = create();
          made.set(what, instance);
        }
        return instance;
      };
    },
    async close() {
      await Promise.all([...made.values()].map((client) => client.close()));
      made.clear();
    },
  };
}
