import "./components/plain-stack-traces.ts";
import { ciVariables } from "./components/ci-variables.ts";
import { Cluster } from "./components/cluster.ts";
import { Endpoint } from "./components/endpoint.ts";
import { Identity } from "./components/identity.ts";
import { Monitoring } from "./components/monitoring.ts";
import { azureNames } from "./components/names.ts";
import { ProgramProvider } from "./components/program-provider.ts";
import { Repository } from "./components/repository.ts";
import { RepositoryRules } from "./components/repository-rules.ts";
import { Storage } from "./components/storage.ts";
import { Workspace } from "./components/workspace.ts";
import { admit, readConfig } from "./config.ts";
import { estimateOf, preflight } from "./delivery/preflight.ts";
import { ciFiles } from "./pipelines/render/files.ts";

const { project, stack, region, location, owner, protect, singletons, ...config } = readConfig();
const { name: endpointName, ...endpointConfig } = config.endpoint;
const { name: repositoryName, ci, ...rules } = config.repository;
const scope = { project, stack };
const place = { scope, location, protect };
// First, so that its process starts while the rest is looked at.
const providers = [new ProgramProvider("program")];

// Before anything that costs is registered: a preview shows the refusal, and no update gets past it.
const intent = { ...config, region, location, names: azureNames(scope) };
admit(await preflight(intent));

const storage = new Storage("storage", { scope, protect, ...config.storage });
const { network, addressSpace, purgeProtection } = config;
const workspace = new Workspace("workspace", { ...place, network, addressSpace, purgeProtection });
const cluster = new Cluster("cluster", { workspace, location, ...config.cluster });
const { keepPrevious } = config.rollout;
const publicKey = config.signing.required ? config.signing.publicKey : undefined;
const serving = { ...endpointConfig, endpointName, image: config.images.scoring, keepPrevious, publicKey };
const endpoint = new Endpoint("endpoint", { ...place, workspace, ...serving }, { providers });
const watched = { ...place, workspace, endpoint: config.endpoint };
new Monitoring("monitoring", { ...watched, ...config.monitoring }, { dependsOn: endpoint });

const trusted = { repository: { ...config.repository, owner }, singletons, authMode: config.endpoint.authMode };
const reach = { workspace, bucketKey: storage.keyArn };
const identity = new Identity("identity", { ...place, ...config.identity, ...trusted, ...reach });
const hosted = { ...rules, repository: repositoryName };
const tested = { url: endpoint.scoringUri, apiKey: endpoint.apiKey };
const variables = ciVariables(region, { storage, workspace, cluster, identity });
const repository = new Repository("repository", { ...hosted, scope, ...variables, endpoint: tested });
if (singletons === "here") {
  const files = ciFiles(ci ?? "github", { ...config.gate, publicKey });
  new RepositoryRules("repository-rules", { ...hosted, owner, files }, { providers });
}

const { resourceGroup, workspaceName } = workspace;

export { endpointName, resourceGroup, workspaceName as workspace };
export const buckets = { data: storage.data, models: storage.models };
export const compute = cluster.computeName;
export const monthlyEstimate = estimateOf(intent);
export const { scoringUri, traffic } = endpoint;
export const repositoryEnvironment = repository.environment;
