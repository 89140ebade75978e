import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import { readJsonFile, writeFileAtomically } from "../atomic-file.ts";
import type { Service, ServiceAddress, ServiceContext } from "../service.ts";
import { type Azurite, earlierAzuriteEnded, startAzurite } from "./azurite.ts";
import type { BlobAccount, BlobAccounts } from "./blob-accounts.ts";
import { blobClient } from "./blob-client.ts";

const Keys = z.record(z.string(), z.object({ key1: z.string(), key2: z.string() }));
type Keys = z.infer<typeof Keys>;

/** Blob storage: Microsoft's own emulator, Azurite, with as many accounts as are asked for. */
export interface StorageService extends Service, BlobAccounts {}

/** Azurite as a service. It starts with the first account. */
export function createStorageService(): StorageService {
  let running: { context: ServiceContext; port: number; keys: Keys } | undefined;
  let azurite: Azurite | undefined;
  // Accounts come and go one after another: they are kept in one file.
  let turn: Promise<unknown> = Promise.resolve();

  function state() {
    if (running === undefined) throw new Error("The storage service is not started.");
    return running;
  }

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = turn.then(work, work);
    turn = result.catch(() => undefined);
    return result;
  }

  async function serve(): Promise<void> {
    const { context, port } = state();
    azurite ??= await startAzurite(context, port, accountsFile(context));
  }

  async function save(keys: Keys): Promise<void> {
    await writeFileAtomically(accountsFile(state().context), `${JSON.stringify(keys, null, 2)}\n`, 0o600);
    state().keys = keys;
  }

  function account(name: string): BlobAccount | undefined {
    const { keys, port } = state();
    const found = keys[name];
    return found === undefined ? undefined : { name, blobEndpoint: `https://127.0.0.1:${port}/${name}/`, ...found };
  }

  return {
    name: "storage",
    account,
    ensureAccount: (name) =>
      inTurn(async () => {
        checkAccountName(name);
        const existing = account(name);
        if (existing !== undefined) return existing;
        const keys = { key1: randomBytes(64).toString("base64"), key2: randomBytes(64).toString("base64") };
        await save({ ...state().keys, [name]: keys });
        await serve();
        return { name, blobEndpoint: `https://127.0.0.1:${state().port}/${name}/`, ...keys };
      }),
    removeAccount: (name) =>
      inTurn(async () => {
        const existing = account(name);
        if (existing === undefined) return;
        const client = blobClient(existing, state().context.certificate.cert);
        for await (const container of client.listContainers()) await client.deleteContainer(container.name);
        const { [name]: _, ...others } = state().keys;
        await save(others);
      }),
    async start(context): Promise<ServiceAddress> {
      await earlierAzuriteEnded(context.folder);
      const port = await context.port("blob");
      const keys = Keys.parse((await readJsonFile(accountsFile(context))) ?? {});
      running = { context, port, keys };
      if (Object.keys(keys).length > 0) await inTurn(serve);
      return { url: `https://127.0.0.1:${port}/`, env: {} };
    },
    async stop() {
      await inTurn(async () => {
        await azurite?.stop();
        azurite = undefined;
        running = undefined;
      });
    },
  };
}

function checkAccountName(name: string): void {
  if (/^[a-z0-9]{3,24}$/.test(name)) return;
  throw new Error(
    `Storage account name \`${name}\`: 3 to 24 lower-case letters and digits are allowed. Choose such a name.`,
  );
}

function accountsFile(context: ServiceContext): string {
  return join(context.folder, "accounts.json");
}
