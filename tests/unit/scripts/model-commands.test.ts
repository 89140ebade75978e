import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, test } from "node:test";
import { publishPackage } from "../../../delivery/package.ts";
import { type Command, helpOf } from "../../../scripts/support/command.ts";
import { encodeModel } from "../../../src/onnx/model.ts";
import { tinyGraph } from "../../support/tiny-onnx.ts";
import { modelFolder } from "../delivery/package-contract.ts";
import { drawDataset } from "../delivery/pictures.ts";
import { runScript } from "./run-script.ts";

const root = await mkdtemp(join(tmpdir(), "commands-"));
after(() => rm(root, { recursive: true }));

const FIELDS = { data: { fingerprint: "d".repeat(64), count: 3 }, git: null, parameters: {}, parent: null };

/** Stands for a team's own evaluate command: right for the first `RIGHT` of each ten pictures, as the model's graph is named. */
const EVALUATE = join(root, "evaluate.mjs");
await writeFile(
  EVALUATE,
  `import { readdirSync, readFileSync, writeFileSync } from "node:fs";
const flag = (name) => process.argv[process.argv.indexOf(name) + 1];
const right = Number(/right(\\d)/.exec(readFileSync(flag("--model-path") + "/model.onnx", "latin1"))[1]);
const labels = JSON.parse(readFileSync(flag("--model-path") + "/labels.json", "utf8"));
const lines = readdirSync(flag("--test-data")).flatMap((label) =>
  readdirSync(flag("--test-data") + "/" + label).map((file, i) => {
    const prediction = i % 10 < right ? label : labels.find((other) => other !== label);
    const probabilities = labels.map((one) => (one === prediction ? 0.9 : 0.1));
    return JSON.stringify({ path: label + "/" + file, label, prediction, probabilities, latency_ms: 5 });
  }));
writeFileSync(flag("--output-path"), lines.join("\\n"));
`,
);
const evaluateCommand = `node ${EVALUATE}`;
const testData = join(root, "test-data");
await drawDataset(testData, ["rose", "daisy"], 20);

async function publish(name: string, right: number): Promise<string> {
  const folder = await modelFolder(root, name, "");
  await writeFile(join(folder, "model.onnx"), encodeModel({ ...tinyGraph(1), name: `right${right}` }));
  await rm(join(folder, "golden.json"));
  return (await publishPackage(folder, join(root, `${name}-models`), FIELDS)).path;
}

test("evaluate measures a model once, and the gate then says yes, no, or that it cannot tell", async () => {
  const model = await publish("gate", 9);
  const undecided = await runScript("validate-model", ["--model-path", model]);
  assert.equal(undecided.code, 2);
  assert.match(undecided.stdout, /cannot decide: there is no `metrics.json`; run `evaluate`/);

  await mkdir(join(model, "metrics.json"));
  const folder = await runScript("validate-model", ["--model-path", model]);
  assert.equal(folder.code, 2, "a folder in the place of the metrics (MET-01)");
  await rm(join(model, "metrics.json"), { recursive: true });

  const evaluated = await runScript("evaluate", [
    "--model-path",
    model,
    "--test-data",
    testData,
    "--command",
    evaluateCommand,
  ]);
  assert.equal(evaluated.code, 0, evaluated.stderr);
  assert.match(evaluated.stdout, /accuracy 0.9 .* on 40 pictures/);
  const again = await runScript("evaluate", ["--model-path", model, "--test-data", testData, "--command", "false"]);
  assert.equal(again.code, 0, "a second time nothing runs");
  assert.match(again.stdout, /measured before on the same test data/);

  const output = join(root, "github-output");
  const golden = await runScript("validate-model", ["--model-path", model]);
  assert.equal(golden.code, 2);
  assert.match(
    golden.stdout,
    /the package has no golden samples: have training write `golden.json`, or set gate.golden/,
  );
  const gate = (...more: string[]) =>
    runScript("validate-model", ["--model-path", model, "--golden", "if-present", ...more], {
      env: { GITHUB_OUTPUT: output },
    });
  const pass = await gate("--json");
  assert.equal(pass.code, 0, pass.stderr);
  const { verdict, reasons } = JSON.parse(pass.stdout);
  assert.equal(verdict, "pass");
  assert.deepEqual(
    reasons.slice(-3).map(({ field }: { field: string }) => field),
    ["model.onnx", "contract", "golden"],
  );
  assert.match(
    await readFile(output, "utf8"),
    /^verdict<<(end_\S+)\npass\n\1\nversion<<(end_\S+)\n[0-9a-f]{16}\n\2\n$/,
  );
  assert.equal((await gate("--min-accuracy", "0.91")).code, 1);
  assert.equal((await gate("--decide-on", "lower-bound")).code, 1, "36 of 40 may be 0.77");
  const metric = await runScript("get-model-metrics", ["--model-path", model, "--metric", "latency_ms.p99"]);
  assert.deepEqual([metric.code, metric.stdout], [0, "5\n"]);
  assert.equal((await runScript("get-model-metrics", ["--model-path", model, "--metric", "toString"])).code, 2);

  await writeFile(join(model, "model.onnx"), encodeModel({ ...tinyGraph(1), name: "right8" }));
  const damaged = await runScript("validate-model", ["--model-path", model]);
  assert.equal(damaged.code, 2, "a changed file decides nothing (MOD-02)");
  assert.match(damaged.stderr, /model package is damaged/);
});

