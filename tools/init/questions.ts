import { CI_SYSTEMS } from "../../pipelines/render/files.ts";
import type { RepositoryFacts } from "./look-up.ts";
import { type Edit, STACKS } from "./stacks.ts";

/** What was answered so far, by question. */
export type Answers = Readonly<Record<string, string>>;

export interface Question {
  /** Also the name of its flag. */
  readonly name: string;
  readonly ask: string;
  /** Taken where nothing is answered. An empty text means: leave it out. */
  readonly fallback: (answers: Answers, facts: RepositoryFacts | undefined) => string;
  /** Asked only then. @default - always */
  readonly when?: (answers: Answers) => boolean;
  /** What of the answer goes into the stack files. @throws Error that says what is wrong with it */
  readonly edits: (answer: string, answers: Answers) => readonly Edit[];
  /** Keys whose problems are told after this question, as a preview would tell them. */
  readonly keys: readonly string[];
}

const BACKENDS = ["pulumi-cloud", "s3", "blob"] as const;
/** From when on GitHub names a new repository to the clouds by its ids. */
const IMMUTABLE_FROM = Date.parse("2026-07-16T00:00:00Z");

const both = (path: readonly string[], value: unknown): Edit[] => STACKS.map((stack) => ({ stack, path, value }));
const inProduction = (path: readonly string[], value: unknown): Edit[] => [{ stack: "production", path, value }];

/** A question whose answer is one value of both files. */
function text(name: string, ask: string, path: readonly string[], fallback: Question["fallback"]): Question {
  return { name, ask, fallback, keys: [path.join(".")], edits: (answer) => both(path, answer) };
}

export const QUESTIONS: readonly Question[] = [
  text(
    "project",
    "What the models are about; part of the name of every bucket and group",
    ["ml-delivery:project"],
    () => "",
  ),
  text("owner", "GitHub user or organization", ["github:owner"], () => ""),
  text("repository", "Name of its repository", ["ml-delivery:repository", "name"], ({ project = "" }) => project),
  text("azure-location", "Azure location", ["azure-native:location"], () => "eastus"),
  text("aws-region", "AWS region", ["aws:region"], () => "us-east-1"),
  endpoint("staging", "staging"),
  endpoint("production", "prod"),
  {
    name: "reviewer-teams",
    ask: "Who approves production: ids of GitHub teams, with commas (gh api orgs/ORG/teams/NAME --jq .id)",
    fallback: () => "",
    keys: ["ml-delivery:repository.reviewers.teams"],
    edits: (answer) => inProduction(["ml-delivery:repository", "reviewers", "teams"], numbers(answer)),
  },
  {
    name: "reviewer-users",
    ask: "Who else approves: ids of GitHub users, with commas (gh api users/LOGIN --jq .id)",
    fallback: () => "",
    keys: ["ml-delivery:repository.reviewers.users"],
    edits(answer, { "reviewer-teams": teams = "" }) {
      const users = numbers(answer);
      if (users.length + numbers(teams).length === 0) {
        throw new Error("somebody must approve a deployment to production: name a team or a user");
      }
      return inProduction(["ml-delivery:repository", "reviewers", "users"], users);
    },
  },
  {
    name: "code-owners",
    ask: "Whose agreement a change of workflows and stack files needs, with commas",
    // No default: an organization as such is nobody's code owner, and GitHub passes over one that it does not know.
    fallback: () => "",
    keys: ["ml-delivery:repository.codeOwners"],
    edits(answer) {
      if (words(answer).length === 0) throw new Error("somebody must agree: name a team or a user, as @acme/platform");
      return inProduction(["ml-delivery:repository", "codeOwners"], words(answer));
    },
  },
  {
    name: "releaser",
    ask: "Id of the GitHub App that commits releases to main (docs/decisions/repository.md); empty for none yet",
    fallback: () => "",
    keys: ["ml-delivery:repository.releaser"],
    edits: (answer) => inProduction(["ml-delivery:repository", "releaser"], answer === "" ? undefined : number(answer)),
  },
  {
    name: "emails",
    ask: "Who is told when something is wrong: e-mail addresses, with commas",
    fallback: () => "",
    keys: ["ml-delivery:monitoring.emails"],
    edits(answer) {
      if (words(answer).length === 0) throw new Error("somebody must be told: give an e-mail address");
      return both(["ml-delivery:monitoring", "emails"], words(answer));
    },
  },
  {
    name: "ci",
    ask: `CI system: ${CI_SYSTEMS.join(", ")}`,
    fallback: () => "github",
    keys: ["ml-delivery:repository.ci"],
    edits: (answer) => [
      ...both(["ml-delivery:repository", "ci"], answer === "github" ? undefined : answer),
      ...both(["ml-delivery:repository", "oidc"], undefined),
    ],
  },
  tokens("issuer", "What the ID tokens of its jobs have in `iss`", ({ ci }) =>
    ci === "gitlab" ? "https://gitlab.com" : "",
  ),
  tokens("subject", "What those of jobs on main have in `sub`", ({ ci, owner, repository }) =>
    ci === "gitlab" ? `project_path:${owner}/${repository}:ref_type:branch:ref:main` : "",
  ),
  {
    name: "oidc-subject",
    ask: "Was the repository made, renamed or transferred after 15 July 2026: immutable, else classic",
    fallback: (_, facts) => (facts && facts.createdAt >= IMMUTABLE_FROM ? "immutable" : "classic"),
    keys: ["ml-delivery:repository.oidcSubject"],
    edits: (answer) => [
      ...both(["ml-delivery:repository", "oidcSubject"], answer),
      ...(answer === "classic" ? ["ownerId", "repositoryId"] : []).flatMap((key) =>
        both(["ml-delivery:repository", key], undefined),
      ),
    ],
  },
  subjectId("owner-id", "Id of the owner (gh api repos/OWNER/REPO --jq .owner.id)", "ownerId"),
  subjectId("repository-id", "Id of the repository (gh api repos/OWNER/REPO --jq .id)", "repositoryId"),
  {
    name: "state",
    ask: `Where Pulumi keeps its state: ${BACKENDS.join(", ")}`,
    fallback: () => "s3",
    keys: [],
    edits(answer) {
      if (!BACKENDS.some((one) => one === answer)) throw new Error(`${answer} is none of ${BACKENDS.join(", ")}`);
      return answer === "s3" ? [] : both(["ml-delivery:identity", "state"], undefined);
    },
  },
  {
    name: "state-bucket",
    ask: "The bucket for it, made before anything else (docs/adopt.md)",
    when: ({ state }) => state === "s3",
    fallback: ({ project = "" }) => `${project}-pulumi-state`,
    keys: ["ml-delivery:identity.state"],
    // A stack file that sets a key sets all of it: `auth` has no default of its own.
    edits: (answer) => [
      ...both(["ml-delivery:identity", "auth"], "oidc"),
      ...both(["ml-delivery:identity", "state", "bucket"], answer),
    ],
  },
];

