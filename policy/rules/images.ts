import { type Rule, unless } from "../rule.ts";

/** A tag that is not `latest`, or a digest. A registry's port is no tag. */
const PINNED = /(?::(?!latest$)[\w][\w.-]{0,127}|@sha256:[0-9a-f]{64})$/;

export const pinnedImages: Rule = {
  name: "pinned-images",
  description: "What runs is what was tested: images and environments are named by a version or a digest.",
  remedy: "Name the image as registry/name:1.2.3 or registry/name@sha256:…, an environment as …/versions/<version>.",
  check(resource) {
    if (resource.type === "azure-native:machinelearningservices:EnvironmentVersion") {
      const image = resource.get("properties.image");
      const last = String(image).split("/").at(-1) ?? "";
      return unless(image, PINNED.test(last), "properties.image must have a version or a digest, not latest");
    }
    if (resource.type === "azure-native:machinelearningservices:OnlineDeployment") {
      const environment = resource.get("properties.environmentId");
      return unless(
        environment,
        /\/versions\/[^/]+$/.test(String(environment)),
        "properties.environmentId must end in /versions/<version>",
      );
    }
    return [];
  },
};
