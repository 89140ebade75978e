import * as actions from "./handlers/actions.ts";
import * as alerts from "./handlers/alerts.ts";
import * as policies from "./handlers/branch-policies.ts";
import * as comments from "./handlers/comments.ts";
import * as commits from "./handlers/commits.ts";
import * as contents from "./handlers/contents.ts";
import * as environments from "./handlers/environments.ts";
import * as objects from "./handlers/git-data.ts";
import * as pulls from "./handlers/pulls.ts";
import * as refs from "./handlers/refs.ts";
import * as repositories from "./handlers/repositories.ts";
import * as rulesets from "./handlers/rulesets.ts";
import * as secrets from "./handlers/secrets.ts";
import * as variables from "./handlers/variables.ts";
import type { Handler } from "./rest.ts";

export interface Route {
  readonly method: string;
  /** `{name}` stands for one part of the path, `{name...}` at the end for the rest of it. */
  readonly path: string;
  readonly handler: Handler;
  /** Where GitHub describes it, below https://docs.github.com/rest. */
  readonly docs: string;
  /** Query parameters it understands. Others are refused. */
  readonly query: readonly string[];
}

const paging = ["per_page", "page"];
const repository = "/repos/{owner}/{repo}";
const environment = `${repository}/environments/{environment}`;

export const routes: readonly Route[] = [
  route("POST", "/orgs/{org}/repos", repositories.createRepository, "/repos/repos#create-an-organization-repository"),
  route("GET", repository, repositories.getRepository, "/repos/repos#get-a-repository"),
  route("PATCH", repository, repositories.updateRepository, "/repos/repos#update-a-repository"),
  route("DELETE", repository, repositories.deleteRepository, "/repos/repos#delete-a-repository"),

  route("GET", `${repository}/contents/{path...}`, contents.getContents, "/repos/contents#get-repository-content", [
    "ref",
  ]),
  route(
    "PUT",
    `${repository}/contents/{path...}`,
    contents.putContents,
    "/repos/contents#create-or-update-file-contents",
  ),
  route("DELETE", `${repository}/contents/{path...}`, contents.deleteContents, "/repos/contents#delete-a-file"),

  route(
    "GET",
    `${repository}/environments`,
    environments.listEnvironments,
    "/deployments/environments#list-environments",
    paging,
  ),
  route("GET", environment, environments.getEnvironment, "/deployments/environments#get-an-environment"),
  route("PUT", environment, environments.putEnvironment, "/deployments/environments#create-or-update-an-environment"),
  route("DELETE", environment, environments.deleteEnvironment, "/deployments/environments#delete-an-environment"),

  ...policyRoutes(),
  ...gitRoutes(),
  ...pullRoutes(),
  ...rulesetRoutes(),
  ...settingRoutes(),
  ...secretRoutes(`${repository}/actions`),
  ...secretRoutes(environment),
  ...variableRoutes(`${repository}/actions`),
  ...variableRoutes(environment),
];

function policyRoutes(): Route[] {
  const docs = "/deployments/branch-policies";
  const all = `${environment}/deployment-branch-policies`;
  return [
    route("GET", all, policies.listPolicies, docs, paging),
    route("POST", all, policies.createPolicy, docs),
    route("GET", `${all}/{id}`, policies.getPolicy, docs),
    route("PUT", `${all}/{id}`, policies.updatePolicy, docs),
    route("DELETE", `${all}/{id}`, policies.deletePolicy, docs),
  ];
}

function gitRoutes(): Route[] {
  const git = `${repository}/git`;
  return [
    route("GET", `${git}/ref/{ref...}`, refs.getRef, "/git/refs"),
    route("POST", `${git}/refs`, refs.createRef, "/git/refs"),
    route("PATCH", `${git}/refs/{ref...}`, refs.updateRef, "/git/refs"),
    route("DELETE", `${git}/refs/{ref...}`, refs.deleteRef, "/git/refs"),
    route("GET", `${git}/blobs/{sha}`, objects.getBlob, "/git/blobs"),
    route("POST", `${git}/blobs`, objects.createBlob, "/git/blobs"),
    route("GET", `${git}/trees/{sha}`, objects.getTree, "/git/trees", ["recursive"]),
    route("POST", `${git}/trees`, objects.createTree, "/git/trees"),
    route("GET", `${git}/commits/{sha}`, objects.getCommit, "/git/commits"),
    route("POST", `${git}/commits`, objects.createCommit, "/git/commits"),
    route("GET", `${repository}/commits`, commits.listCommits, "/commits/commits", [...paging, "sha", "path"]),
    route("GET", `${repository}/branches/{branch...}`, commits.getBranch, "/branches/branches"),
  ];
}

