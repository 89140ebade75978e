import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { AzureMachineLearningWorkspaces } from "@azure/arm-machinelearning";
import type { AccessToken, TokenCredential } from "@azure/identity";
import { createAzureService } from "../../emulator/azure/service.ts";
import { createServingService, type ServingService } from "../../emulator/serving/service.ts";
import { createStorageService, type StorageService } from "../../emulator/storage/service.ts";
import { createServiceHome, type ServiceHome } from "./services.ts";

/** Calls on a running Azure service. */
export interface AzureCalls {
  readonly client: () => AzureMachineLearningWorkspaces;
  readonly subscription: string;
  /** A token from the token service. */
  token(resource: string): Promise<string>;
  /** A plain ARM call. */
  arm(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<ArmAnswer>;
  /** A plain ARM call, followed to the end of its operation. */
  settled(method: string, path: string, body?: unknown): Promise<ArmAnswer>;
}

/** Storage, serving and Azure in a home of their own, with the fixture scoring server as an image. */
export interface AzureHome extends AzureCalls {
  readonly home: ServiceHome;
  readonly services: { storage: StorageService; serving: ServingService };
  /** Stops the services and starts new ones in the same home. */
  restart(): Promise<void>;
}

export interface ArmAnswer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: answers are asserted field by field
  readonly body: any;
}

const API_VERSION = "2025-12-01";

/** @param folder an earlier home to take up. Default: a new one. */
export async function createAzureHome(folder?: string): Promise<AzureHome> {
  const home = await createServiceHome(folder);
  const imagesFile = join(home.folder, "images.json");
  const images = {
    "test/scoring": { command: ["node", "tests/support/scoring-fixture.ts"], about: "fixture" },
    "test/job": { command: null, about: "jobs" },
  };
  writeFileSync(imagesFile, JSON.stringify(images));
  const services = { storage: createStorageService(), serving: createServingService() };
  const start = async () => {
    const { storage, serving } = services;
    await home.start([storage, serving, createAzureService({ storage, serving, imagesFile, nodeStartMs: 200 })]);
  };
  await start();
  return {
    ...connectAzure(home.env),
    home,
    services,
    async restart() {
      await home.stop();
      Object.assign(services, { storage: createStorageService(), serving: createServingService() });
      await start();
    },
  };
}

/** Calls on the Azure service that these variables lead to. */
export function connectAzure(env: Readonly<Record<string, string>>): AzureCalls {
  const base = env["AZURE_RESOURCE_MANAGER_ENDPOINT"] ?? "";
  const subscription = env["ARM_SUBSCRIPTION_ID"] ?? "";
  const token = async (resource: string) => {
    const url = `${env["IDENTITY_ENDPOINT"]}?api-version=2019-08-01&resource=${encodeURIComponent(resource)}`;
    const answer = await fetch(url, { headers: { "X-IDENTITY-HEADER": env["IDENTITY_HEADER"] ?? "" } });
    const { access_token } = (await answer.json()) as { access_token: string };
    return access_token;
  };
  const credential: TokenCredential = {
    getToken: async (scopes): Promise<AccessToken> => ({
      token: await token(String(scopes)),
      expiresOnTimestamp: Date.now() + 3_000_000,
    }),
  };
  const call = async (
    method: string,
    url: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<ArmAnswer> => {
    const authorization = `Bearer ${await token("https://management.azure.com")}`;
    const answer = await fetch(url, {
      method,
      headers: { authorization, "content-type": "application/json", ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, body: text === "" ? undefined : JSON.parse(text) };
  };
  const arm: AzureCalls["arm"] = (method, path, body, headers) =>
    call(method, `${base}${path}${path.includes("?") ? "" : `?api-version=${API_VERSION}`}`, body, headers);
  return {
    subscription,
    client: () => new AzureMachineLearningWorkspaces(credential, subscription, { endpoint: base }),
    token,
    arm,
    async settled(method, path, body) {
      const first = await arm(method, path, body);
      const follow = first.headers.get("azure-asyncoperation");
      if (follow === null) return first;
      for (;;) {
        const { body: status } = await call("GET", follow);
        if (status.status === "InProgress") continue;
        if (status.status === "Failed") return { ...first, status: 599, body: status };
        const now = await arm("GET", path);
        return now.status === 404 ? first : { ...first, body: now.body };
      }
    },
  };
}

/** Paths of the resources that {@link createWorkspace} makes. */
export interface WorkspacePaths {
  readonly group: string;
  readonly workspace: string;
  readonly account: string;
}

/** A resource group with a workspace and all it needs. */
export async function createWorkspace(azure: AzureCalls, name = "test"): Promise<WorkspacePaths> {
  const group = `/subscriptions/${azure.subscription}/resourceGroups/rg-${name}`;
  const provider = (type: string, own: string) => `${group}/providers/${type}/${own}`;
  const location = "eastus";
  const put = async (path: string, body: object) => {
    const answer = await azure.settled("PUT", path, { location, ...body });
    if (answer.status >= 300) throw new Error(`${path}: ${JSON.stringify(answer.body)}`);
    return path;
  };
  await put(group, {});
  const account = `st${name}`;
  const storageAccount = await put(provider("Microsoft.Storage/storageAccounts", account), {
    sku: { name: "Standard_LRS" },
    kind: "StorageV2",
  });
  const keyVault = await put(provider("Microsoft.KeyVault/vaults", `kv-${name}`), {
    properties: { tenantId: "t", sku: { family: "A", name: "standard" } },
  });
  const applicationInsights = await put(provider("Microsoft.Insights/components", `ai-${name}`), { kind: "web" });
  const properties = { storageAccount, keyVault, applicationInsights };
  const workspace = await put(provider("Microsoft.MachineLearningServices/workspaces", `ws-${name}`), {
    identity: { type: "SystemAssigned" },
    properties,
  });
  return { group, workspace, account };
}
