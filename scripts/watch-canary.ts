import { type BatchJudgement, judgeBatch, type Side } from "../delivery/canary-batch.ts";
import { mapConcurrent } from "../delivery/concurrency.ts";
import { inputError } from "../delivery/errors.ts";
import { listAll, openFolder } from "../delivery/objects.ts";
import { type Answer, authorize, isFailure, score } from "../delivery/scoring.ts";
import { type Command, type ExitCode, integerFlag, required, runCommand } from "./support/command.ts";
import { SCORING_FLAGS } from "./support/flags.ts";
import { createProgress } from "./support/progress.ts";

const EXIT: Record<BatchJudgement["verdict"], ExitCode> = { pass: 0, fail: 1, inconclusive: 2 };

export const command: Command = {
  name: "watch-canary",
  summary: "Sends pictures to an endpoint and judges its canary by how each deployment answers them.",
  example: "--environment production --endpoint-url https://… --images data/test --requests 600 --canary m-3f2a9c01",
  flags: {
    environment: { help: "environment, for the report", value: "NAME", required: true },
    ...SCORING_FLAGS,
    images: { help: "pictures to send, over and over: a folder or s3:// prefix", value: "PATH", required: true },
    requests: { help: "how many to send", value: "N", default: "600" },
    concurrency: { help: "how many at a time", value: "N", default: "4" },
    canary: { help: "deployment to judge", value: "NAME", required: true },
    "min-requests": { help: "requests that each side must have answered", value: "N", default: "30" },
  },
  async run(context) {
    const [environment, canary] = [required(context, "environment"), required(context, "canary")];
    const requests = integerFlag(context, "requests", 1, 1_000_000);
    const url = required(context, "endpoint-url");
    const pictures = await readPictures(required(context, "images"));
    const authorization = authorize(process.env[required(context, "api-key-env")]);
    const progress = createProgress(context.say, "requests answered");
    let done = 0;
    const slots = Array.from({ length: requests }, (_, i) => i);
    const answers = await mapConcurrent(slots, integerFlag(context, "concurrency", 1, 64), async (i) => {
      const answer = await score(url, pictures[i % pictures.length] ?? new Uint8Array(), authorization);
      progress(++done, requests);
      return brief(answer);
    });
    const judgement = judge(answers, canary, integerFlag(context, "min-requests", 1, requests));
    const counts = countBy(answers, (answer) => answer.deployment ?? "unknown");
    const report = { environment, canary_deployment: canary, requests, answered_by: counts, ...judgement };
    const text = [
      `${judgement.verdict}: canary ${canary} of ${environment}`,
      ...judgement.reasons.map((r) => `- ${r}`),
    ].join("\n");
    return { exitCode: EXIT[judgement.verdict], report, text, outputs: { verdict: judgement.verdict } };
  },
};

type Brief = {
  readonly deployment: string | undefined;
  readonly failed: boolean;
  readonly refused: boolean;
  readonly latencyMs: number;
};

/** The answers' bodies are not kept: there may be a million. */
function brief(answer: Answer): Brief {
  const failed = isFailure(answer);
  return {
    deployment: answer.deployment,
    failed,
    refused: !failed && answer.status >= 400,
    latencyMs: answer.latencyMs,
  };
}

function judge(answers: readonly Brief[], canary: string, minRequests: number): BatchJudgement {
  const sideOf = (mine: boolean): Side => {
    const own = answers.filter((a) => a.deployment !== undefined && (a.deployment === canary) === mine);
    const good = own.filter((a) => !a.failed && !a.refused);
    return {
      requests: own.length,
      failures: own.filter((a) => a.failed).length,
      latenciesMs: good.map((a) => a.latencyMs),
    };
  };
  const judgement = judgeBatch(sideOf(true), sideOf(false), { minRequests });
  const lost = answers.filter((a) => a.deployment === undefined && (a.failed || a.refused)).length;
  // Failures that nobody's name is on could be the canary's.
  if (judgement.verdict === "pass" && lost > 0.01 * answers.length) {
    const reason = `${lost} of ${answers.length} requests failed without saying which deployment answered`;
    return { ...judgement, verdict: "inconclusive", reasons: [reason, ...judgement.reasons] };
  }
  return judgement;
}

async function readPictures(path: string): Promise<Uint8Array[]> {
  const folder = openFolder(path);
  const keys = (await listAll(folder)).map(({ key }) => key).filter((key) => /\.(jpe?g|png|webp)$/i.test(key));
  if (keys.length === 0)
    throw inputError(`no pictures at \`${path}\`; give a folder with .jpg, .jpeg, .png or .webp files`);
  return mapConcurrent(keys.slice(0, 500), 8, async (key) => {
    const object = await folder.get(key);
    if (object === undefined) throw inputError(`\`${key}\` vanished`);
    return object.content;
  });
}

function countBy<Item>(items: readonly Item[], key: (item: Item) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of items) counts[key(item)] = (counts[key(item)] ?? 0) + 1;
  return counts;
}

if (import.meta.main) await runCommand(command);