test("wrong flags are bad usage: exit 2, and what is allowed is said", async () => {
  const model = await publish("usage", 9);
  const cases: [string[], RegExp][] = [
    [[], /`--model-path` is missing/],
    [["--model-path", model, "--min-accuracy", "95"], /`--min-accuracy` must be a number from 0 to 1, got `95`/],
    [["--model-path", model, "--min-accuracy", "NaN"], /got `NaN`/],
    [["--model-path", model, "--min-accuracy", "0x1"], /got `0x1`/],
    [["--model-path", model, "--decide-on", "luck"], /`--decide-on` must be point or lower-bound, got `luck`/],
    [["--model-path", model, "--min-acuracy", "1"], /Flags: --model-path --min-accuracy/],
    [["--model-path", join(root, "nowhere")], /no model at/],
    [["--model-path", "ftp://x/y"], /scheme `ftp`/],
  ];
  for (const [args, message] of cases) {
    const { code, stderr } = await runScript("validate-model", args);
    assert.equal(code, 2, args.join(" "));
    assert.match(stderr, message);
  }
});

test("compare-models answers better, worse, no difference and no champion", async () => {
  const [weak, strong] = [await publish("weak", 5), await publish("strong", 9)];
  const compare = async (current: string, next: string) => {
    const flags = [
      "--current-model",
      current,
      "--new-model",
      next,
      "--test-data",
      testData,
      "--command",
      evaluateCommand,
      "--json",
    ];
    const { code, stdout, stderr } = await runScript("compare-models", flags);
    assert.notEqual(stdout, "", stderr);
    return [code, JSON.parse(stdout).verdict, JSON.parse(stdout).is_better];
  };
  assert.deepEqual(await compare(weak, strong), [0, "better", true]);
  assert.deepEqual(await compare(strong, weak), [1, "worse", false]);
  assert.deepEqual(await compare(weak, weak), [1, "no difference shown", false]);
  assert.deepEqual(await compare(join(root, "weak-models", "latest"), strong), [0, "no champion yet", true]);
});

test("compare-models takes the model that serves most of an environment, by its stack file", async () => {
  const [weak, strong] = [await publish("serving", 5), await publish("rising", 9)];
  const cwd = join(root, "stack");
  const versionOf = (path: string) => basename(path);
  await mkdir(cwd);
  await writeFile(join(cwd, "Pulumi.yaml"), "name: ml-delivery\nruntime: nodejs\n");
  const stack = (deployments: object, traffic: object) =>
    writeFile(
      join(cwd, "Pulumi.production.yaml"),
      JSON.stringify({
        config: { "ml-delivery:project": "shop", "ml-delivery:endpoint": { name: "shop-prod", deployments, traffic } },
      }),
    );
  const compare = (...more: string[]) => {
    const flags = ["--current-environment", "production", "--new-model", strong, "--test-data", testData];
    const env = { MODELS_BUCKET: join(root, "serving-models") };
    return runScript("compare-models", [...flags, "--command", evaluateCommand, "--json", ...more], { cwd, env });
  };
  const at = (version: string) => ({ model: `s3://shop-production-models/models/${version}/`, instances: 1 });

  await stack({}, {});
  assert.equal(JSON.parse((await compare()).stdout).verdict, "no champion yet");

  await stack({ a: at(versionOf(weak)), b: at("0123456789abcdef") }, { a: 90, b: 10 });
  const found = await compare();
  assert.deepEqual([found.code, JSON.parse(found.stdout).verdict], [0, "better"], found.stderr);

  await stack({ a: at(versionOf(weak)), b: at("0123456789abcdef") }, { a: 40, b: 60 });
  const missing = await compare();
  assert.equal(missing.code, 2, 'a champion that cannot be had is not "no champion"');
  assert.match(
    missing.stderr,
    /b serves `s3:\/\/shop-production-models\/models\/0123456789abcdef\/` in production, and/,
  );

  await stack({ a: at(versionOf(weak)) }, { gone: 100 });
  const astray = await compare();
  assert.equal(astray.code, 2, 'traffic to nothing that is known is not "no champion"');
  assert.match(astray.stderr, /traffic of production goes to `gone`, which is no deployment there \(a\)/);

  const both = await compare("--current-model", weak);
  assert.equal(both.code, 2);
  assert.match(both.stderr, /two ways to say one thing/);
});

test("a command that fails, or leaves pictures out, decides nothing", async () => {
  const model = await publish("fails", 9);
  const run = (words: string) =>
    runScript("evaluate", ["--model-path", model, "--test-data", testData, "--command", words]);
  const failed = await run("false");
  assert.equal(failed.code, 2);
  assert.match(failed.stderr, /`false` ended with 1/);
  assert.match((await run("true")).stderr, /`true` wrote no predictions/);
  assert.match((await run("no-such-program")).stderr, /cannot run `no-such-program`/);
});

test("every command explains itself with an example", async () => {
  const names = [
    "compare-models",
    "deploy",
    "evaluate",
    "get-model-metrics",
    "import-model",
    "prepare-data",
    "promote",
    "prune-models",
    "sign-model",
  ];
  names.push(
    "analyze-canary",
    "history",
    "rollback",
    "smoke-test",
    "train",
    "validate-data",
    "validate-model",
    "watch-canary",
  );
  for (const name of names) {
    const { command } = (await import(`../../../scripts/${name}.ts`)) as { command: Command };
    assert.equal(command.name, name);
    assert.match(helpOf(command), new RegExp(`Example: node scripts/${name}\\.ts --`));
  }
  assert.equal((await runScript("deploy", ["--help"])).code, 0);
});
