import { setTimeout as delay } from "node:timers/promises";
import { type Answer, type Authorization, checkAnswer, score } from "./scoring.ts";

/** What one deployment answered to a picture. */
export type Probe = {
  readonly verdict: "pass" | "fail";
  readonly deployment: string;
  readonly attempts: number;
  /** What is wrong with the last answer; empty when nothing is. */
  readonly problems: readonly string[];
  readonly answer: Answer;
};

/** How long to ask, and who hears of it. */
export type ProbeOptions = {
  /** Milliseconds to go on trying while a new deployment warms up. @default 0 */
  readonly timeoutMs?: number;
  /** @default - nobody */
  readonly say?: (line: string) => void;
};

/** Asks one deployment about a picture, whatever its traffic, and checks the form of the answer. */
export async function probeDeployment(
  url: string,
  deployment: string,
  authorization: Authorization,
  { timeoutMs = 0, say = () => {} }: ProbeOptions = {},
): Promise<Probe> {
  const until = Date.now() + timeoutMs;
  const picture = await drawLeaf();
  for (let attempt = 1; ; attempt++) {
    const answer = await score(url, picture, authorization, deployment);
    const problems = [...checkAnswer(answer), ...checkSender(answer, deployment)];
    if (problems.length === 0) return { verdict: "pass", deployment, attempts: attempt, problems, answer };
    if (!mayPass(answer) || Date.now() >= until) {
      return { verdict: "fail", deployment, attempts: attempt, problems, answer };
    }
    say(`${deployment} is not ready: ${problems.join("; ")}`);
    await delay(Math.min(1000 * attempt, 5000));
  }
}

/** What a deployment that has just been created may answer for a while. */
function mayPass({ status }: Answer): boolean {
  return status === 0 || status >= 500 || [404, 408, 424, 429].includes(status);
}

function checkSender(answer: Answer, deployment: string): string[] {
  if (answer.status !== 200 || answer.deployment === undefined || answer.deployment === deployment) return [];
  return [`\`${answer.deployment}\` answered for \`${deployment}\``];
}

/** A green leaf on a light ground: any picture will do, as only the form of the answer is checked. */
async function drawLeaf(): Promise<Buffer> {
  const { default: sharp } = await import("sharp");
  const leaf = `<svg width="224" height="224"><rect width="224" height="224" fill="#eee"/><ellipse cx="112" cy="112" rx="90" ry="45" fill="#3a7d2c"/></svg>`;
  return sharp(Buffer.from(leaf)).jpeg().toBuffer();
}
