import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { readEmulator } from "../../emulator/client.ts";

/** What the endpoint said to a picture. */
export interface Answer {
  readonly picture: string;
  readonly status: number;
  /** Who answered, by the endpoint's own header. */
  readonly deployment: string | null;
  readonly prediction: string | undefined;
}

interface Options {
  /** The deployment to call by name. @default - whoever the traffic falls to */
  readonly deployment?: string;
  /** Requests under way at a time. @default 4 */
  readonly atOnce?: number;
}

/** An online endpoint as its callers see it. */
export interface Endpoint {
  /** Posts each picture once; answers in the same order. */
  post(pictures: readonly string[], options?: Options): Promise<Answer[]>;
}

/** A token of the emulator's tenant, for scoring. */
export async function callerToken(emulatorHome: string): Promise<string> {
  const env = readEmulator(emulatorHome)?.env ?? {};
  const identity = `${env["IDENTITY_ENDPOINT"]}?api-version=2019-08-01&resource=https://ml.azure.com`;
  const response = await fetch(identity, { headers: { "X-IDENTITY-HEADER": env["IDENTITY_HEADER"] ?? "" } });
  const { access_token } = (await response.json()) as { access_token: string };
  return access_token;
}

/** A caller with a token of the emulator's tenant. */
export async function createCaller(emulatorHome: string, scoringUri: string): Promise<Endpoint> {
  const token = await callerToken(emulatorHome);
  const bytes = new Map<string, Uint8Array<ArrayBuffer>>();

  async function one(picture: string, deployment: string | undefined): Promise<Answer> {
    const content = bytes.get(picture) ?? new Uint8Array(readFileSync(picture));
    bytes.set(picture, content);
    const body = new FormData();
    body.set("image", new Blob([content]), basename(picture));
    const headers = {
      authorization: `Bearer ${token}`,
      ...(deployment === undefined ? {} : { "azureml-model-deployment": deployment }),
    };
    const answer = await fetch(scoringUri, { method: "POST", headers, body });
    const { prediction } = (await answer.json()) as { prediction?: string };
    return { picture, status: answer.status, deployment: answer.headers.get("azureml-model-deployment"), prediction };
  }

  /** Several workers take pictures from one list. */
  async function post(pictures: readonly string[], options: Options = {}): Promise<Answer[]> {
    const answers: Answer[] = [];
    const queue = pictures.entries();
    const worker = async () => {
      for (const [index, picture] of queue) answers[index] = await one(picture, options.deployment);
    };
    await Promise.all(Array.from({ length: options.atOnce ?? 4 }, worker));
    return answers;
  }

  return { post };
}
