import type { Surroundings } from "../surroundings.ts";
import type { Properties } from "../values.ts";
import { element, stsApi } from "./query-api.ts";

/** Who the credentials belong to, asked of STS. */
export async function callerIdentity(surroundings: Surroundings, region: string): Promise<Properties> {
  const answer = await stsApi(surroundings, region).call("GetCallerIdentity");
  const [account = "", arn = "", userId = ""] = ["Account", "Arn", "UserId"].map((name) => element(answer, name));
  if (account === "") throw new Error(`STS GetCallerIdentity: no Account in ${answer.slice(0, 300)}`);
  return { id: account, accountId: account, arn, userId };
}
