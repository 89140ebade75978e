import { EnvironmentVersion } from "@pulumi/azure-native/machinelearningservices/environmentVersion.js";
import { listOnlineEndpointKeysOutput } from "@pulumi/azure-native/machinelearningservices/listOnlineEndpointKeys.js";
import { OnlineEndpoint } from "@pulumi/azure-native/machinelearningservices/onlineEndpoint.js";
import * as pulumi from "@pulumi/pulumi";
import type { DeploymentConfig } from "../delivery/rollout.ts";
import type { Shares } from "../delivery/traffic.ts";
import type { Autoscale } from "./deployment/autoscale.ts";
import type { RequestLimits } from "./deployment/settings.ts";
import { Deployment } from "./deployment.ts";
import { logTo } from "./diagnostics.ts";
import { Model } from "./model.ts";
import { imageVersionOf, modelVersionOf, type Scope, tagsOf } from "./names.ts";
import { EndpointTraffic } from "./traffic.ts";
import type { WorkspaceAddress } from "./workspace.ts";

/** Arguments of {@link Endpoint}. */
export interface EndpointArgs {
  readonly scope: Scope;
  readonly workspace: WorkspaceAddress;
  readonly location: string;
  /** Unique in its Azure region: it is part of the address. */
  readonly endpointName: string;
  /** What callers show: a key, Azure ML's own token, or one of Entra ID. */
  readonly authMode: "Key" | "AMLToken" | "AADToken";
  /** VM size of every instance, where a deployment names none of its own. */
  readonly instanceType: string;
  /** Container image of the scoring server, with a version or a digest, where a deployment names none of its own. */
  readonly image: string;
  /** Name to the S3 address of its model package, the number of instances, and what they run on. */
  readonly deployments: Readonly<Record<string, DeploymentConfig>>;
  /** Percent of requests by deployment. */
  readonly traffic: Shares;
  /** Percent of requests copied to a deployment without traffic. */
  readonly mirror: Shares;
  /** How long a request may take, and how many at once. @default - see {@link RequestLimits} */
  readonly requests?: RequestLimits | undefined;
  /** Has Azure Monitor change the number of instances. @default - it stays what `deployments` says */
  readonly autoscale?: Autoscale | undefined;
  /** Whether the endpoint and its traffic refuse to be deleted, and with them every deployment that traffic names. */
  readonly protect: boolean;
  /** PEM of the key that every server checks its model's signature with. @default - models need no signature */
  readonly publicKey?: string | undefined;
  /** How many earlier deployments a removal has to leave for the way back. */
  readonly keepPrevious: number;
}

/**
 * An online endpoint with its deployments. Each deployment's model is imported from S3, registered, deployed and called
 * once; then, and only then, traffic is set.
 *
 * Cost: that of its deployments. Deleting it takes the address away from its callers.
 */
export class Endpoint extends pulumi.ComponentResource {
  static readonly type = "ml-delivery:endpoint:Endpoint";

  readonly endpointName: pulumi.Output<string>;
  /** Where pictures are posted. */
  readonly scoringUri: pulumi.Output<string>;
  /** What callers show as bearer token, where authMode is Key. Secret. */
  readonly apiKey: pulumi.Output<string> | undefined;
  /** Percent by deployment, every configured one named. */
  readonly traffic: pulumi.Output<Shares>;

  constructor(name: string, args: EndpointArgs, opts?: pulumi.ComponentResourceOptions) {
    super(Endpoint.type, name, {}, opts);
    const endpoint = createEndpoint(name, args, this);
    logTo({ id: args.workspace.logsId }, `${name}-logs`, endpoint.id, logged, this);
    this.endpointName = endpoint.name;
    this.scoringUri = endpoint.properties.scoringUri.apply(scoringUriOf);
    this.apiKey = args.authMode === "Key" ? primaryKey(endpoint, args, this) : undefined;

    const environments = createEnvironments(name, args, this);
    const models = createModels(name, args, this);
    const smokeTests = createDeployments(name, args, environments, models, this);
    this.traffic = createTraffic(name, args, endpoint, smokeTests, this);
    this.registerOutputs({ endpointName: this.endpointName, scoringUri: this.scoringUri, apiKey: this.apiKey });
  }
}

/** What an endpoint writes down: requests, what containers print, and what became of containers. */
const logged = ["AmlOnlineEndpointTrafficLog", "AmlOnlineEndpointConsoleLog", "AmlOnlineEndpointEventLog"];

/** Where the scoring server takes pictures. */
const SCORING_ROUTE = "/predict";

/**
 * The scoring address at the endpoint's host. Azure answers `/score` until the first deployment is up, and its scoring
 * route afterwards; the route is known from the start, so the address does not change under its readers.
 */
export function scoringUriOf(uri: string): string {
  return new URL(SCORING_ROUTE, uri).href;
}

/** Carries no traffic: Azure takes none at creation, and what comes later is {@link EndpointTraffic}'s. */
function createEndpoint(name: string, args: EndpointArgs, parent: pulumi.Resource): OnlineEndpoint {
  return new OnlineEndpoint(
    `${name}-online`,
    {
      workspaceName: args.workspace.workspaceName,
      resourceGroupName: args.workspace.resourceGroup,
      location: args.location,
      endpointName: args.endpointName,
      kind: "Managed",
      identity: { type: "UserAssigned", userAssignedIdentities: [args.workspace.identityId] },
      properties: {
        authMode: args.authMode,
        publicNetworkAccess: args.workspace.network === "private" ? "Disabled" : "Enabled",
      },
      tags: tagsOf(args.scope),
    },
    { parent, protect: args.protect, dependsOn: [...args.workspace.ready] },
  );
}

