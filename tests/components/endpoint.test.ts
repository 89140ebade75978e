import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Endpoint, type EndpointArgs, scoringUriOf } from "../../components/endpoint.ts";
import { address, first, scope, second, tags, workspace } from "./fixtures.ts";
import { only, record, secretIn, subscription, tree } from "./mocks.ts";

const build = (args: Partial<EndpointArgs> = {}) => {
  const all = {
    scope,
    workspace: workspace(),
    location: "eastus",
    endpointName: "plants-api",
    authMode: "AADToken" as const,
    instanceType: "Standard_D4as_v4",
    image: "ghcr.io/o/scoring:1.0.0",
    deployments: {},
    traffic: {},
    mirror: {},
    protect: true,
    keepPrevious: 1,
  };
  return new Endpoint("endpoint", { ...all, ...args });
};

const canary = {
  deployments: {
    "m-3f2a9c01": { model: address(first), instances: 3 },
    "m-9c1b22d4": { model: address(second), instances: 1 },
  },
  traffic: { "m-3f2a9c01": 90, "m-9c1b22d4": 10 },
};
const scoringUri = "https://plants-api.eastus.inference.ml.azure.com/predict";
const id = (name: string) => `/subscriptions/${subscription}/resourceGroups/rg/mock/${name}`;
const within = { workspaceName: "mlw", resourceGroupName: "rg" };

describe("Endpoint without deployments", () => {
  it("is an endpoint, its logs and an environment, and has no traffic", async () => {
    const seen = await record(() => build());
    assert.deepEqual(tree(seen), [
      ["ml-delivery:endpoint:Endpoint", "endpoint"],
      ["azure-native:machinelearningservices:EnvironmentVersion", "endpoint-environment-1.0.0"],
      ["azure-native:monitor:DiagnosticSetting", "endpoint-logs"],
      ["azure-native:machinelearningservices:OnlineEndpoint", "endpoint-online"],
    ]);
    assert.deepEqual(only(seen, "endpoint-online").inputs, {
      ...within,
      location: "eastus",
      endpointName: "plants-api",
      kind: "Managed",
      identity: { type: "UserAssigned", userAssignedIdentities: ["identity"] },
      // `autoRebuild`, `isAnonymous` and `isArchived` below come from the SDK.
      properties: { authMode: "AADToken", publicNetworkAccess: "Enabled" },
      tags,
    });
  });

  it("tells Azure ML where to knock", async () => {
    assert.deepEqual(only(await record(() => build()), "endpoint-environment-1.0.0").inputs, {
      ...within,
      name: "plants-scoring",
      version: "1.0.0",
      properties: {
        image: "ghcr.io/o/scoring:1.0.0",
        osType: "Linux",
        autoRebuild: "Disabled",
        isAnonymous: false,
        isArchived: false,
        inferenceConfig: {
          livenessRoute: { path: "/health", port: 5001 },
          readinessRoute: { path: "/ready", port: 5001 },
          scoringRoute: { path: "/predict", port: 5001 },
        },
      },
    });
  });
});

