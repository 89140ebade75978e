import { Agent } from "node:https";
import {
  BlobServiceClient,
  newPipeline,
  type RequestPolicyFactory,
  StorageSharedKeyCredential,
} from "@azure/storage-blob";
import type { BlobAccount } from "./blob-accounts.ts";

/** A client of the account that trusts the emulator's own certificate `ca` (PEM). */
export function blobClient(account: BlobAccount, ca: string): BlobServiceClient {
  const pipeline = newPipeline(new StorageSharedKeyCredential(account.name, account.key1), {
    retryOptions: { maxTries: 5, retryDelayInMs: 200, maxRetryDelayInMs: 2000 },
  });
  pipeline.factories.push(trusting(ca));
  return new BlobServiceClient(account.blobEndpoint, pipeline);
}

// The vendor's client has no setting for a certificate; an agent on each request is the way it leaves open.
function trusting(ca: string): RequestPolicyFactory {
  const agent = new Agent({ ca, keepAlive: true, maxSockets: 16 });
  return {
    create: (next) => ({
      sendRequest: (request) => {
        request.agent = agent;
        return next.sendRequest(request);
      },
    }),
  };
}
