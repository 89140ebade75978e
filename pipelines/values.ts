import type {
  Condition,
  EnvReference,
  InputValue,
  JobOutput,
  JobToken,
  Literal,
  MatrixValue,
  Secret,
  StepOutput,
  Value,
  Variable,
} from "./model.ts";

/** The words that definitions are written in. */
export const literal = (text: string): Literal => ({ from: "literal", text });
export const variable = (name: string): Variable => ({ from: "variable", name });
export const secret = (name: string): Secret => ({ from: "secret", name });
export const jobToken: JobToken = { from: "jobToken" };
export const input = (name: string, otherwise = ""): InputValue => ({ from: "input", name, otherwise });
export const stepOutput = (step: string, name: string): StepOutput => ({ from: "step", step, name });
export const jobOutput = (job: string, name: string): JobOutput => ({ from: "job", job, name });
export const matrix = (name: string): MatrixValue => ({ from: "matrix", name });

/** A variable of the step's `env` inside an argument. */
export const env = (name: string): EnvReference => ({ env: name });

export const onBranch = (branch: string): Condition => ({ when: "onBranch", branch });
export const equals = (value: StepOutput | JobOutput | InputValue, text: string): Condition => ({
  when: "equals",
  value,
  text,
});
export const ownPullRequest: Condition = { when: "ownPullRequest" };
export const changed = (...paths: string[]): Condition => ({ when: "changed", paths });
export const all = (...of: Condition[]): Condition => ({ when: "all", of });

/** What a value is, in words for messages. Never its text. */
export function describe(value: Value): string {
  switch (value.from) {
    case "literal":
      return "a fixed text";
    case "jobToken":
      return "the job's own token";
    case "step":
      return `output \`${value.name}\` of step \`${value.step}\``;
    case "job":
      return `output \`${value.name}\` of job \`${value.job}\``;
    case "matrix":
      return `\`${value.name}\` of the job's matrix`;
    default:
      return `${value.from} \`${value.name}\``;
  }
}
