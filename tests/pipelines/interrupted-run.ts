/** A run for the test of signals: its first job takes its time to end. */
import { runPipeline } from "../../pipelines/run/local.ts";
import { jobOf, pipelineOf, script } from "./support.ts";

const update = `
  let signals = 0;
  process.on("SIGINT", () => {
    console.log("SIGINT " + ++signals);
    setTimeout(() => { console.log("state saved"); process.exit(0) }, 300);
  });
  console.log("updating");
  setTimeout(() => process.exit(1), 20_000);`;

const report = await runPipeline(
  pipelineOf(
    jobOf("update", { steps: [script("Update", update)] }),
    jobOf("announce", { needs: ["update"], steps: [script("Announce", "")] }),
  ),
  {
    cwd: process.cwd(),
    env: process.env,
    branch: "main",
    on: (event) => event.type === "line" && console.log(event.text),
  },
);
console.log(report.status, report.exitCode);
for (const { name, status, reason } of report.stages) console.log(`${name} ${status}: ${reason}`);
process.exitCode = report.exitCode;
