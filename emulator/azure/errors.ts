import type { ResourceId } from "./resource-id.ts";

/** An error as Azure Resource Manager answers it. */
export class AzureError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }

  /** The answer's body (common API details of Azure Resource Manager: error response format). */
  get body(): { readonly error: { readonly code: string; readonly message: string } } {
    return { error: { code: this.code, message: this.message } };
  }
}

/** The errors that Azure Resource Manager itself answers, in its words. */
export const armErrors = {
  missingApiVersion: () =>
    new AzureError(
      400,
      "MissingApiVersionParameter",
      "The api-version query parameter (?api-version=) is required for all requests.",
    ),
  invalidApiVersion: (version: string) =>
    new AzureError(
      400,
      "InvalidApiVersionParameter",
      `The api-version '${version}' is invalid. It has the form 'YYYY-MM-DD' or 'YYYY-MM-DD-preview'.`,
    ),
  authenticationMissing: () =>
    new AzureError(401, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing."),
  invalidToken: (why: string) =>
    new AzureError(401, "InvalidAuthenticationToken", `The access token is invalid. ${why}`),
  subscriptionNotFound: (subscription: string) =>
    new AzureError(404, "SubscriptionNotFound", `The subscription '${subscription}' could not be found.`),
  invalidNamespace: (namespace: string) =>
    new AzureError(
      404,
      "InvalidResourceNamespace",
      `The resource namespace '${namespace}' is invalid: the emulator does not offer it.`,
    ),
  invalidType: (type: string, namespace: string, apiVersion: string) =>
    new AzureError(
      404,
      "InvalidResourceType",
      `The resource type '${type}' could not be found in the namespace '${namespace}' for api version '${apiVersion}': the emulator does not offer it.`,
    ),
  resourceGroupNotFound: (name: string) =>
    new AzureError(404, "ResourceGroupNotFound", `Resource group '${name}' could not be found.`),
  resourceGroupBeingDeleted: (name: string) =>
    new AzureError(
      409,
      "ResourceGroupBeingDeleted",
      `The resource group '${name}' is in deprovisioning state and cannot perform this operation.`,
    ),
  resourceNotFound: (id: ResourceId) =>
    new AzureError(
      404,
      "ResourceNotFound",
      `The Resource '${id.type}/${id.names.join("/")}' under resource group '${id.resourceGroup ?? ""}' was not found.`,
    ),
  parentNotFound: (type: string, parent: string) =>
    new AzureError(
      404,
      "ParentResourceNotFound",
      `Failed to perform '${type}' because its parent resource '${parent}' could not be found.`,
    ),
  notOffered: (operation: string) =>
    new AzureError(501, "NotImplemented", `The emulator does not offer the operation '${operation}'.`),
  methodNotAllowed: (method: string, path: string) =>
    new AzureError(405, "MethodNotAllowed", `The request method '${method}' is not allowed at '${path}'.`),
  invalidPath: (path: string) =>
    new AzureError(404, "InvalidResourceId", `The path '${path}' is not the id of a resource or a collection.`),
  invalidContent: (why: string) =>
    new AzureError(400, "InvalidRequestContent", `The request content was invalid: ${why}`),
  locationRequired: () =>
    new AzureError(400, "LocationRequired", "The location property is required for this definition."),
  locationChanged: (name: string, was: string, now: string) =>
    new AzureError(
      409,
      "InvalidResourceLocation",
      `The resource '${name}' already exists in location '${was}'. A resource with the same name cannot be created in location '${now}'. Choose another name.`,
    ),
  busy: (id: string) =>
    new AzureError(409, "Conflict", `Another operation on '${id}' is in progress. Try again when it has ended.`),
} as const;

/** Azure ML's answer to a request that breaks one of its rules. */
export function badArgument(message: string): AzureError {
  return new AzureError(400, "BadArgument", message);
}
