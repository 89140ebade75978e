import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { MonitorClient } from "@azure/arm-monitor";
import { faultOf } from "../../../delivery/canary/minutes.ts";
import { recordCanary } from "../../../delivery/canary/watch.ts";
import { type AzureHome, createAzureHome, createWorkspace } from "../../support/azure.ts";
import { runScript } from "../../unit/scripts/run-script.ts";

const STATUSES = "deployment eq '*' and statusCode eq '*' and modelStatusCode eq '*'";

describe("metrics of an online endpoint, by Microsoft's client", () => {
  let azure: AzureHome;
  let client: MonitorClient;
  let endpoint = "";

  before(async () => {
    azure = await createAzureHome();
    const { workspace } = await createWorkspace(azure, "metrics");
    endpoint = `${workspace}/onlineEndpoints/leaf-metrics`;
    const route = { path: "/predict", port: 5001 };
    const inferenceConfig = {
      livenessRoute: { ...route, path: "/ready" },
      readinessRoute: { ...route, path: "/ready" },
      scoringRoute: route,
    };
    const image = "registry.example:5000/test/scoring:1.0@sha256:0000";
    await azure.arm("PUT", `${workspace}/environments/serve/versions/1`, { properties: { image, inferenceConfig } });
    await azure.settled("PUT", endpoint, { location: "eastus", properties: { authMode: "Key" } });
    for (const name of ["blue", "green"]) {
      const made = await azure.settled("PUT", `${endpoint}/deployments/${name}`, {
        location: "eastus",
        sku: { name: "Default", capacity: 1 },
        properties: {
          endpointComputeType: "Managed",
          environmentId: `${workspace}/environments/serve/versions/1`,
          instanceType: "Standard_D4as_v4",
          requestSettings: { requestTimeout: "PT1S", maxConcurrentRequestsPerInstance: 8 },
        },
      });
      assert.equal(made.body.properties?.provisioningState, "Succeeded", JSON.stringify(made.body));
    }
    await azure.settled("PUT", endpoint, {
      location: "eastus",
      properties: { authMode: "Key", traffic: { blue: 100, green: 0 } },
    });
    const key = (await azure.arm("POST", `${endpoint}/listKeys`)).body.primaryKey as string;
    const { scoringUri } = (await azure.arm("GET", endpoint)).body.properties;
    const score = async (query: string, deployment = "blue") => {
      const headers = { authorization: `Bearer ${key}`, "azureml-model-deployment": deployment };
      const answer = await fetch(`${scoringUri}${query}`, { method: "POST", body: "x", headers });
      await answer.arrayBuffer();
    };
    for (let left = 5; left > 0; left--) await score("");
    await score("?status=400");
    await score("?status=503");
    await score("", "green");
    await score("?delay=100", "green");
    await score("?delay=3000", "green");
    const endpointOptions = { endpoint: azure.home.env["AZURE_RESOURCE_MANAGER_ENDPOINT"] ?? "" };
    const credential = {
      getToken: async () => ({
        token: await azure.token("https://management.azure.com"),
        expiresOnTimestamp: Date.now() + 3_000_000,
      }),
    };
    client = new MonitorClient(credential, azure.subscription, endpointOptions);
  });
  after(() => azure.home.remove());

  const span = () => `${new Date(Date.now() - 600_000).toISOString()}/${new Date(Date.now() + 60_000).toISOString()}`;
  const read = (metricnames: string, filter?: string, more: object = {}) =>
    client.metrics.list(endpoint.slice(1), {
      metricnames,
      timespan: span(),
      interval: "PT1M",
      aggregation: "Average",
      ...(filter === undefined ? {} : { filter }),
      ...more,
    });
  const counts = async () => {
    const { value } = await read("RequestsPerMinute", STATUSES);
    return Object.fromEntries(
      (value[0]?.timeseries ?? []).map(({ metadatavalues, data }) => [
        (metadatavalues ?? []).map(({ value: label }) => label).join(" "),
        (data ?? []).reduce((sum, { average }) => sum + (average ?? 0), 0),
      ]),
    );
  };
  const expected = { "blue 200 200": 5, "blue 424 400": 1, "blue 424 503": 1, "green 200 200": 2, "green 408 ": 1 };

  it("tell requests apart by deployment, status and the container's own status", async () => {
    const answer = await read("RequestsPerMinute", STATUSES);
    assert.equal(answer.interval, "PT1M");
    assert.equal(answer.namespace, "Microsoft.MachineLearningServices/workspaces/onlineEndpoints");
    const [metric] = answer.value;
    assert.deepEqual([metric?.name.value, metric?.unit, metric?.errorCode], ["RequestsPerMinute", "Count", "Success"]);
    assert.deepEqual(
      metric?.timeseries[0]?.metadatavalues?.map(({ name }) => name?.value),
      ["deployment", "statuscode", "modelstatuscode"],
    );
    const data = metric?.timeseries[0]?.data ?? [];
    assert.ok(data.length >= 10 && data.length <= 11, `${data.length} minutes`);
    assert.ok(data.every(({ timeStamp }) => timeStamp.getTime() % 60_000 === 0));
    assert.ok(data.some(({ average }) => average === undefined));
    assert.deepEqual(await counts(), expected);
  });

  it("add up what is not asked apart", async () => {
    const { value } = await read("requestsperminute", "statusCodeClass eq '4xx'", { aggregation: "Total" });
    const total = (value[0]?.timeseries[0]?.data ?? []).reduce((sum, point) => sum + (point.total ?? 0), 0);
    assert.equal(total, 3);
    const all = await read("RequestsPerMinute");
    assert.deepEqual(all.value[0]?.timeseries[0]?.metadatavalues, []);
  });

  it("give latencies by deployment", async () => {
    const names = [
      "RequestLatency",
      "RequestLatency_P50",
      "RequestLatency_P90",
      "RequestLatency_P95",
      "RequestLatency_P99",
    ];
    const { value } = await read(names.join(","), "deployment eq 'green'");
    assert.deepEqual(
      value.map(({ name, unit }) => [name.value, unit]),
      names.map((name) => [name, "MilliSeconds"]),
    );
    const slowest = value.map(({ timeseries }) => Math.max(...(timeseries[0]?.data ?? []).map((p) => p.average ?? 0)));
    const [average = 0, , , , p99 = 0] = slowest;
    // The slowest was cut off at a second, and a percentile is right to half a per cent.
    assert.ok(average > 100 && p99 >= 995 && p99 < 1900, String(slowest));
  });

  it("cut series off at ten, or where asked, as Azure does", async () => {
    const { value } = await read("RequestsPerMinute", STATUSES, { top: 2 });
    assert.equal(value[0]?.timeseries.length, 2);
  });

  const refused: [string, () => Promise<unknown>, RegExp][] = [
    ["an unknown metric", () => read("Requests"), /metric: Requests, Valid metrics: RequestsPerMinute,/],
    [
      "a dimension the metric lacks",
      () => read("RequestLatency", "statusCode eq '*'"),
      /RequestLatency does not have the dimension: statusCode. Valid dimensions: deployment/,
    ],
    [
      "an unknown dimension",
      () => read("RequestLatency", "colour eq '*'"),
      /Invalid '\$filter'.*Dimensions: deployment,/,
    ],
    [
      "an aggregation the metric lacks",
      () => read("RequestLatency_P95", undefined, { aggregation: "Maximum" }),
      /RequestLatency_P95 does not support the aggregation: Maximum. Supported aggregations: Average/,
    ],
    ["another interval", () => read("RequestLatency", undefined, { interval: "PT5M" }), /'PT5M'.*offers: PT1M/],
    [
      "a time span that ends before it starts",
      () => read("RequestLatency", undefined, { timespan: "b/a" }),
      /timespan/,
    ],
  ];
  for (const [what, ask, message] of refused) {
    it(`refuse ${what} by name`, async () => {
      await assert.rejects(ask, (error: { statusCode?: number; message: string }) => {
        assert.equal(error.statusCode, 400);
        assert.match(error.message, message);
        return true;
      });
    });
  }

  it("are read by the project's own client into a recording, from which faults can be told", async () => {
    const now = Date.now();
    const recording = await recordCanary(
      { endpointId: endpoint, canary: "green", baseline: undefined },
      { from: new Date(now - 600_000), to: new Date(now + 60_000) },
      {
        endpoint: azure.home.env["AZURE_RESOURCE_MANAGER_ENDPOINT"] ?? "",
        token: () => azure.token("https://management.azure.com"),
        attempts: 1,
      },
    );
    const total = (side: "canary" | "baseline") => {
      const faults: Record<string, number> = {};
      for (const { requests } of recording[side].minutes) {
        for (const [statuses, count] of Object.entries(requests)) {
          faults[faultOf(statuses)] = (faults[faultOf(statuses)] ?? 0) + (count ?? 0);
        }
      }
      return [recording[side].deployment, faults];
    };
    assert.deepEqual(total("canary"), ["green", { none: 2, model: 1 }]);
    assert.deepEqual(total("baseline"), ["blue", { none: 5, client: 1, model: 1 }]);
    const latencies = recording.canary.minutes.flatMap(({ latency }) => Object.values(latency));
    assert.ok(latencies.length > 0 && latencies.every((ms) => ms !== null && ms > 0), String(latencies));
  });

  it("are what analyze-canary judges by; minutes that are not over are left out", async () => {
    const where = {
      NODE_EXTRA_CA_CERTS: join(azure.home.folder, "cert.pem"),
      AZURE_RESOURCE_GROUP: "rg-metrics",
      AZURE_ML_WORKSPACE: "ws-metrics",
    };
    const flags = ["--endpoint-name", "leaf-metrics", "--canary", "green", "--baseline", "blue", "--json"];
    const subscription = ["--subscription", azure.subscription, "--minutes", "10", "--settle", "0"];
    const ran = await runScript("analyze-canary", [...flags, ...subscription], {
      env: { ...azure.home.env, ...where },
    });
    assert.equal(ran.code, 2, ran.stderr);
    const report = JSON.parse(ran.stdout);
    assert.deepEqual([report.verdict, report.endpoint, report.canary], ["inconclusive", "leaf-metrics", "green"]);
    assert.ok(Date.parse(report.to) <= Date.now() && Date.parse(report.to) % 60_000 === 0, report.to);
  });

  it("are there after a restart", async () => {
    await azure.restart();
    assert.deepEqual(await counts(), expected);
  });
});
