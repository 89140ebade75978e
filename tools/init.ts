/**
 * `npm run init`: asks the few questions that a new project needs answered, and writes the stack files. Nothing is asked
 * of a cloud and nothing is made; GitHub is asked for two ids where there is a token.
 */
import { parseArgs } from "node:util";
import { DeliveryError, messageOf } from "../delivery/errors.ts";
import { describe } from "../delivery/shape.ts";
import { openReader, type Reader } from "./init/ask.ts";
import { lookUp, type RepositoryFacts } from "./init/look-up.ts";
import { type Answers, QUESTIONS, type Question } from "./init/questions.ts";
import { applyEdits, changesOf, type Drafts, editsByHand, openDrafts, problemsIn, writeDrafts } from "./init/stacks.ts";
import { projectRoot } from "./places.ts";

const HELP = `Asks a few questions and writes Pulumi.staging.yaml and Pulumi.production.yaml. Comments in them stay.

Usage: npm run init -- [flags]

${QUESTIONS.map(({ name, ask }) => `  --${name} VALUE`.padEnd(32) + ask).join("\n")}
${"  --yes".padEnd(32)}ask nothing: flags, else defaults
${"  --dry-run".padEnd(32)}show what would be written, write nothing
${"  --force".padEnd(32)}edit files that have been edited before; only what is asked here is changed
${"  --folder DIR".padEnd(32)}where the stack files are (default: this project)

Example: npm run init -- --owner acme --project leaves --reviewer-teams 1234 \\
           --code-owners @acme/platform --emails ml@acme.example --yes

Exit codes: 0 written, 1 refused, 2 bad usage or answers
`;

class BadAnswer extends Error {}

async function main(argv: readonly string[]): Promise<number> {
  const switches = ["yes", "dry-run", "force", "help"] as const;
  const texts = [...QUESTIONS.map(({ name }) => name), "folder"];
  const options = Object.fromEntries([
    ...switches.map((name) => [name, { type: "boolean" }] as const),
    ...texts.map((name) => [name, { type: "string" }] as const),
  ]);
  let values: Record<string, unknown>;
  try {
    ({ values } = parseArgs({ args: [...argv], options, strict: true }));
  } catch (error) {
    throw new BadAnswer(`${messageOf(error)}. See --help.`);
  }
  if (values["help"] === true) {
    process.stdout.write(HELP);
    return 0;
  }
  const given = Object.fromEntries(
    texts.flatMap((name) => (values[name] === undefined ? [] : [[name, String(values[name])]])),
  );
  const drafts = await openDrafts(given["folder"] ?? projectRoot);
  const edited = await editsByHand(drafts);
  if (edited.length > 0 && values["force"] !== true) {
    process.stderr.write(`Nothing was written: ${edited.join("; ")}. Edit them by hand, or use --force.\n`);
    return 1;
  }
  const reader = values["yes"] === true ? undefined : openReader(process.stdin, process.stderr);
  let answers: Answers;
  try {
    answers = await answerAll(drafts, given, reader);
  } finally {
    reader?.close();
  }
  const wrong = problemsIn(drafts);
  if (wrong.length > 0)
    throw new BadAnswer(wrong.map((one) => `Pulumi.${one.stack}.yaml: ${describe(one)}`).join("\n"));
  if (values["dry-run"] === true) {
    process.stdout.write(
      changesOf(drafts)
        .map(({ diff }) => diff)
        .join("\n"),
    );
    return 0;
  }
  const written = await writeDrafts(drafts);
  process.stdout.write(`Written: ${written.join(", ") || "nothing, all was so already"}\n\n${nextSteps(answers)}`);
  return 0;
}

async function answerAll(drafts: Drafts, given: Answers, reader: Reader | undefined): Promise<Answers> {
  let answers: Answers = {};
  let facts: RepositoryFacts | undefined;
  for (const question of QUESTIONS) {
    if (question.when?.(answers) === false) continue;
    if (question.name === "oidc-subject") {
      facts = await lookUp(answers["owner"] ?? "", answers["repository"] ?? "", process.env);
    }
    const fallback = question.fallback(answers, facts);
    const flag = given[question.name];
    answers = { ...answers, [question.name]: await answerTo(question, flag, fallback, answers, drafts, reader) };
  }
  return answers;
}

/** A flag or a default that is wrong ends it; a person is asked again. */
async function answerTo(
  question: Question,
  flag: string | undefined,
  fallback: string,
  answers: Answers,
  drafts: Drafts,
  reader: Reader | undefined,
): Promise<string> {
  for (;;) {
    const asked = flag === undefined && reader !== undefined;
    const line = asked ? await reader.ask(`${question.ask}${fallback === "" ? "" : ` [${fallback}]`}: `) : (flag ?? "");
    if (line === undefined) throw new BadAnswer(`The input ended before --${question.name} was answered.`);
    const answer = line.trim() === "" ? fallback : line.trim();
    const wrong = tryAnswer(question, answer, answers, drafts);
    if (wrong === undefined) return answer;
    if (!asked) throw new BadAnswer(`--${question.name}: ${wrong}`);
    process.stderr.write(`  ${wrong}\n`);
  }
}

/** Puts the answer into the drafts. What is wrong with it, in config.ts's own words. */
function tryAnswer(question: Question, answer: string, answers: Answers, drafts: Drafts): string | undefined {
  try {
    applyEdits(drafts, question.edits(answer, answers));
  } catch (error) {
    return messageOf(error);
  }
  const about = (key: string) => question.keys.some((one) => key === one || key.startsWith(`${one}.`));
  const found = problemsIn(drafts).find(({ key }) => about(key));
  return found === undefined ? undefined : describe(found);
}

function nextSteps({ state, "state-bucket": bucket, "aws-region": region, releaser }: Answers): string {
  const backend =
    state === "s3"
      ? `s3://${bucket}?region=${region}`
      : state === "blob"
        ? "azblob://CONTAINER?storage_account=ACCOUNT"
        : "https://api.pulumi.com";
  return [
    "Next, as docs/adopt.md tells it:",
    `  - the state's place: export PULUMI_BACKEND_URL="${backend}"`,
    ...(releaser === "" ? ["  - the GitHub App that commits releases, then again with --releaser ID --force"] : []),
    "  - your images: ml-delivery:images in both stack files",
    "  - pulumi stack init staging, then pulumi preview --stack staging",
    "",
  ].join("\n");
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof BadAnswer || error instanceof DeliveryError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
