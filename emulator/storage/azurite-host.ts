// Azurite, with its accounts read from a file whenever that changes. By itself it reads them from a variable, at start
// and once a minute: each new account would cost a restart, which cuts off whoever is reading or writing.
import { readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { argv } from "node:process";

interface Account {
  readonly name: string;
  readonly key1: Buffer;
  readonly key2: Buffer;
}

// Arguments: the accounts file, the project's package.json, then Azurite's own.
const [program = "", host = "", accountsFile = "", packageFile = "", ...options] = argv;
process.argv = [program, host, ...options];
const load = createRequire(packageFile);

let read: { readonly stamp: string; readonly accounts: ReadonlyMap<string, Account> } = {
  stamp: "",
  accounts: new Map(),
};

function accounts(): ReadonlyMap<string, Account> {
  const { mtimeMs, ino } = statSync(accountsFile);
  const stamp = `${mtimeMs} ${ino}`;
  if (stamp === read.stamp) return read.accounts;
  const kept: Record<string, { key1: string; key2: string }> = JSON.parse(readFileSync(accountsFile, "utf8"));
  const entries = Object.entries(kept).map(([name, { key1, key2 }]) => {
    return [name, { name, key1: Buffer.from(key1, "base64"), key2: Buffer.from(key2, "base64") }] as const;
  });
  read = { stamp, accounts: new Map(entries) };
  return read.accounts;
}

const { default: AccountDataStore } = load("azurite/dist/src/common/AccountDataStore.js") as {
  default: { prototype: { getAccount: (name: string) => Account | undefined } };
};
AccountDataStore.prototype.getAccount = (name) => accounts().get(name);
load("azurite/dist/src/blob/main.js");