function endpoint(stack: "staging" | "production", suffix: string): Question {
  return {
    name: `endpoint-${stack}`,
    ask: `Name of the endpoint of ${stack}, unique in its Azure location`,
    // Azure ML takes 32 characters.
    fallback: ({ repository = "" }) =>
      `${repository.slice(0, 31 - suffix.length).replace(/[^a-zA-Z0-9]+/g, "-")}-${suffix}`.replace("--", "-"),
    keys: ["ml-delivery:endpoint.name"],
    edits: (answer) => [{ stack, path: ["ml-delivery:endpoint", "name"], value: answer }],
  };
}

/** How the tokens of another system than GitHub are told. */
function tokens(key: "issuer" | "subject", ask: string, fallback: Question["fallback"]): Question {
  return {
    name: `token-${key}`,
    ask,
    when: ({ ci }) => ci !== "github",
    fallback,
    keys: [`ml-delivery:repository.oidc.${key}`],
    edits: (answer) => both(["ml-delivery:repository", "oidc", key], answer),
  };
}

function subjectId(name: string, ask: string, key: "ownerId" | "repositoryId"): Question {
  return {
    name,
    ask,
    when: ({ "oidc-subject": subject }) => subject === "immutable",
    fallback: (_, facts) => (facts === undefined ? "" : String(facts[key])),
    keys: [`ml-delivery:repository.${key}`],
    edits: (answer) => both(["ml-delivery:repository", key], number(answer)),
  };
}

const words = (answer: string) =>
  answer
    .split(",")
    .map((word) => word.trim())
    .filter(Boolean);

const numbers = (answer: string) => words(answer).map(number);

function number(answer: string): number {
  if (!/^\d{1,15}$/.test(answer)) throw new Error(`${JSON.stringify(answer)} is no id: it is a whole number`);
  return Number(answer);
}