/** What a deployment runs on: its own image and machine, or the endpoint's. */
function runsOn(args: EndpointArgs, { image = args.image, instanceType = args.instanceType }: DeploymentConfig) {
  return { image, instanceType };
}

/** Images of the scoring server by themselves: the present one, and those that earlier deployments keep. */
function createEnvironments(
  name: string,
  args: EndpointArgs,
  parent: pulumi.Resource,
): ReadonlyMap<string, EnvironmentVersion> {
  const images = new Set([args.image, ...Object.values(args.deployments).map((one) => runsOn(args, one).image)]);
  return new Map([...images].map((image) => [image, createEnvironment(name, image, args, parent)]));
}

/** A scoring server's image, and where in it Azure ML knocks. */
function createEnvironment(
  name: string,
  image: string,
  args: EndpointArgs,
  parent: pulumi.Resource,
): EnvironmentVersion {
  const port = 5001;
  return new EnvironmentVersion(
    `${name}-environment-${imageVersionOf(image)}`,
    {
      workspaceName: args.workspace.workspaceName,
      resourceGroupName: args.workspace.resourceGroup,
      name: `${args.scope.project}-scoring`,
      version: imageVersionOf(image),
      properties: {
        image,
        osType: "Linux",
        inferenceConfig: {
          livenessRoute: { path: "/health", port },
          readinessRoute: { path: "/ready", port },
          scoringRoute: { path: SCORING_ROUTE, port },
        },
      },
    },
    // Before there was one for each image, there was one.
    { parent, aliases: image === args.image ? [{ name: `${name}-environment` }] : [] },
  );
}

/** One for each version, which several deployments may serve. */
function createModels(name: string, args: EndpointArgs, parent: pulumi.Resource): ReadonlyMap<string, Model> {
  const { scope, workspace } = args;
  const addresses = new Set(Object.values(args.deployments).map(({ model }) => model));
  const models = [...addresses].map((address) => {
    const model = new Model(`${name}-model-${modelVersionOf(address)}`, { scope, workspace, address }, { parent });
    return [address, model] as const;
  });
  return new Map(models);
}

/** Gives the smoke tests, which stand for deployments that answer. */
function createDeployments(
  name: string,
  args: EndpointArgs,
  environments: ReadonlyMap<string, EnvironmentVersion>,
  models: ReadonlyMap<string, Model>,
  endpoint: Endpoint,
): pulumi.Resource[] {
  const { scope, workspace, location } = args;
  const { endpointName, scoringUri, apiKey } = endpoint;
  const shared = { scope, workspace, location, endpointName, scoringUri, apiKey };
  return Object.entries(args.deployments).flatMap(([deploymentName, configured]) => {
    const { model: address, instances } = configured;
    const { image, instanceType } = runsOn(args, configured);
    const [model, environment] = [models.get(address), environments.get(image)];
    if (!model || !environment) return [];
    const deployment = new Deployment(
      `${name}-${deploymentName}`,
      {
        ...shared,
        deploymentName,
        image,
        instanceType,
        instances,
        requests: args.requests ?? {},
        autoscale: args.autoscale,
        publicKey: args.publicKey,
        modelId: model.modelId,
        modelVersion: modelVersionOf(address),
        environmentId: environment.id,
      },
      { parent: endpoint },
    );
    return deployment.smokeTest;
  });
}

/** None where nothing is deployed: there is nothing to send requests to. */
function createTraffic(
  name: string,
  args: EndpointArgs,
  endpoint: OnlineEndpoint,
  smokeTests: pulumi.Resource[],
  parent: pulumi.Resource,
): pulumi.Output<Shares> {
  const models = Object.fromEntries(
    Object.entries(args.deployments).map(([deployment, { model }]) => [deployment, modelVersionOf(model)]),
  );
  const runs = Object.fromEntries(
    Object.entries(args.deployments).map(([deployment, configured]) => {
      const { image, instanceType } = runsOn(args, configured);
      return [deployment, `${image} on ${instanceType}`];
    }),
  );
  if (smokeTests.length === 0) return pulumi.output<Shares>({});
  const resource = new EndpointTraffic(
    `${name}-traffic`,
    {
      endpointId: endpoint.id,
      models,
      runs,
      traffic: args.traffic,
      mirror: args.mirror,
      settings: { authMode: args.authMode },
      keepPrevious: args.keepPrevious,
    },
    { parent, dependsOn: smokeTests, protect: args.protect },
  );
  return resource.traffic;
}

function primaryKey(endpoint: OnlineEndpoint, args: EndpointArgs, parent: pulumi.Resource): pulumi.Output<string> {
  const { workspaceName, resourceGroup } = args.workspace;
  // By the name that Azure gives back: known only once the endpoint is there to be asked.
  const keys = listOnlineEndpointKeysOutput(
    { endpointName: endpoint.name, workspaceName, resourceGroupName: resourceGroup },
    { parent },
  );
  return pulumi.secret(keys.apply(({ primaryKey }) => primaryKey ?? ""));
}
