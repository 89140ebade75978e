import { type Rule, UNKNOWN, unless } from "../rule.ts";

const ENDPOINTS = [
  "azure-native:machinelearningservices:OnlineEndpoint",
  "azure-native:machinelearningservices:BatchEndpoint",
];

export const endpointAuthentication: Rule = {
  name: "endpoint-authentication",
  description: "Callers of a production endpoint show an Entra ID token; a key is for trials.",
  remedy: "Set ml-delivery:endpoint.authMode to AADToken, and give callers the role that may score.",
  check(resource) {
    if (!ENDPOINTS.includes(resource.type)) return [];
    const mode = resource.get("properties.authMode");
    const allowed = resource.production ? ["AADToken"] : ["AADToken", "AMLToken", "Key"];
    return unless(mode, allowed.includes(String(mode)), `properties.authMode must be ${allowed.join(" or ")}`);
  },
};

/** A version as a package has it (docs/architecture.md, "Model package"). */
const VERSION = /^[0-9a-f]{16}$/;

export const modelByVersion: Rule = {
  name: "model-by-version",
  description:
    "A deployment serves one version of a model, named by the digest of its files, never a label that moves.",
  remedy: "Name the package by its version, s3://…/models/<16 hex digits>/; `deploy` does.",
  check(resource) {
    if (resource.type === "azure-native:machinelearningservices:OnlineDeployment") {
      const model = resource.get("properties.model");
      const version = /\/versions\/([^/]+)$/.exec(String(model))?.[1] ?? "";
      return unless(model, VERSION.test(version), "properties.model must end in /versions/<16 hex digits>");
    }
    if (resource.type === "azure-native:machinelearningservices:ModelVersion") {
      const version = resource.get("version");
      const uri = resource.get("properties.modelUri");
      return [
        ...unless(version, VERSION.test(String(version)), "version must be 16 hex digits"),
        ...unless(
          uri,
          version === UNKNOWN || String(uri).includes(`/${String(version)}/`),
          "properties.modelUri must lie in a folder of that version",
        ),
      ];
    }
    return [];
  },
};