describe("Endpoint with deployments", () => {
  it("imports, registers, deploys and tests each, then sets traffic", async () => {
    assert.deepEqual(tree(await record(() => build(canary))), [
      ["ml-delivery:endpoint:Endpoint", "endpoint"],
      ["azure-native:machinelearningservices:EnvironmentVersion", "endpoint-environment-1.0.0"],
      ["azure-native:monitor:DiagnosticSetting", "endpoint-logs"],
      ["ml-delivery:deployment:Deployment", "endpoint-m-3f2a9c01"],
      ["azure-native:machinelearningservices:OnlineDeployment", "endpoint-m-3f2a9c01-online"],
      ["command:local:Command", "endpoint-m-3f2a9c01-smoke-1.0.0"],
      ["ml-delivery:deployment:Deployment", "endpoint-m-9c1b22d4"],
      ["azure-native:machinelearningservices:OnlineDeployment", "endpoint-m-9c1b22d4-online"],
      ["command:local:Command", "endpoint-m-9c1b22d4-smoke-1.0.0"],
      ["ml-delivery:model:Model", `endpoint-model-${first}`],
      ["command:local:Command", `endpoint-model-${first}-import`],
      ["azure-native:machinelearningservices:ModelVersion", `endpoint-model-${first}-version`],
      ["ml-delivery:model:Model", `endpoint-model-${second}`],
      ["command:local:Command", `endpoint-model-${second}-import`],
      ["azure-native:machinelearningservices:ModelVersion", `endpoint-model-${second}-version`],
      ["azure-native:machinelearningservices:OnlineEndpoint", "endpoint-online"],
      ["pulumi-nodejs:dynamic/traffic:EndpointTraffic", "endpoint-traffic"],
    ]);
  });

  it("copies the package into the workspace, once for its version", async () => {
    assert.deepEqual(only(await record(() => build(canary)), `endpoint-model-${first}-import`).inputs, {
      create: `node scripts/import-model.ts --model-path ${address(first)} --subscription ${subscription} --resource-group rg --workspace mlw`,
      dir: process.cwd(),
      triggers: [first],
    });
  });

  it("registers the copy under the project's name and the package's version", async () => {
    assert.deepEqual(only(await record(() => build(canary)), `endpoint-model-${first}-version`).inputs, {
      ...within,
      name: "plants",
      version: first,
      properties: {
        modelType: "custom_model",
        isAnonymous: false,
        isArchived: false,
        modelUri: `azureml://subscriptions/${subscription}/resourcegroups/rg/workspaces/mlw/datastores/workspaceblobstore/paths/models/${first}/`,
        tags,
      },
    });
  });

  it("serves the model with the instances asked for", async () => {
    assert.deepEqual(only(await record(() => build(canary)), "endpoint-m-3f2a9c01-online").inputs, {
      ...within,
      location: "eastus",
      endpointName: "plants-api",
      deploymentName: "m-3f2a9c01",
      kind: "Managed",
      sku: { name: "Default", capacity: 3 },
      properties: {
        endpointComputeType: "Managed",
        model: id(`endpoint-model-${first}-version`),
        environmentId: id("endpoint-environment-1.0.0"),
        instanceType: "Standard_D4as_v4",
        appInsightsEnabled: true,
        dataCollector: {
          collections: { response: { dataCollectionMode: "Enabled", samplingRate: 1 } },
          rollingRate: "Hour",
        },
        requestSettings: { requestTimeout: "PT30S", maxConcurrentRequestsPerInstance: 16 },
        livenessProbe: {
          initialDelay: "PT5M",
          period: "PT30S",
          timeout: "PT5S",
          successThreshold: 1,
          failureThreshold: 3,
        },
        readinessProbe: {
          initialDelay: "PT10S",
          period: "PT5S",
          timeout: "PT2S",
          successThreshold: 1,
          failureThreshold: 3,
        },
      },
      tags,
    });
  });

  it("calls the new deployment by name", async () => {
    assert.deepEqual(only(await record(() => build(canary)), "endpoint-m-9c1b22d4-smoke-1.0.0").inputs, {
      create: `node scripts/smoke-test.ts --endpoint-url ${scoringUri} --deployment m-9c1b22d4`,
      dir: process.cwd(),
      triggers: [second, "1.0.0"],
    });
  });

  it("names every deployment in the traffic, zeros included", async () => {
    const args = { ...canary, traffic: { "m-3f2a9c01": 100 }, mirror: { "m-9c1b22d4": 20 } };
    const { __provider, ...inputs } = only(await record(() => build(args)), "endpoint-traffic").inputs;
    assert.deepEqual(inputs, {
      endpointId: id("endpoint-online"),
      models: { "m-3f2a9c01": first, "m-9c1b22d4": second },
      runs: {
        "m-3f2a9c01": "ghcr.io/o/scoring:1.0.0 on Standard_D4as_v4",
        "m-9c1b22d4": "ghcr.io/o/scoring:1.0.0 on Standard_D4as_v4",
      },
      traffic: { "m-3f2a9c01": 100, "m-9c1b22d4": 0 },
      mirror: { "m-9c1b22d4": 20 },
      settings: { authMode: "AADToken" },
      keepPrevious: 1,
    });
    assert.equal(__provider, 'exports.handler = () => require(process.cwd() + "/components/traffic-provider.ts");');
  });

  it("lets a deployment keep its image and machines when the stack's change", async () => {
    const kept = { image: "ghcr.io/o/scoring:0.9.0", instanceType: "Standard_F4s_v2" };
    const deployments = { ...canary.deployments, "m-3f2a9c01": { model: address(first), instances: 3, ...kept } };
    const seen = await record(() => build({ ...canary, deployments }));
    const properties = only(seen, "endpoint-m-3f2a9c01-online").inputs["properties"] as Record<string, unknown>;
    assert.equal(properties["instanceType"], kept.instanceType);
    assert.equal(properties["environmentId"], id("endpoint-environment-0.9.0"));
    const environment = only(seen, "endpoint-environment-0.9.0").inputs as { properties: { image: string } };
    assert.equal(environment.properties.image, kept.image);
    const { runs } = only(seen, "endpoint-traffic").inputs as { runs: Record<string, string> };
    assert.deepEqual(runs, {
      "m-3f2a9c01": "ghcr.io/o/scoring:0.9.0 on Standard_F4s_v2",
      "m-9c1b22d4": "ghcr.io/o/scoring:1.0.0 on Standard_D4as_v4",
    });
  });

  it("imports a model once, however many deployments serve it", async () => {
    const deployments = {
      blue: { model: address(first), instances: 1 },
      green: { model: address(first), instances: 1 },
    };
    const seen = await record(() => build({ deployments, traffic: { blue: 100 } }));
    const named = (type: string) => seen.filter((one) => one.type === type).map(({ name }) => name);
    assert.deepEqual(named("ml-delivery:model:Model"), [`endpoint-model-${first}`]);
    assert.deepEqual(named("ml-delivery:deployment:Deployment"), ["endpoint-blue", "endpoint-green"]);
  });
});

