import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { type ParseArgsConfig, parseArgs } from "node:util";
import { type Emulator, readEmulator, startEmulator, stopEmulator } from "./client.ts";

const root = resolve(import.meta.dirname, "..");
const defaultHome = resolve(root, ".rehearsal", "emulator");

const help = `The clouds on this machine: Azure ML, S3, GitHub, blob storage and their Pulumi providers, on 127.0.0.1.

usage: node emulator/cli.ts COMMAND [options]

commands
  start    starts it, or says that it runs
  status   what runs where; exit code 1 when nothing does
  stop     ends it; its state stays for the next start
  token    prints an access token, and nothing else

options
  --home DIR         where state, logs and credentials are kept (default .rehearsal/emulator)
  --idle-minutes N   start: ends by itself after N minutes without use (default 30)
  --resource NAME    token: ml, management or storage
  --json             start, status, stop: one JSON document on stdout
  --help

example
  node emulator/cli.ts start
  curl -H "Authorization: Bearer $(node emulator/cli.ts token --resource ml)" ...

exit codes: 0 done or running · 1 not running · 2 bad usage · 3 it did not start or stop
`;

const resources: Readonly<Record<string, string>> = {
  ml: "https://ml.azure.com",
  management: "https://management.azure.com",
  storage: "https://storage.azure.com",
};

class UsageError extends Error {}

const options = {
  home: { type: "string", default: defaultHome },
  "idle-minutes": { type: "string" },
  resource: { type: "string" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} satisfies ParseArgsConfig["options"];

type Values = ReturnType<typeof parse>["values"];

process.exitCode = await main();

async function main(): Promise<number> {
  try {
    const { values, positionals } = parse();
    if (values.help) {
      process.stdout.write(help);
      return 0;
    }
    const [command, ...more] = positionals;
    if (more.length > 0) throw new UsageError(`\`${more.join(" ")}\` is one word too many.`);
    return await run(command, values);
  } catch (error) {
    const usage = error instanceof UsageError;
    process.stderr.write(`${(error as Error).message}\n${usage ? "Try --help.\n" : ""}`);
    return usage ? 2 : 3;
  }
}

function parse() {
  try {
    return parseArgs({ options, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

async function run(command: string | undefined, values: Values): Promise<number> {
  switch (command) {
    case "start":
      return start(values);
    case "status":
      return status(values);
    case "stop":
      return stop(values);
    case "token":
      return token(values);
    default:
      throw new UsageError(`Command \`${command ?? ""}\` is not known; there are start, status, stop and token.`);
  }
}

async function start(values: Values): Promise<number> {
  const idleMinutes = values["idle-minutes"] === undefined ? undefined : Number(values["idle-minutes"]);
  if (idleMinutes !== undefined && !(idleMinutes > 0)) {
    throw new UsageError(`--idle-minutes is \`${values["idle-minutes"]}\`; it must be a number above 0.`);
  }
  const emulator = await startEmulator({
    home: values.home,
    root,
    ...(idleMinutes === undefined ? {} : { idleMinutes }),
  });
  print(emulator, values.json);
  return 0;
}

function status(values: Values): number {
  const emulator = readEmulator(values.home);
  if (emulator !== undefined) print(emulator, values.json);
  else if (values.json) process.stdout.write(`${JSON.stringify({ running: false, home: resolve(values.home) })}\n`);
  else process.stdout.write(`No emulator runs in ${resolve(values.home)}.\n`);
  return emulator === undefined ? 1 : 0;
}

async function stop(values: Values): Promise<number> {
  const stopped = await stopEmulator(values.home);
  const words = stopped ? "stopped" : "there was none";
  process.stdout.write(
    values.json ? `${JSON.stringify({ stopped })}\n` : `Emulator in ${resolve(values.home)}: ${words}.\n`,
  );
  return 0;
}

async function token(values: Values): Promise<number> {
  const resource = resources[values.resource ?? ""];
  if (resource === undefined) {
    throw new UsageError(`--resource is \`${values.resource ?? ""}\`; it must be ml, management or storage.`);
  }
  const emulator = readEmulator(values.home);
  if (emulator === undefined) {
    process.stderr.write(`No emulator runs in ${resolve(values.home)}; start one with \`start\`.\n`);
    return 1;
  }
  process.stdout.write(`${await requestToken(emulator.env, resource)}\n`);
  return 0;
}

/** The protocol that Azure's managed identity clients speak (App Service, 2019-08-01). */
async function requestToken(env: Readonly<Record<string, string>>, resource: string): Promise<string> {
  const { IDENTITY_ENDPOINT: endpoint, IDENTITY_HEADER: header, NODE_EXTRA_CA_CERTS: bundle } = env;
  if (endpoint === undefined || header === undefined || bundle === undefined) {
    throw new Error("The running emulator offers no identity endpoint; stop it and start it again.");
  }
  setDefaultCACertificates([...getCACertificates("default"), readFileSync(bundle, "utf8")]);
  const url = new URL(endpoint);
  url.searchParams.set("resource", resource);
  url.searchParams.set("api-version", "2019-08-01");
  const response = await fetch(url, { headers: { "X-IDENTITY-HEADER": header }, signal: AbortSignal.timeout(10_000) });
  const body = (await response.json()) as { access_token?: unknown };
  if (typeof body.access_token !== "string")
    throw new Error(`The identity endpoint answered ${response.status} without a token.`);
  return body.access_token;
}

/** Without `env`: it holds credentials, and a status is made to be shown. */
function print(emulator: Emulator, json: boolean): void {
  const { pid, home, startedAt, services } = emulator;
  if (json) {
    process.stdout.write(`${JSON.stringify({ running: true, pid, home, startedAt, services }, undefined, 2)}\n`);
    return;
  }
  const since = startedAt.slice(0, 19).replace("T", " ");
  const rows = [
    ["service", "URL", "since (UTC)"],
    ...Object.entries(services).map(([name, url]) => [name, url, since]),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  process.stdout.write(`${lines.join("\n")}\n\nprocess ${pid} in ${home}\n`);
}
