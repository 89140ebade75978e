import { readFile } from "node:fs/promises";
import { readEnvironment } from "../delivery/environment.ts";
import { inputError } from "../delivery/errors.ts";
import { parseJson } from "../delivery/json.ts";
import { trafficNow } from "../delivery/preview/changes.ts";
import { commentOf, sectionLimit } from "../delivery/preview/comment.ts";
import type { Preview } from "../delivery/preview/events.ts";
import { readModelChanges } from "../delivery/preview/models.ts";
import { postSection, type Target } from "../delivery/preview/post.ts";
import { runPreview } from "../delivery/preview/run.ts";
import { knownSecrets, scrubber } from "../delivery/preview/scrub.ts";
import { sectionOf } from "../delivery/preview/section.ts";
import { type Command, type Context, type ExitCode, integerFlag, required, runCommand } from "./support/command.ts";
import { ENVIRONMENT } from "./support/flags.ts";

export const command: Command = {
  name: "preview-comment",
  summary:
    "Previews a stack and says what would change in the pull request's one comment, on failure too. " +
    "1: the preview failed, or a policy refuses it.",
  example: "--environment production --pull-request 12 --repository example-org/plant-classifier",
  flags: {
    environment: ENVIRONMENT,
    "pull-request": {
      help: "number of the pull request; default the one that started the run; without any, the comment is printed only",
      value: "N",
    },
    repository: { help: "repository of the pull request", value: "OWNER/NAME", env: ["GITHUB_REPOSITORY"] },
    commit: { help: "commit that is previewed; default the pull request's last one", value: "ID" },
    "token-env": {
      help: "variable that holds a token with the right to write comments",
      value: "NAME",
      default: "COMMENT_TOKEN",
    },
    author: { help: "login that the token writes as", value: "LOGIN", default: "github-actions[bot]" },
    stacks: { help: "how many stacks share the comment", value: "N", default: "2" },
  },
  async run(context) {
    const stack = required(context, "environment");
    const started = await pullRequestOf(process.env["GITHUB_EVENT_PATH"]);
    const target = targetOf(context, started?.number);
    const token = target === undefined ? undefined : tokenOf(context);
    const hide = scrubber([...(await knownSecrets(process.env)), ...(token === undefined ? [] : [token])]);

    context.say(`previewing ${stack}`);
    const preview = await runPreview(stack, process.cwd(), hide);
    // A stack file that cannot be read has failed the preview, which says why.
    const environment = await readEnvironment(stack, process.cwd()).catch(() => undefined);
    const models = environment ? await readModelChanges(environment, trafficNow(preview)) : { changes: [], unread: [] };
    const commit = context.flags["commit"] ?? started?.commit;
    const subject = { stack, preview, models, commit, runUrl: runUrl(process.env) };
    // Once more over all of it: what was read of models and variables did not come through the engine.
    const section = hide(sectionOf(subject, sectionLimit(integerFlag(context, "stacks", 1, 20))));

    const url = target && token ? await postSection(target, stack, section, { token }) : undefined;
    const { succeeded, errors, violations } = preview;
    return {
      exitCode: exitCodeOf(preview),
      report: { environment: stack, succeeded, errors, violations, comment: url ?? null, markdown: section },
      text: commentOf(new Map([[stack, section]])),
      outputs: { succeeded, ...(url === undefined ? {} : { comment: url }) },
    };
  },
};

const exitCodeOf = ({ succeeded }: Preview): ExitCode => (succeeded ? 0 : 1);

/** Undefined where there is no pull request to write to. */
function targetOf(context: Context, started: number | undefined): Target | undefined {
  const pullRequest =
    context.flags["pull-request"] === undefined
      ? started
      : integerFlag(context, "pull-request", 1, Number.MAX_SAFE_INTEGER);
  if (pullRequest === undefined) return undefined;
  const named = /^([\w-]+)\/([\w.-]+)$/.exec(required(context, "repository"));
  const [, owner, repository] = named ?? [];
  if (owner === undefined || repository === undefined) {
    throw inputError(`\`--repository\` must be OWNER/NAME, got \`${context.flags["repository"]}\``);
  }
  return { owner, repository, pullRequest, author: required(context, "author") };
}

/**
 * The pull request that started this run of GitHub Actions; undefined where something else did. Its own last commit is
 * meant: the one that is checked out is a merge that nobody made.
 */
async function pullRequestOf(file: string | undefined): Promise<{ number: number; commit: string } | undefined> {
  if (!file) return undefined;
  const event = parseJson(await readFile(file, "utf8"), "the event of this run") as {
    pull_request?: { number?: unknown; head?: { sha?: unknown } };
  };
  const { number, head } = event.pull_request ?? {};
  return typeof number === "number" && typeof head?.sha === "string" ? { number, commit: head.sha } : undefined;
}

function tokenOf(context: Context): string {
  const name = required(context, "token-env");
  const token = process.env[name];
  if (!token) throw inputError(`\`${name}\` is not set: a comment needs a token that may write to pull requests`);
  return token;
}

/** Where GitHub Actions shows this run. */
function runUrl(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: run } = env;
  return server && repository && run ? `${server}/${repository}/actions/runs/${run}` : undefined;
}

if (import.meta.main) await runCommand(command);
