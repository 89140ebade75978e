import type { Comparison } from "../../delivery/compare.ts";
import { runCommand } from "./process.ts";
import type { ModelFigures } from "./report.ts";
import type { Workplace } from "./stacks.ts";
import { Refused } from "./stages.ts";

type Note = (line: string) => void;

/** Runs one of the project's commands in the clone; `answer` is the JSON document it prints. */
async function ask(
  place: Workplace,
  script: string,
  flags: Record<string, string>,
  note: Note,
): Promise<{ yes: boolean; answer: unknown; words: string }> {
  const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]);
  const command = ["node", `scripts/${script}.ts`, ...args, "--json"];
  const finished = await runCommand(command, { cwd: place.clone, env: place.env, note });
  if (finished.code > 1) throw new Error(`\`${script}\` ended with ${finished.code}:\n${finished.tail}`);
  return { yes: finished.code === 0, answer: JSON.parse(finished.stdout), words: finished.tail };
}

/** As {@link ask}, where a no ends the delivery. @throws Refused */
async function insist(...args: Parameters<typeof ask>): Promise<unknown> {
  const { yes, answer, words } = await ask(...args);
  if (!yes) throw new Refused(words);
  return answer;
}

/** A package's own figures; absent while it has none. */
export async function modelFigures(place: Workplace, modelPath: string): Promise<ModelFigures> {
  return (await insist(place, "get-model-metrics", { "model-path": modelPath }, () => {})) as ModelFigures;
}

/**
 * Compares two models on the same pictures. The gate has passed the new one, so only a worse model is held back here:
 * where the test set is too small to show a difference, the canary has the last word.
 *
 * @throws Refused when the new model is worse.
 */
export async function compareModels(
  place: Workplace,
  currentModel: string,
  newModel: string,
  testData: string,
  note: Note,
): Promise<string> {
  const flags = { "current-model": currentModel, "new-model": newModel, "test-data": testData };
  const { answer } = await ask(place, "compare-models", flags, note);
  const { verdict, reason, accuracy } = answer as Comparison;
  if (verdict === "worse") throw new Refused(`the new model is worse: ${reason}`);
  if (accuracy === undefined) return `${verdict}: ${reason}`;
  return `${verdict}: ${percent(accuracy.current)} => ${percent(accuracy.new)} on the same pictures`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** @throws Refused when the canary fails, Error while nothing can be said. */
export async function watchCanary(
  place: Workplace,
  endpointUrl: string,
  pictures: string,
  canary: string,
  note: Note,
): Promise<string> {
  const flags = {
    environment: "production",
    "endpoint-url": endpointUrl,
    images: pictures,
    requests: "600",
    canary,
  };
  const answer = (await insist(place, "watch-canary", flags, note)) as { verdict: string };
  return answer.verdict;
}

export async function promote(place: Workplace, percent: number, note: Note): Promise<void> {
  await insist(place, "promote", { environment: "production", to: String(percent) }, note);
}
