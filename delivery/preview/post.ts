import { setTimeout as sleep } from "node:timers/promises";
import { DeliveryError } from "../errors.ts";
import { type GitHubOptions, githubClient, type RepositoryAddress } from "../github.ts";
import { commentOf, isPreviewComment, sectionsIn } from "./comment.ts";

/** Which pull request gets the section, and as whom. */
export interface Target extends RepositoryAddress {
  readonly pullRequest: number;
  /** Login of the token's owner. What others have written is never taken for ours. */
  readonly author: string;
}

export interface PostOptions extends GitHubOptions {
  /** Milliseconds until a section is looked for again; longer than a job takes from reading to writing. @default 3000 */
  readonly settleMs?: number;
}

interface Comment {
  readonly id: number;
  readonly body: string;
  readonly user: { readonly login: string } | null;
  readonly html_url: string;
}

const PAGE = 100;
const tries = 8;

/**
 * Puts a stack's section into the pull request's one comment, and gives the comment's address. Sections of other stacks
 * stay.
 *
 * GitHub writes a comment whatever it has become since it was read. So each job looks again once those that read before
 * it wrote have written, and puts its section back until it stays; and of two first comments, the older one is kept.
 *
 * @throws DeliveryError `surroundings` where GitHub refuses, or the section does not stay
 */
export async function postSection(
  target: Target,
  stack: string,
  section: string,
  options: PostOptions = {},
): Promise<string> {
  const call = githubClient(target, options);
  const settle = () => sleep((options.settleMs ?? 3000) * (1 + Math.random()));
  for (let attempt = 1; attempt <= tries; attempt++) {
    const found = await ours(call, target);
    const first = found[0];
    const stands = first !== undefined && sectionsIn(first.body).get(stack) === section;
    if (stands && attempt > 1) {
      await mergeInto(call, found);
      return first.html_url;
    }
    if (!stands) {
      const others = found.flatMap(({ body }) => [...sectionsIn(body)]).reverse();
      const body = commentOf(new Map([...others, [stack, section]]));
      if (first === undefined) await begin(call, target, body);
      else await call("PATCH", `/issues/comments/${first.id}`, { body });
    }
    await settle();
  }
  throw new DeliveryError(
    "surroundings",
    `the comment on pull request ${target.pullRequest} changes all the time: ${tries} times the section of ${stack} did not stay`,
  );
}

type Call = ReturnType<typeof githubClient>;

/** A first comment. One that would not be found again is taken back: every run would add another. */
async function begin(call: Call, { pullRequest, author }: Target, body: string): Promise<void> {
  const made = await call<Comment>("POST", `/issues/${pullRequest}/comments`, { body });
  if (made === undefined || made.user?.login === author) return;
  await call("DELETE", `/issues/comments/${made.id}`);
  throw new DeliveryError(
    "surroundings",
    `the token writes as ${made.user?.login}, not as ${author}: say so by --author`,
  );
}

/** Our comments, the oldest first. */
async function ours(call: Call, { pullRequest, author }: Target): Promise<Comment[]> {
  const found: Comment[] = [];
  for (let page = 1; ; page++) {
    const path = `/issues/${pullRequest}/comments?per_page=${PAGE}&page=${page}`;
    const comments = (await call<Comment[]>("GET", path)) ?? [];
    found.push(...comments.filter(({ body, user }) => user?.login === author && isPreviewComment(body)));
    if (comments.length < PAGE) return found.sort((a, b) => a.id - b.id);
  }
}

/** Takes away later comments whose sections the first one has: two jobs found none, and each began one. */
async function mergeInto(call: Call, [first, ...later]: readonly Comment[]): Promise<void> {
  const kept = sectionsIn(first?.body ?? "");
  for (const { id, body } of later) {
    const isKept = [...sectionsIn(body).keys()].every((stack) => kept.has(stack));
    if (isKept) await call("DELETE", `/issues/comments/${id}`, undefined, [404]);
  }
}
