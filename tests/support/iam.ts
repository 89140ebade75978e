/** A request as IAM judges it. */
export interface IamRequest {
  /** `s3:GetObject` */
  readonly action: string;
  /** ARN, or `*` where an action knows no resource. */
  readonly resource: string;
  /** Condition keys that the request carries; IAM knows no others of it. */
  readonly context?: Readonly<Record<string, string>>;
}

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/**
 * What IAM says to a request under one policy: an explicit denial wins, and what nothing allows is not allowed
 * (docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html). Knows the operators of this
 * project's policies; throws at any other rather than guess.
 */
export function allowed(policy: { readonly Statement: readonly Statement[] }, request: IamRequest): boolean {
  const applying = policy.Statement.filter((statement) => applies(statement, request));
  const says = (effect: string) => applying.some(({ Effect }) => Effect === effect);
  return says("Allow") && !says("Deny");
}

function applies({ Action, Resource = "*", Condition = {} }: Statement, request: IamRequest): boolean {
  const { action, resource, context = {} } = request;
  const meets = Object.entries(Condition).every(([operator, keys]) =>
    Object.entries(keys).every(([key, wanted]) => holds(operator, context[key], all(wanted))),
  );
  return (
    all(Action).some((pattern) => like(pattern.toLowerCase(), action.toLowerCase())) &&
    all(Resource).some((pattern) => like(pattern, resource)) &&
    meets
  );
}

function holds(operator: string, actual: string | undefined, wanted: readonly string[]): boolean {
  switch (operator) {
    case "StringEquals":
      return actual !== undefined && wanted.includes(actual);
    case "StringLikeIfExists":
      return actual === undefined || wanted.some((pattern) => like(pattern, actual));
    case "Null":
      return wanted.includes(String(actual === undefined));
    default:
      throw new Error(`this judge of IAM policies does not know the operator ${operator}`);
  }
}

const all = (one: string | readonly string[]): readonly string[] => (typeof one === "string" ? [one] : one);

/** `*` stands for any characters, slashes included, and `?` for one. */
function like(pattern: string, text: string): boolean {
  const source = pattern
    .replace(/[.+^$()|[\]{}\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`, "s").test(text);
}
