import { randomBytes } from "node:crypto";
import type { Document } from "yaml";
import type { CiSystem } from "../../../pipelines/render/files.ts";
import type { RepositoryName } from "../repository.ts";

/** Whom each cloud's tokens are for, by the name under which the pipelines read them. */
const AUDIENCES = { AWS_ID_TOKEN: "sts.amazonaws.com", AZURE_ID_TOKEN: "api://AzureADTokenExchange" } as const;
/** Seconds that a token is good for: as long as a job may take. */
const LIFETIME_S = 5 * 3600;

/** What the ID tokens of a rehearsed CI system's jobs say of themselves on main; GitHub's follow from the repository. */
export function tokensOf(system: CiSystem, { owner, name }: RepositoryName) {
  switch (system) {
    case "github":
      return undefined;
    case "gitlab":
      return {
        issuer: "https://gitlab.example.org",
        subject: `project_path:${owner}/${name}:ref_type:branch:ref:main`,
      };
    case "jenkins":
      return {
        issuer: "https://jenkins.example.org/oidc",
        subject: `https://jenkins.example.org/job/${name}/job/main/`,
      };
  }
}

/** The ID tokens of a job, as its CI system would give them: by name, for each cloud one. */
export function mintTokens(system: CiSystem, repository: RepositoryName): Record<keyof typeof AUDIENCES, string> {
  const tokens = tokensOf(system, repository);
  if (tokens === undefined) throw new Error(`${system} gives its jobs tokens by a service, not as variables`);
  const iat = Math.floor(Date.now() / 1000);
  const claims = { iss: tokens.issuer, sub: tokens.subject, iat, nbf: iat - 5, exp: iat + LIFETIME_S };
  const mint = (aud: string) => {
    const parts = [
      { alg: "RS256", typ: "JWT" },
      { ...claims, aud },
    ].map((part) => encode(JSON.stringify(part)));
    // Nobody here has the issuer's keys: it is the claims that are checked.
    return [...parts, encode(randomBytes(256))].join(".");
  };
  return { AWS_ID_TOKEN: mint(AUDIENCES.AWS_ID_TOKEN), AZURE_ID_TOKEN: mint(AUDIENCES.AZURE_ID_TOKEN) };
}

const encode = (bytes: string | Buffer) => Buffer.from(bytes).toString("base64url");

/** Writes into a stack file which system delivers, and whose tokens are trusted therefore. */
export function chooseSystem(document: Document, system: CiSystem, repository: RepositoryName): void {
  const at = ["config", "ml-delivery:repository"];
  document.setIn([...at, "ci"], system);
  const tokens = tokensOf(system, repository);
  if (tokens === undefined) document.deleteIn([...at, "oidc"]);
  else document.setIn([...at, "oidc"], document.createNode(tokens));
}
