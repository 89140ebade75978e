import { needText, type Properties } from "../values.ts";
import { idParts } from "./rest.ts";

/** Where a secret or variable lives: in a repository, or in one of its environments. Both APIs are alike but for the path. */
export interface Scope {
  readonly inputs: readonly string[];
  /** The path below the repository, to which `/secrets` and `/variables` are added. */
  path(inputs: Properties): string;
  id(inputs: Properties, name: string): string;
  /** The inputs that an id tells, with the secret's or variable's own name under `nameInput`. */
  fromId(id: string, nameInput: string): Properties;
}

export const repositoryScope: Scope = {
  inputs: ["repository"],
  path: () => "/actions",
  id: (inputs, name) => `${needText(inputs, "repository")}:${name}`,
  fromId(id, nameInput) {
    const [repository = "", name = ""] = idParts(id, 2, "repository:name");
    return { repository, [nameInput]: name };
  },
};

export const environmentScope: Scope = {
  inputs: ["repository", "environment"],
  path: (inputs) => `/environments/${encodeURIComponent(needText(inputs, "environment"))}`,
  // An environment's own colons are escaped, as the real provider does.
  id: (inputs, name) => `${needText(inputs, "repository")}:${escaped(needText(inputs, "environment"))}:${name}`,
  fromId(id, nameInput) {
    const [repository = "", environment = "", name = ""] = idParts(id, 3, "repository:environment:name");
    return { repository, environment: unescaped(environment), [nameInput]: name };
  },
};

/** For ids: a colon would end the part. */
export const escaped = (part: string) => part.replaceAll(":", "??");
export const unescaped = (part: string) => part.replaceAll("??", ":");
