/**
 * The way in: `node tools/start.mjs <command> [arguments]`. Plain JavaScript without dependencies, because it runs on
 * whatever Node (18 or newer) is there, before the project's own Node and packages are. It makes node_modules match
 * package-lock.json, then hands over to the command. Why it installs in two steps: docs/decisions/set-up.md.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, dirname, join, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const COMMANDS = {
  start: "tools/rehearsal/cli.ts",
  test: "tools/test.ts",
  pulumi: "tools/pulumi.ts",
  emulator: "tools/emulator.ts",
  bench: "bench/cli.ts",
  render: "tools/render.ts",
  init: "tools/init.ts",
  estimate: "scripts/estimate.ts",
};

/** Goes into the stamp: raise it when the recipe below changes, and every clone installs anew. */
const RECIPE = 1;
const SURROUNDINGS_FAILED = 3;
const BAD_USAGE = 2;
const REMINDER_S = 15;

/** What node_modules should be made from, in one line. */
export function expectedStamp(lock, platform = process.platform, arch = process.arch) {
  const digest = createHash("sha256").update(lock).digest("hex");
  return `recipe ${RECIPE} lock ${digest} ${platform}-${arch}\n`;
}

/** Whether node_modules is there, complete, and made from the lock file as it is now. */
export function isInstalled(root) {
  try {
    const stamp = readFileSync(stampFile(root), "utf8");
    return stamp === expectedStamp(readFileSync(join(root, "package-lock.json"))) && existsSync(ownNode(root));
  } catch {
    return false;
  }
}

/** Installs the dependencies and, last of all, writes the stamp: whatever is cut short is done again. */
export async function install(root, log = (text) => process.stderr.write(text)) {
  const lock = join(root, ".rehearsal", "install.lock");
  await holding(lock, log, async () => {
    if (isInstalled(root)) return;
    rmSync(stampFile(root), { force: true });
    log("  Dependencies         npm ci, one to three minutes\n");
    // No install scripts: they fetch CUDA files and plugins that nothing here uses, and fail on a closed network.
    await npm(root, ["ci", "--ignore-scripts", "--loglevel=error", "--no-audit", "--no-fund"], log);
    // But one: npm's package `node` gets its binary by its script.
    log("  Node                 the project's own\n");
    await npm(root, ["rebuild", "node", "--ignore-scripts=false", "--loglevel=error"], log);
    if (!existsSync(ownNode(root))) throw new Error(`npm ran, and ${ownNode(root)} is not there.`);
    const half = `${stampFile(root)}.half`;
    writeFileSync(half, expectedStamp(readFileSync(join(root, "package-lock.json"))));
    renameSync(half, stampFile(root));
    log("  Dependencies         installed\n");
  });
}

function stampFile(root) {
  return join(root, "node_modules", ".ml-delivery-stamp");
}

function ownNode(root) {
  return join(root, "node_modules", ".bin", "node");
}

/** Runs npm on a Node that `npm ci` does not delete under it. */
async function npm(root, args, log) {
  const modules = join(root, "node_modules") + sep;
  const path = (process.env.PATH ?? "").split(delimiter).filter((folder) => !`${folder}${sep}`.startsWith(modules));
  const env = { ...process.env, PATH: path.join(delimiter), ONNXRUNTIME_NODE_INSTALL: "skip" };
  const started = Date.now();
  const reminder = setInterval(() => {
    log(`  ${" ".repeat(20)} … ${Math.round((Date.now() - started) / 1000)} s\n`);
  }, REMINDER_S * 1000);
  const output = [];
  try {
    const code = await new Promise((resolve, reject) => {
      const child = spawn("npm", args, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
      child.stdout.on("data", (bytes) => output.push(bytes));
      child.stderr.on("data", (bytes) => output.push(bytes));
      child.once("error", (error) =>
        reject(new Error(`npm cannot be started (${error.message}). Install Node with npm.`)),
      );
      child.once("close", resolve);
    });
    if (code !== 0) throw new Error(`npm ${args.join(" ")} ended with exit code ${code}.\n${Buffer.concat(output)}`);
  } finally {
    clearInterval(reminder);
  }
}

/** Does `work` while no other process installs into the same clone; a lock of a dead process is taken over. */
async function holding(lock, log, work) {
  mkdirSync(dirname(lock), { recursive: true });
  for (let told = false; ; told = true) {
    try {
      writeFileSync(lock, String(process.pid), { flag: "wx" });
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    const holder = Number(readIfThere(lock));
    if (!isAlive(holder)) rmSync(lock, { force: true });
    else if (!told) log(`  Dependencies         waiting for process ${holder}, which installs them\n`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  try {
    await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

function readIfThere(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function isAlive(pid) {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** Becomes the command as far as a process can: its output, its signals, its exit code. */
function handOver(root, script, args) {
  const child = spawn(ownNode(root), [join(root, script), ...args], { stdio: "inherit" });
  // The terminal sends Ctrl-C to both; what is sent to this process alone is passed on.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.once("close", (code, signal) => {
    process.exitCode = code ?? 128 + (signal ? constants.signals[signal] : 0);
  });
}

async function main(root, [command, ...args]) {
  if (!command || !Object.hasOwn(COMMANDS, command)) {
    const known = Object.keys(COMMANDS).join(", ");
    process.stderr.write(`There is no command \`${command ?? ""}\`. There are: ${known}.\n`);
    process.exitCode = BAD_USAGE;
    return;
  }
  try {
    if (!isInstalled(root)) await install(root);
  } catch (error) {
    process.stderr.write(`\nSet-up stopped. ${error.message}\n`);
    process.exitCode = SURROUNDINGS_FAILED;
    return;
  }
  handOver(root, COMMANDS[command], args);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await main(dirname(dirname(fileURLToPath(import.meta.url))), process.argv.slice(2));
}
