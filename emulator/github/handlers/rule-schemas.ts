import { z } from "zod";
import { text } from "../body.ts";

const flag = z.boolean("is not a boolean");
const count = z.int("is not an integer");

const plain = <const T extends string>(type: T) => z.strictObject({ type: z.literal(type) });

const pullRequest = z.strictObject({
  type: z.literal("pull_request"),
  parameters: z.strictObject({
    allowed_merge_methods: z.array(z.enum(["merge", "squash", "rebase"])).optional(),
    dismiss_stale_reviews_on_push: flag,
    require_code_owner_review: flag,
    require_last_push_approval: flag,
    required_approving_review_count: count.min(0, "is less than 0").max(10, "is more than 10"),
    required_review_thread_resolution: flag,
  }),
});

const statusChecks = z.strictObject({
  type: z.literal("required_status_checks"),
  parameters: z.strictObject({
    do_not_enforce_on_create: flag.optional(),
    required_status_checks: z.array(
      z.strictObject({ context: text.min(1, "is empty"), integration_id: count.optional() }),
    ),
    strict_required_status_checks_policy: flag,
  }),
});

/** The rules that `rules.ts` judges. GitHub has more; they are refused, since keeping one unjudged would promise too much. */
export const rule = z.discriminatedUnion(
  "type",
  [
    plain("creation"),
    z.strictObject({
      type: z.literal("update"),
      parameters: z.strictObject({ update_allows_fetch_and_merge: flag }).optional(),
    }),
    plain("deletion"),
    plain("non_fast_forward"),
    plain("required_linear_history"),
    plain("required_signatures"),
    pullRequest,
    statusChecks,
  ],
  "is not a rule that the emulator offers: creation, update, deletion, non_fast_forward, required_linear_history, required_signatures, pull_request, required_status_checks",
);
