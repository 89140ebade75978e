import { ModelVersion } from "@pulumi/azure-native/machinelearningservices/modelVersion.js";
import { Command } from "@pulumi/command/local/command.js";
import * as pulumi from "@pulumi/pulumi";
import { modelVersionOf, type Scope, subscriptionOf, tagsOf } from "./names.ts";
import type { WorkspaceAddress } from "./workspace.ts";

/** Arguments of {@link Model}. */
export interface ModelArgs {
  readonly scope: Scope;
  readonly workspace: WorkspaceAddress;
  /** Address of the model package, `s3://<bucket>/models/<version>/`. */
  readonly address: string;
}

/**
 * A model of the S3 bucket, known to Azure ML: its package copied into the workspace's blob store, as Azure ML reads no
 * S3, and registered under the project's name with the package's version.
 *
 * Cost: a cent or so a month for the copy. Deleting it removes the registration; the package in S3 stays.
 */
export class Model extends pulumi.ComponentResource {
  static readonly type = "ml-delivery:model:Model";

  /** ARM id of the registered version. */
  readonly modelId: pulumi.Output<string>;

  constructor(name: string, args: ModelArgs, opts?: pulumi.ComponentResourceOptions) {
    super(Model.type, name, {}, opts);
    const { workspaceId, workspaceName, resourceGroup } = args.workspace;
    const version = modelVersionOf(args.address);
    const subscription = workspaceId.apply(subscriptionOf);

    const imported = new Command(
      `${name}-import`,
      {
        create: pulumi.interpolate`node scripts/import-model.ts --model-path ${args.address} --subscription ${subscription} --resource-group ${resourceGroup} --workspace ${workspaceName}`,
        dir: process.cwd(),
        triggers: [version],
      },
      // Done once for a version. How it was called, and in which folder, is history and no reason to do it again.
      { parent: this, ignoreChanges: ["create", "dir"] },
    );
    const registered = new ModelVersion(
      `${name}-version`,
      {
        workspaceName,
        resourceGroupName: resourceGroup,
        name: args.scope.project,
        version,
        properties: {
          modelType: "custom_model",
          modelUri: pulumi.interpolate`azureml://subscriptions/${subscription}/resourcegroups/${resourceGroup}/workspaces/${workspaceName}/datastores/workspaceblobstore/paths/models/${version}/`,
          tags: tagsOf(args.scope),
        },
      },
      { parent: this, dependsOn: imported },
    );

    this.modelId = registered.id;
    this.registerOutputs({ modelId: this.modelId });
  }
}
