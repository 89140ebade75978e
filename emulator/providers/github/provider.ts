import type { Provider } from "../provider.ts";
import { simpleResource } from "../simple-resource.ts";
import type { Surroundings } from "../surroundings.ts";
import { actionsPermissionsType } from "./actions-permissions.ts";
import { deploymentPolicyType } from "./deployment-policy.ts";
import { environmentType } from "./environment.ts";
import { fileType } from "./file.ts";
import { settingTypes } from "./repository-setting.ts";
import { rulesetType } from "./ruleset.ts";
import { environmentScope, repositoryScope } from "./scope.ts";
import { secretType } from "./secret.ts";
import { variableType } from "./variable.ts";

/** The provider `github`, in front of the API that `GITHUB_API_URL` names. */
export function gitHubProvider(surroundings: Surroundings): Provider {
  const types = [
    environmentType(surroundings),
    deploymentPolicyType(surroundings),
    rulesetType(surroundings),
    actionsPermissionsType(surroundings),
    ...settingTypes(surroundings),
    fileType(surroundings),
    secretType("github:index/actionsSecret:ActionsSecret", repositoryScope, surroundings),
    secretType("github:index/actionsEnvironmentSecret:ActionsEnvironmentSecret", environmentScope, surroundings),
    variableType("github:index/actionsVariable:ActionsVariable", repositoryScope, surroundings),
    variableType("github:index/actionsEnvironmentVariable:ActionsEnvironmentVariable", environmentScope, surroundings),
  ];
  return {
    name: "github",
    version: surroundings.version("github"),
    settings: ["owner", "token"],
    resources: new Map(types.map((type) => [type.token, simpleResource(type)])),
    functions: new Map(),
  };
}
