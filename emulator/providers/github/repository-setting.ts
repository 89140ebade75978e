import type { Call } from "../provider.ts";
import type { SimpleType } from "../simple-resource.ts";
import type { Surroundings } from "../surroundings.ts";
import { needText, type Properties, present, type Value } from "../values.ts";
import { type GitHubRest, gitHubRest, repositoryId } from "./rest.ts";

/** A setting that every repository has: written when the resource is made, given its first value back when it goes. */
interface Setting {
  readonly token: string;
  readonly required: readonly string[];
  readonly optional: readonly string[];
  readonly computed?: readonly string[];
  write(rest: GitHubRest, repository: string, inputs: Properties): Promise<void>;
  /** Inputs but for `repository`; undefined where there is no such repository. */
  read(rest: GitHubRest, repository: string): Promise<Properties | undefined>;
  reset(rest: GitHubRest, repository: string): Promise<void>;
}

/** The types of such settings, named by their repository alone. */
export function settingTypes(surroundings: Surroundings): SimpleType[] {
  return [workflowPermissions, subjectTemplate, vulnerabilityAlerts, securityUpdates].map((setting) =>
    settingType(setting, surroundings),
  );
}

function settingType(setting: Setting, surroundings: Surroundings): SimpleType {
  const computed = setting.computed ?? [];
  const withId = async (rest: GitHubRest, repository: string, outputs: Properties) =>
    computed.includes("repositoryId")
      ? { ...outputs, repositoryId: await repositoryId(rest, repository) }
      : { ...outputs };
  const write = async (inputs: Properties, call: Call) => {
    const rest = gitHubRest(surroundings, call.session);
    const repository = needText(inputs, "repository");
    await setting.write(rest, repository, inputs);
    return withId(rest, repository, inputs);
  };
  return {
    token: setting.token,
    required: ["repository", ...setting.required],
    optional: setting.optional,
    replaceOn: ["repository"],
    computed,
    stable: computed,
    identity: ["repository"],
    create: async (inputs, call) => ({ id: needText(inputs, "repository"), outputs: await write(inputs, call) }),
    async read({ id }, call) {
      const rest = gitHubRest(surroundings, call.session);
      const found = await setting.read(rest, id);
      if (found === undefined) return undefined;
      const inputs = { repository: id, ...found };
      return { id, inputs, outputs: await withId(rest, id, inputs) };
    },
    update: (_known, inputs, call) => write(inputs, call),
    delete: ({ id }, call) => setting.reset(gitHubRest(surroundings, call.session), id),
  };
}

async function put(rest: GitHubRest, repository: string, path: string, body: Properties): Promise<void> {
  await rest.send("PUT", repository, path, body);
}

const isThere = async (rest: GitHubRest, repository: string) => (await rest.get(repository, "")) !== undefined;

const workflowPath = "/actions/permissions/workflow";
const workflowPermissions: Setting = {
  token: "github:index/workflowRepositoryPermissions:WorkflowRepositoryPermissions",
  required: [],
  optional: ["defaultWorkflowPermissions", "canApprovePullRequestReviews"],
  write: (rest, repository, inputs) =>
    put(
      rest,
      repository,
      workflowPath,
      present({
        default_workflow_permissions: inputs["defaultWorkflowPermissions"],
        can_approve_pull_request_reviews: inputs["canApprovePullRequestReviews"],
      }),
    ),
  async read(rest, repository) {
    const found = await rest.get(repository, workflowPath);
    if (found === undefined) return undefined;
    return present({
      defaultWorkflowPermissions: found["default_workflow_permissions"],
      canApprovePullRequestReviews: found["can_approve_pull_request_reviews"],
    });
  },
  reset: (rest, repository) =>
    put(rest, repository, workflowPath, {
      default_workflow_permissions: "read",
      can_approve_pull_request_reviews: false,
    }),
};

const subjectPath = "/actions/oidc/customization/sub";
const subjectTemplate: Setting = {
  token:
    "github:index/actionsRepositoryOidcSubjectClaimCustomizationTemplate:ActionsRepositoryOidcSubjectClaimCustomizationTemplate",
  required: ["useDefault"],
  optional: ["includeClaimKeys"],
  write: (rest, repository, inputs) =>
    put(
      rest,
      repository,
      subjectPath,
      present({ use_default: inputs["useDefault"], include_claim_keys: inputs["includeClaimKeys"] }),
    ),
  async read(rest, repository) {
    const found = await rest.get(repository, subjectPath);
    if (found === undefined) return undefined;
    return present({ useDefault: found["use_default"], includeClaimKeys: found["include_claim_keys"] });
  },
  reset: (rest, repository) => put(rest, repository, subjectPath, { use_default: true }),
};

async function turn(rest: GitHubRest, repository: string, path: string, on: Value | undefined): Promise<void> {
  if (on === false) await rest.delete(repository, path);
  else await put(rest, repository, path, {});
}

const alertsPath = "/vulnerability-alerts";
const vulnerabilityAlerts: Setting = {
  token: "github:index/repositoryVulnerabilityAlerts:RepositoryVulnerabilityAlerts",
  required: [],
  optional: ["enabled"],
  computed: ["repositoryId"],
  write: (rest, repository, inputs) => turn(rest, repository, alertsPath, inputs["enabled"]),
  async read(rest, repository) {
    if (!(await isThere(rest, repository))) return undefined;
    return { enabled: (await rest.get(repository, alertsPath)) !== undefined };
  },
  reset: (rest, repository) => rest.delete(repository, alertsPath),
};

const fixesPath = "/automated-security-fixes";
const securityUpdates: Setting = {
  token: "github:index/repositoryDependabotSecurityUpdates:RepositoryDependabotSecurityUpdates",
  required: ["enabled"],
  optional: [],
  write: (rest, repository, inputs) => turn(rest, repository, fixesPath, inputs["enabled"]),
  async read(rest, repository) {
    const found = await rest.get(repository, fixesPath);
    return found === undefined ? undefined : present({ enabled: found["enabled"] });
  },
  reset: (rest, repository) => rest.delete(repository, fixesPath),
};
