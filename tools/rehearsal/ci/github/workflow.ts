import { isMap, parseDocument, visit } from "yaml";

/** A workflow file, made ready for act. */
export interface ReadyWorkflow {
  readonly text: string;
  /** Each job, in the order of the file, with its environment. */
  readonly jobs: Readonly<Record<string, string | undefined>>;
  /** Actions of other repositories that it uses, as `owner/name@commit`, and what it gives them. */
  readonly actions: readonly { readonly uses: string; readonly inputs: readonly string[] }[];
}

const REFERENCE = /\b(vars|secrets)\.([A-Za-z_][A-Za-z0-9_]*)/g;

/**
 * act knows one set of variables and secrets for a whole run, GitHub one for each environment. So each reference gets the
 * name of its job's environment before its own: `vars.DATA_BUCKET` of a job in `staging` is `vars.STAGING__DATA_BUCKET`
 * in the copy that act runs. Nothing else is changed.
 */
export function readyForAct(source: string): ReadyWorkflow {
  const document = parseDocument(source);
  const jobs = document.get("jobs");
  if (!isMap(jobs)) throw new Error("the workflow has no jobs");
  const environments: Record<string, string | undefined> = {};
  for (const { key, value: job } of jobs.items) {
    if (!isMap(job)) throw new Error(`job \`${key}\` is no map`);
    const environment = job.get("environment");
    environments[String(key)] = environment === undefined ? undefined : String(environment);
    visit(job, {
      Scalar(_, scalar) {
        if (typeof scalar.value === "string" && scalar.value.includes("${{")) {
          scalar.value = scalar.value.replace(REFERENCE, (_whole, context, name) => {
            return `${context}.${settingOf(environments[String(key)], name)}`;
          });
        }
      },
    });
  }
  return { text: document.toString({ lineWidth: 0 }), jobs: environments, actions: actionsOf(jobs.toJSON()) };
}

/** The name that a setting of an environment has in the copy that act runs. */
export function settingOf(environment: string | undefined, name: string): string {
  return environment === undefined ? name : `${environment.replaceAll("-", "_")}__${name}`.toUpperCase();
}

type Jobs = Record<string, { steps?: { uses?: string; with?: object }[] }>;

function actionsOf(jobs: Jobs): ReadyWorkflow["actions"] {
  return Object.values(jobs)
    .flatMap(({ steps = [] }) => steps)
    .flatMap(({ uses, with: inputs }) => (uses === undefined ? [] : [{ uses, inputs: Object.keys(inputs ?? {}) }]));
}