function pullRoutes(): Route[] {
  const docs = "/issues/comments";
  const all = `${repository}/issues/{number}/comments`;
  const one = `${repository}/issues/comments/{id}`;
  return [
    route("POST", `${repository}/pulls`, pulls.createPull, "/pulls/pulls#create-a-pull-request"),
    route("GET", `${repository}/pulls/{number}`, pulls.getPull, "/pulls/pulls#get-a-pull-request"),
    route("GET", one, comments.getComment, docs),
    route("PATCH", one, comments.updateComment, docs),
    route("DELETE", one, comments.deleteComment, docs),
    route("GET", all, comments.listComments, docs, paging),
    route("POST", all, comments.createComment, docs),
  ];
}

function rulesetRoutes(): Route[] {
  const docs = "/repos/rules";
  const all = `${repository}/rulesets`;
  return [
    route("GET", all, rulesets.listRulesets, docs),
    route("POST", all, rulesets.createRuleset, docs),
    route("GET", `${all}/{id}`, rulesets.getRuleset, docs),
    route("PUT", `${all}/{id}`, rulesets.updateRuleset, docs),
    route("DELETE", `${all}/{id}`, rulesets.deleteRuleset, docs),
  ];
}

function settingRoutes(): Route[] {
  const permissions = `${repository}/actions/permissions`;
  const subject = `${repository}/actions/oidc/customization/sub`;
  return [
    route("GET", permissions, actions.getPermissions, "/actions/permissions"),
    route("PUT", permissions, actions.putPermissions, "/actions/permissions"),
    route("GET", `${permissions}/selected-actions`, actions.getSelectedActions, "/actions/permissions"),
    route("PUT", `${permissions}/selected-actions`, actions.putSelectedActions, "/actions/permissions"),
    route("GET", `${permissions}/workflow`, actions.getWorkflowPermissions, "/actions/permissions"),
    route("PUT", `${permissions}/workflow`, actions.putWorkflowPermissions, "/actions/permissions"),
    route("GET", subject, actions.getSubject, "/actions/oidc"),
    route("PUT", subject, actions.putSubject, "/actions/oidc"),
    route("GET", `${repository}/vulnerability-alerts`, alerts.getAlerts, "/repos/repos"),
    route("PUT", `${repository}/vulnerability-alerts`, alerts.enableAlerts, "/repos/repos"),
    route("DELETE", `${repository}/vulnerability-alerts`, alerts.disableAlerts, "/repos/repos"),
    route("GET", `${repository}/automated-security-fixes`, alerts.getFixes, "/repos/repos"),
    route("PUT", `${repository}/automated-security-fixes`, alerts.enableFixes, "/repos/repos"),
    route("DELETE", `${repository}/automated-security-fixes`, alerts.disableFixes, "/repos/repos"),
  ];
}

function secretRoutes(holder: string): Route[] {
  const docs = "/actions/secrets";
  return [
    route("GET", `${holder}/secrets`, secrets.listSecrets, docs, paging),
    route("GET", `${holder}/secrets/public-key`, secrets.getPublicKey, docs),
    route("GET", `${holder}/secrets/{name}`, secrets.getSecret, docs),
    route("PUT", `${holder}/secrets/{name}`, secrets.putSecret, docs),
    route("DELETE", `${holder}/secrets/{name}`, secrets.deleteSecret, docs),
  ];
}

function variableRoutes(holder: string): Route[] {
  const docs = "/actions/variables";
  return [
    route("GET", `${holder}/variables`, variables.listVariables, docs, paging),
    route("POST", `${holder}/variables`, variables.createVariable, docs),
    route("GET", `${holder}/variables/{name}`, variables.getVariable, docs),
    route("PATCH", `${holder}/variables/{name}`, variables.updateVariable, docs),
    route("DELETE", `${holder}/variables/{name}`, variables.deleteVariable, docs),
  ];
}

function route(method: string, path: string, handler: Handler, docs: string, query: readonly string[] = []): Route {
  return { method, path, handler, docs, query };
}

/** The route for a request with the variable parts of its path, or nothing. Earlier routes win. */
export function match(method: string, path: string): { route: Route; params: Record<string, string> } | undefined {
  const parts = path.split("/");
  for (const candidate of routes) {
    if (candidate.method !== method) continue;
    const params = matchPath(candidate.path.split("/"), parts);
    if (params !== undefined) return { route: candidate, params };
  }
  return undefined;
}

function matchPath(pattern: readonly string[], parts: readonly string[]): Record<string, string> | undefined {
  const params: Record<string, string> = {};
  for (const [index, piece] of pattern.entries()) {
    if (piece.endsWith("...}")) {
      params[piece.slice(1, -4)] = decodeURIComponent(parts.slice(index).join("/"));
      return params;
    }
    const part = parts[index];
    if (part === undefined) return undefined;
    if (piece.startsWith("{") && part !== "") params[piece.slice(1, -1)] = decodeURIComponent(part);
    else if (piece !== part) return undefined;
  }
  return parts.length === pattern.length ? params : undefined;
}
