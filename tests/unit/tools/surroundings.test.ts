import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, test } from "node:test";
import { places } from "../../../tools/places.ts";
import { surroundings } from "../../../tools/surroundings.ts";

const home = mkdtempSync(join(tmpdir(), "surroundings-"));
after(() => rmSync(home, { recursive: true, force: true }));

test("the caller's accounts do not reach the rehearsal", () => {
  const accounts = {
    AWS_PROFILE: "work",
    AWS_SESSION_TOKEN: "secret",
    AWS_CONFIG_FILE: "/home/me/.aws/config",
    AZURE_CLIENT_SECRET: "secret",
    AZURE_CONFIG_DIR: "/home/me/.azure",
    ARM_ACCESS_KEY: "secret",
    IDENTITY_ENDPOINT: "http://169.254.169.254",
    PULUMI_ACCESS_TOKEN: "secret",
    PULUMI_CONFIG_PASSPHRASE: "secret",
    PULUMI_STACK: "theirs",
    GITHUB_TOKEN: "secret",
    GITHUB_OUTPUT: "/runner/output",
    GH_TOKEN: "secret",
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: "secret",
  };
  const env = surroundings(home, {}, { ...accounts, LANG: "C.UTF-8", PATH: "/usr/bin" });
  for (const name of Object.keys(accounts)) assert.equal(env[name], undefined, name);
  assert.equal(env["LANG"], "C.UTF-8");
  assert.equal(Object.values(env).includes("secret"), false);
});

test("the emulator's variables come through, over the caller's of the same name", () => {
  const emulator = { AWS_ENDPOINT_URL: "http://127.0.0.1:5000", NODE_EXTRA_CA_CERTS: "/rehearsal/ca.pem" };
  const caller = { AWS_ENDPOINT_URL: "https://elsewhere", NODE_EXTRA_CA_CERTS: "/company/ca.pem" };
  const env = surroundings(home, emulator, caller);
  assert.equal(env["AWS_ENDPOINT_URL"], "http://127.0.0.1:5000");
  assert.equal(env["NODE_EXTRA_CA_CERTS"], "/rehearsal/ca.pem");
});

test("PATH leads to this clone's CLI, its Node and moto before anything of the caller's", () => {
  const caller = { PATH: "/usr/bin:/bin", XDG_CACHE_HOME: "/cache" };
  const folders = surroundings(home, {}, caller)["PATH"]?.split(delimiter) ?? [];
  const { bin, nodeBin } = places(undefined, caller);
  assert.deepEqual(folders.slice(0, 2), [bin, nodeBin]);
  assert.match(folders[2] ?? "", /^\/cache\/ml-delivery\/python\/[0-9a-f]{16}\/bin$/);
  assert.deepEqual(folders.slice(3), ["/usr/bin", "/bin"]);
});

test("state, plugins and passphrase are the home's own, and the passphrase stays", () => {
  const first = surroundings(home);
  assert.equal(first["PULUMI_BACKEND_URL"], `file://${home}/state`);
  assert.equal(first["PULUMI_HOME"], join(home, "pulumi"));
  const file = first["PULUMI_CONFIG_PASSPHRASE_FILE"] ?? "";
  const passphrase = readFileSync(file, "utf8");
  assert.match(passphrase, /^[\w-]{32}\n$/);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(surroundings(home)["PULUMI_CONFIG_PASSPHRASE_FILE"], file);
  assert.equal(readFileSync(file, "utf8"), passphrase);
});

test("a proxy is not asked for what listens on this machine", () => {
  const env = surroundings(home, {}, { HTTPS_PROXY: "http://proxy:3128", NO_PROXY: "intranet,localhost" });
  assert.equal(env["NO_PROXY"], "intranet,localhost,127.0.0.1,::1");
  assert.equal(env["no_proxy"], "intranet,localhost,127.0.0.1,::1");
});
