import { spawn } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";

const HELP = `Runs the integration tests against an endpoint; without one, against a scoring server started here.

Usage: node tests/integration/run.ts [flags]

  --endpoint-url URL    the endpoint's scoring address, or its server's (from ENDPOINT_URL or STAGING_ENDPOINT_URL if absent)
  --api-key KEY         better set as API_KEY or STAGING_API_KEY: other users of a machine can read a command's flags

Example: node tests/integration/run.ts --endpoint-url https://plant-classifier-staging.example.com/predict
`;

const { values } = parseArgs({
  options: { "endpoint-url": { type: "string" }, "api-key": { type: "string" }, help: { type: "boolean" } },
});
if (values.help) {
  process.stdout.write(HELP);
  process.exit(0);
}
const [url, key] = [values["endpoint-url"], values["api-key"]];
if (url !== undefined && !URL.canParse(url)) {
  console.error(`\`--endpoint-url\` is \`${url}\`; it must be an address such as https://example.com/predict.`);
  process.exit(2);
}
const files = ["health.test.ts", "predict.test.ts"].map((file) => join(import.meta.dirname, file));
const tests = spawn(process.execPath, ["--test", ...files], {
  stdio: "inherit",
  env: { ...process.env, ...(url !== undefined && { ENDPOINT_URL: url }), ...(key !== undefined && { API_KEY: key }) },
});
tests.once("exit", (code) => {
  process.exitCode = code ?? 3;
});
