import { mkdir } from "node:fs/promises";
import type { Server } from "node:net";
import { join } from "node:path";
import { loadTokenKeys } from "../jwt.ts";
import type { Service } from "../service.ts";
import type { FrontDoor, ScoringHost } from "../serving/front-door.ts";
import type { BlobAccounts } from "../storage/blob-accounts.ts";
import { blobClient } from "../storage/blob-client.ts";
import { type Arm, propertiesOf, type ResourceType } from "./arm.ts";
import { createFaultPlan } from "./faults.ts";
import { createAuthorityServer } from "./federation.ts";
import { removeTree, settle } from "./handlers/resources.ts";
import { readImages } from "./images.ts";
import { createDataCollector } from "./ml/data-collector.ts";
import { runsSettled } from "./ml/job-run.ts";
import { createOperations } from "./operations.ts";
import { createArmServer } from "./server.ts";
import { openResourceStore, type Stored } from "./store.ts";
import { createTokenServer, loadIdentitySecret, SUBSCRIPTION_ID, TENANT_ID } from "./tokens.ts";
import { resourceTypes } from "./types/catalogue.ts";

/** What Azure is built from. */
export interface AzureParts {
  readonly storage: BlobAccounts;
  readonly serving: FrontDoor & ScoringHost;
  /**
   * The images that can be run.
   *
   * @default `emulator/images.json` of the project
   */
  readonly imagesFile?: string;
  /**
   * Milliseconds that a cluster's node takes to come up.
   *
   * @default 1000
   */
  readonly nodeStartMs?: number;
}

const NODE_START_MS = 1000;
const SETTLE_MS = 10_000;

/** Azure Resource Manager with Azure ML, and the token services of Entra ID. Start storage and serving first. */
export function createAzureService(parts: AzureParts): Service {
  let stopAll: (() => Promise<void>) | undefined;
  return {
    name: "azure",
    async start(context) {
      await mkdir(context.folder, { recursive: true });
      const [armPort, tokenPort] = [await context.port("arm"), await context.port("tokens")];
      const authorityPort = await context.port("authority");
      const armAddress = `https://127.0.0.1:${armPort}`;
      const keys = await loadTokenKeys(join(context.folder, "token-key.pem"));
      const secret = await loadIdentitySecret(context.folder);
      const stopping = new AbortController();
      const clients = new Map<string, ReturnType<typeof blobClient>>();
      const arm: Arm = {
        store: await openResourceStore(join(context.folder, "resources")),
        operations: createOperations((error) =>
          context.log(`operation failed: ${error instanceof Error ? error.stack : String(error)}`),
        ),
        storage: parts.storage,
        serving: parts.serving,
        keys,
        images: () => readImages(parts.imagesFile ?? join(context.root, "emulator", "images.json")),
        blobs: (account) => {
          const key = `${account.blobEndpoint} ${account.key1}`;
          const client = clients.get(key) ?? blobClient(account, context.certificate.cert);
          clients.set(key, client);
          return client;
        },
        context,
        faults: createFaultPlan(join(context.folder, "..", "faults.json")),
        nodeStartMs: parts.nodeStartMs ?? NODE_START_MS,
        scoring: new Map(),
        clusters: new Map(),
        stopping: stopping.signal,
      };
      const servers = [
        createArmServer(arm),
        createTokenServer({ keys, secret, armAddress }),
        createAuthorityServer({ keys, store: arm.store, context, armAddress }),
      ];
      stopAll = async () => {
        stopping.abort();
        await Promise.all(servers.map(close));
        for (const cluster of arm.clusters.values()) cluster.close();
        await within(SETTLE_MS, Promise.all([runsSettled(arm), arm.operations.settled()]));
        await Promise.all([...arm.scoring.values()].map(({ processes }) => processes.end()));
      };
      await parts.serving.trustTokensOf(keys.publicPem);
      const keep = createDataCollector(arm);
      let kept = Promise.resolve();
      parts.serving.onCollected((answers) => {
        kept = kept
          .then(() => keep(answers))
          .catch((error: unknown) => context.log(`collected answers could not be kept: ${String(error)}`));
      });
      await resume(arm);
      await listen(servers[0], armPort);
      await listen(servers[1], tokenPort);
      await listen(servers[2], authorityPort);
      return {
        url: armAddress,
        env: {
          AZURE_RESOURCE_MANAGER_ENDPOINT: armAddress,
          ARM_SUBSCRIPTION_ID: SUBSCRIPTION_ID,
          ARM_TENANT_ID: TENANT_ID,
          IDENTITY_ENDPOINT: `http://127.0.0.1:${tokenPort}/msi/token`,
          IDENTITY_HEADER: secret,
          AZURE_AUTHORITY_HOST: `https://127.0.0.1:${authorityPort}/`,
        },
      };
    },
    async stop() {
      const stop = stopAll;
      stopAll = undefined;
      await stop?.();
    },
  };
}

// What an end by kill -9 left half done: a deletion is finished, everything else is made so once more.
async function resume(arm: Arm): Promise<void> {
  const everything = `/subscriptions/${SUBSCRIPTION_ID}`;
  for (const type of resourceTypes) {
    for (const each of arm.store.list(type.type, everything)) {
      if (propertiesOf(each)["provisioningState"] === "Deleting") await removeTree(arm, each);
    }
  }
  for (const type of resourceTypes) {
    await Promise.all(arm.store.list(type.type, everything).map((each) => resumeOne(arm, type, each)));
  }
}

async function resumeOne(arm: Arm, type: ResourceType, resource: Stored): Promise<void> {
  await type.resume?.(arm, resource);
  const now = arm.store.get(resource.id);
  const state = now === undefined ? undefined : propertiesOf(now)["provisioningState"];
  if (now === undefined || (state !== "Creating" && state !== "Updating")) return;
  await settle(arm, type, now, undefined).catch((error: unknown) => {
    arm.context.log(`${now.id} could not be finished: ${String(error)}`);
  });
}

function listen(server: Server | undefined, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server?.once("error", reject);
    server?.listen(port, "127.0.0.1", resolve);
  });
}

function close(server: Server & { closeAllConnections?: () => void }): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections?.();
  });
}

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([work, promise]);
  clearTimeout(timer);
}
