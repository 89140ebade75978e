/** A storage account that exists, as others address it. */
export interface BlobAccount {
  readonly name: string;
  /** `https://127.0.0.1:PORT/<account>/`. */
  readonly blobEndpoint: string;
  readonly key1: string;
  readonly key2: string;
}

/** The storage accounts behind the emulator's blob storage. */
export interface BlobAccounts {
  /** Makes the account, or answers the one there is. Its keys stay the same for its life. */
  ensureAccount(name: string): Promise<BlobAccount>;
  /** The account, or undefined where there is none. */
  account(name: string): BlobAccount | undefined;
  /** Deletes the account and its data. Nothing happens where there is none. */
  removeAccount(name: string): Promise<void>;
}
