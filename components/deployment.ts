import { OnlineDeployment } from "@pulumi/azure-native/machinelearningservices/onlineDeployment.js";
import { Command } from "@pulumi/command/local/command.js";
import * as pulumi from "@pulumi/pulumi";
import { type Autoscale, autoscale } from "./deployment/autoscale.ts";
import { probes, type RequestLimits, requestSettings } from "./deployment/settings.ts";
import { imageVersionOf, type Scope, tagsOf } from "./names.ts";
import type { WorkspaceAddress } from "./workspace.ts";

/** Arguments of {@link Deployment}. */
export interface DeploymentArgs {
  readonly scope: Scope;
  readonly workspace: WorkspaceAddress;
  readonly location: string;
  readonly deploymentName: string;
  readonly endpointName: pulumi.Output<string>;
  readonly scoringUri: pulumi.Output<string>;
  /** What the endpoint asks of its callers, where that is a key. */
  readonly apiKey: pulumi.Output<string> | undefined;
  readonly modelId: pulumi.Input<string>;
  /** Version of the model. */
  readonly modelVersion: string;
  readonly environmentId: pulumi.Input<string>;
  /** Container image behind `environmentId`. */
  readonly image: string;
  readonly instanceType: string;
  /** Instances; with `autoscale` those that it begins with. */
  readonly instances: number;
  readonly requests: RequestLimits;
  readonly autoscale: Autoscale | undefined;
  /** PEM of the key that the server checks its model's signature with before it loads it. */
  readonly publicKey: string | undefined;
}

/**
 * A model, served by instances of its own, and called once to see that it answers. It gets no requests by itself: who
 * gets how many is the traffic's affair.
 *
 * Cost: `instances` machines of `instanceType` for as long as it exists. Deleting it while it has traffic is refused by the
 * traffic resource at preview, and by Azure. The engine's own protection would follow the config's traffic and not the
 * cloud's: one whose update fails before it gets its traffic could never be taken out again.
 */
export class Deployment extends pulumi.ComponentResource {
  static readonly type = "ml-delivery:deployment:Deployment";

  /** There once the deployment has answered. */
  readonly smokeTest: pulumi.Resource;

  constructor(name: string, args: DeploymentArgs, opts?: pulumi.ComponentResourceOptions) {
    super(Deployment.type, name, {}, opts);
    const imageVersion = imageVersionOf(args.image);
    const online = new OnlineDeployment(
      `${name}-online`,
      {
        workspaceName: args.workspace.workspaceName,
        resourceGroupName: args.workspace.resourceGroup,
        location: args.location,
        endpointName: args.endpointName,
        deploymentName: args.deploymentName,
        kind: "Managed",
        sku: { name: "Default", capacity: args.instances },
        properties: {
          endpointComputeType: "Managed",
          model: args.modelId,
          environmentId: args.environmentId,
          instanceType: args.instanceType,
          appInsightsEnabled: true,
          ...(args.publicKey ? { environmentVariables: { MODEL_PUBLIC_KEY: args.publicKey } } : {}),
          // Answers, labels and no pictures: what a shadow's are compared by (`analyze-canary --shadow`).
          dataCollector: {
            collections: { response: { dataCollectionMode: "Enabled", samplingRate: 1 } },
            rollingRate: "Hour",
          },
          requestSettings: requestSettings(args.requests),
          ...probes,
        },
        tags: tagsOf(args.scope),
      },
      // Azure would swap the model under live requests. A replacement fails instead, as the name is taken.
      {
        parent: this,
        replaceOnChanges: ["properties.model"],
        // Azure Monitor changes it, and is right.
        ignoreChanges: args.autoscale ? ["sku.capacity"] : [],
        dependsOn: [...args.workspace.ready],
        customTimeouts: { create: "60m", update: "60m" },
      },
    );

    if (args.autoscale) {
      const { location, instances, workspace } = args;
      const settingName = pulumi.interpolate`${args.endpointName}-${args.deploymentName}`;
      const where = { resourceGroupName: workspace.resourceGroup, location, settingName, tags: tagsOf(args.scope) };
      autoscale(`${name}-autoscale`, { id: online.id, instances, ...where }, args.autoscale, this);
    }

    // Done once for a model and an image, which its name says. How it was called, and in which folder, is history and
    // no reason to do it again.
    this.smokeTest = new Command(
      `${name}-smoke-${imageVersion}`,
      {
        create: pulumi.interpolate`node scripts/smoke-test.ts --endpoint-url ${args.scoringUri} --deployment ${online.name}`,
        ...(args.apiKey ? { environment: { ENDPOINT_API_KEY: args.apiKey } } : {}),
        dir: process.cwd(),
        triggers: [args.modelVersion, imageVersion],
      },
      { parent: this, ignoreChanges: ["create", "dir", "environment"] },
    );
    this.registerOutputs({});
  }
}
