import type { Condition, Value } from "../model.ts";
import { shellWord } from "./shell.ts";

/**
 * The one place where values become GitHub's syntax. Values reach commands through `env`, where GitHub inserts them as
 * text; a script never holds an expression, so nothing that somebody typed is ever read as code.
 */

/** Starts an expression, wherever GitHub meets it. */
const OPENING = "${{";

/** The text of a YAML scalar that GitHub evaluates to the value. */
export function encodeValue(value: Value): string {
  switch (value.from) {
    case "literal":
      // Only `${{` is special in a scalar; a quoted string inside an expression carries it through as text.
      return value.text.includes(OPENING) ? wrap(quote(value.text)) : value.text;
    default:
      return wrap(reference(value));
  }
}

/** The branch or tag a run is about. */
export const REF_NAME = wrap("github.ref_name");

/**
 * The token that pushes: the releaser's, where the environment has one, since rules on the branch let that pass and the
 * job's own not.
 */
export const PUSH_TOKEN = wrap("secrets.DELIVERY_GITHUB_TOKEN || github.token");

/** The same for all runs of one workflow on one branch. */
export const PIPELINE_AND_BRANCH = `${wrap("github.workflow")}-${wrap("github.ref")}`;

/** A condition as the text of `if:`. */
export function encodeCondition(condition: Condition): string {
  const text = expression(condition);
  // GitHub takes the whole of `if:` as an expression, unless it finds the start of one inside.
  return text.includes(OPENING) ? wrap(text) : text;
}

function expression(condition: Condition): string {
  switch (condition.when) {
    case "onBranch":
      return `github.ref == ${quote(`refs/heads/${condition.branch}`)}`;
    case "equals":
      return `${operand(condition.value)} == ${quote(condition.text)}`;
    case "ownPullRequest":
      // Elsewhere there is no pull request, and nothing that could be this repository's name.
      return "github.event.pull_request.head.repo.full_name == github.repository";
    case "changed":
      throw new Error(
        "GitHub Actions cannot ask in a job's `if` which files changed; put the paths on the pipeline's trigger.",
      );
    case "all":
      return condition.of.map(expression).join(" && ") || "true";
  }
}

/** A fixed text as one word of a script. */
export function scriptWord(text: string): string {
  // GitHub looks for `${{` in scripts too, in quotes or not. Closing and opening the quotes splits it; bash joins it again.
  return shellWord(text).replaceAll(OPENING, () => "$''{{");
}

function wrap(text: string): string {
  return `${OPENING} ${text} }}`;
}

/** A string in GitHub's expression language. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function operand(value: Exclude<Value, { from: "literal" }>): string {
  const text = reference(value);
  return text.includes(" || ") ? `(${text})` : text;
}

function reference(value: Exclude<Value, { from: "literal" }>): string {
  switch (value.from) {
    case "jobToken":
      return "github.token";
    case "input":
      return `inputs.${value.name}${value.otherwise === "" ? "" : ` || ${quote(value.otherwise)}`}`;
    case "matrix":
      return `matrix.${value.name}`;
    case "variable":
      return `vars.${value.name}`;
    case "secret":
      return `secrets.${value.name}`;
    case "step":
      return `steps.${value.step}.outputs.${value.name}`;
    case "job":
      return `needs.${value.job}.outputs.${value.name}`;
  }
}
