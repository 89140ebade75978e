import { isObject, type Properties, present, type Value } from "../values.ts";

/** Rules without parameters: the SDK has a flag for each, GitHub's list has an entry or not. */
const flags: Readonly<Record<string, string>> = {
  creation: "creation",
  update: "update",
  deletion: "deletion",
  nonFastForward: "non_fast_forward",
  requiredLinearHistory: "required_linear_history",
  requiredSignatures: "required_signatures",
};

/** The SDK's object of rules as GitHub's list. Rules that the emulator does not know are refused. */
export function rulesToGitHub(rules: Properties): Properties[] {
  const known = [...Object.keys(flags), "pullRequest", "requiredStatusChecks"];
  const foreign = Object.keys(rules).find((name) => !known.includes(name));
  if (foreign !== undefined) {
    throw new Error(`the emulator does not offer the rule '${foreign}' of a ruleset; it offers ${known.join(", ")}`);
  }
  const plain = Object.entries(flags)
    .filter(([name]) => rules[name] === true)
    .map(([, type]) => ({ type }));
  const { pullRequest, requiredStatusChecks } = rules;
  return [
    ...plain,
    ...(isObject(pullRequest) ? [{ type: "pull_request", parameters: pullRequestToGitHub(pullRequest) }] : []),
    ...(isObject(requiredStatusChecks)
      ? [{ type: "required_status_checks", parameters: checksToGitHub(requiredStatusChecks) }]
      : []),
  ];
}

export function rulesFromGitHub(rules: readonly Properties[]): Properties {
  const parameters = (type: string) => {
    const found = rules.find((rule) => rule["type"] === type)?.["parameters"];
    return isObject(found) ? found : undefined;
  };
  const [pull, checks] = [parameters("pull_request"), parameters("required_status_checks")];
  return present({
    ...Object.fromEntries(
      Object.entries(flags)
        .filter(([, type]) => rules.some((rule) => rule["type"] === type))
        .map(([name]) => [name, true]),
    ),
    pullRequest: pull === undefined ? undefined : pullRequestFromGitHub(pull),
    requiredStatusChecks: checks === undefined ? undefined : checksFromGitHub(checks),
  });
}

/** The SDK's names beside GitHub's, and what the provider sends where the program says nothing. */
const pullRequestNames: readonly (readonly [string, string, Value])[] = [
  ["allowedMergeMethods", "allowed_merge_methods", ["merge", "squash", "rebase"]],
  ["dismissStaleReviewsOnPush", "dismiss_stale_reviews_on_push", false],
  ["requireCodeOwnerReview", "require_code_owner_review", false],
  ["requireLastPushApproval", "require_last_push_approval", false],
  ["requiredApprovingReviewCount", "required_approving_review_count", 0],
  ["requiredReviewThreadResolution", "required_review_thread_resolution", false],
];

const pullRequestToGitHub = (rule: Properties): Properties =>
  Object.fromEntries(pullRequestNames.map(([ours, theirs, usual]) => [theirs, rule[ours] ?? usual]));

const pullRequestFromGitHub = (rule: Properties): Properties =>
  present(Object.fromEntries(pullRequestNames.map(([ours, theirs]) => [ours, rule[theirs]])));

function checksToGitHub(rule: Properties): Properties {
  const checks = Array.isArray(rule["requiredChecks"]) ? (rule["requiredChecks"] as readonly Value[]) : [];
  return {
    strict_required_status_checks_policy: rule["strictRequiredStatusChecksPolicy"] ?? false,
    do_not_enforce_on_create: rule["doNotEnforceOnCreate"] ?? false,
    required_status_checks: checks
      .filter(isObject)
      .map((check) => present({ context: check["context"], integration_id: check["integrationId"] })),
  };
}

function checksFromGitHub(rule: Properties): Properties {
  const checks = rule["required_status_checks"];
  const listed = (Array.isArray(checks) ? (checks as readonly Value[]) : []).filter(isObject);
  return present({
    strictRequiredStatusChecksPolicy: rule["strict_required_status_checks_policy"],
    doNotEnforceOnCreate: rule["do_not_enforce_on_create"],
    requiredChecks: listed.map((check) =>
      present({ context: check["context"], integrationId: check["integration_id"] }),
    ),
  });
}