describe("Endpoint with limits of its own", () => {
  it("hands them to every deployment", async () => {
    const requests = { timeoutSeconds: 5, perInstance: 4, queueSeconds: 0.5 };
    const seen = await record(() => build({ ...canary, requests }));
    for (const name of ["m-3f2a9c01", "m-9c1b22d4"]) {
      assert.deepEqual(only(seen, `endpoint-${name}-online`).inputs.properties.requestSettings, {
        requestTimeout: "PT5S",
        maxConcurrentRequestsPerInstance: 4,
        maxQueueWait: "PT0.5S",
      });
    }
  });
});

describe("Endpoint with autoscale", () => {
  const scaled = (autoscale: EndpointArgs["autoscale"]) => record(() => build({ ...canary, autoscale }));

  it("has a setting for each deployment, which begins with its own instances", async () => {
    const seen = await scaled({ min: 2, max: 6 });
    assert.equal(only(seen, "endpoint-m-3f2a9c01-online").inputs.sku.capacity, 3);
    const { profiles, ...inputs } = only(seen, "endpoint-m-3f2a9c01-autoscale").inputs;
    assert.deepEqual(inputs, {
      resourceGroupName: "rg",
      location: "eastus",
      autoscaleSettingName: "plants-api-m-3f2a9c01",
      name: "plants-api-m-3f2a9c01",
      targetResourceUri: id("endpoint-m-3f2a9c01-online"),
      enabled: true,
      tags,
    });
    assert.equal(profiles.length, 1);
    assert.deepEqual(profiles[0].capacity, { minimum: "2", maximum: "6", default: "3" });
    const load = {
      metricName: "CpuUtilizationPercentage",
      metricResourceUri: id("endpoint-m-3f2a9c01-online"),
      statistic: "Average",
      timeAggregation: "Average",
      timeGrain: "PT1M",
    };
    const one = { type: "ChangeCount", value: "1" };
    assert.deepEqual(profiles[0].rules, [
      {
        metricTrigger: { ...load, operator: "GreaterThan", threshold: 70, timeWindow: "PT5M" },
        scaleAction: { ...one, direction: "Increase", cooldown: "PT5M" },
      },
      {
        metricTrigger: { ...load, operator: "LessThan", threshold: 30, timeWindow: "PT10M" },
        scaleAction: { ...one, direction: "Decrease", cooldown: "PT10M" },
      },
    ]);
  });

  it("keeps to the bounds where a deployment has fewer or more, and to the limits that the config gives", async () => {
    const seen = await scaled({ min: 2, max: 2, addAbove: 60, removeBelow: 20 });
    for (const name of ["m-3f2a9c01", "m-9c1b22d4"]) {
      const [profile] = only(seen, `endpoint-${name}-autoscale`).inputs.profiles;
      assert.equal(profile.capacity.default, "2");
      assert.deepEqual(
        profile.rules.map((rule: { metricTrigger: { threshold: number } }) => rule.metricTrigger.threshold),
        [60, 20],
      );
    }
  });
});

describe("Endpoint in a private network", () => {
  it("is reached from inside alone", async () => {
    const seen = await record(() => build({ workspace: workspace("private") }));
    assert.equal(only(seen, "endpoint-online").inputs.properties.publicNetworkAccess, "Disabled");
  });
});

describe("the logs of an endpoint", () => {
  it("are those of requests, containers and their fate", async () => {
    assert.deepEqual(only(await record(() => build()), "endpoint-logs").inputs, {
      resourceUri: id("endpoint-online"),
      name: "to-logs",
      workspaceId: "logs",
      logs: ["AmlOnlineEndpointTrafficLog", "AmlOnlineEndpointConsoleLog", "AmlOnlineEndpointEventLog"].map(
        (category) => ({ category, enabled: true }),
      ),
    });
  });
});

describe("Endpoint with a key", () => {
  it("hands the key to the smoke test as a secret, not on the command line", async () => {
    const seen = await record(() => build({ ...canary, authMode: "Key" }));
    const { inputs } = only(seen, "endpoint-m-3f2a9c01-smoke-1.0.0");
    assert.equal(inputs.create, `node scripts/smoke-test.ts --endpoint-url ${scoringUri} --deployment m-3f2a9c01`);
    assert.deepEqual(secretIn(inputs.environment), { ENDPOINT_API_KEY: "key-of-plants-api" });
  });

  it("has none where callers show tokens", async () => {
    let endpoint: Endpoint | undefined;
    await record(() => {
      endpoint = build(canary);
    });
    assert.equal(endpoint?.apiKey, undefined);
  });
});

describe("the scoring address", () => {
  it("names the server's route, before the first deployment and after it", () => {
    assert.equal(
      scoringUriOf("https://e.eastus.inference.ml.azure.com/score"),
      "https://e.eastus.inference.ml.azure.com/predict",
    );
    assert.equal(
      scoringUriOf("https://e.eastus.inference.ml.azure.com/predict"),
      "https://e.eastus.inference.ml.azure.com/predict",
    );
  });
});
