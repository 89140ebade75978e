import * as pulumi from "@pulumi/pulumi";
import type { WorkspaceAddress } from "../../components/workspace.ts";
import { subscription } from "./mocks.ts";

export const scope = { project: "plants", stack: "staging" };
export const tags = { project: "plants", environment: "staging", "managed-by": "pulumi" };

/** A workspace made elsewhere. Call it inside `record`, which sets the engine's stand-in up. */
export function workspace(network: "public" | "private" = "public"): WorkspaceAddress {
  return {
    workspaceId: pulumi.output(`/subscriptions/${subscription}/resourceGroups/rg/workspaces/mlw`),
    workspaceName: pulumi.output("mlw"),
    resourceGroup: pulumi.output("rg"),
    identityId: pulumi.output("identity"),
    logsId: pulumi.output("logs"),
    network,
    ready: [],
  };
}

export const first = "3f2a9c01d4e5b678";
export const second = "9c1b22d4aaaabbbb";

/** The package of a model in staging's bucket. */
export const address = (version: string) => `s3://plants-staging-models/models/${version}/`;
