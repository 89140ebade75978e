import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { armGet } from "../../../delivery/azure.ts";
import { readTraffic } from "../../../delivery/traffic.ts";
import type { Project } from "../program/project.ts";
import { endpointId, groupId } from "./enter.ts";

/** The names of the endpoint's deployments that Azure has. */
export async function deployments(): Promise<string[]> {
  const { value } = await armGet<{ value: { name: string }[] }>(`${endpointId()}/deployments`, "2025-12-01");
  return value.map(({ name }) => name).sort();
}

export async function traffic(): Promise<Readonly<Record<string, number>>> {
  return (await readTraffic(endpointId()))?.traffic ?? {};
}

/** Looks at the endpoint all the time, and remembers what clients must never meet. */
export function watchEndpoint(): { readonly stop: () => Promise<{ looks: number; wrong: string[] }> } {
  let running = true;
  let looks = 0;
  const wrong: string[] = [];
  const done = (async () => {
    while (running) {
      const [shares, there] = [await traffic(), await deployments()];
      looks += 1;
      const sum = Object.values(shares).reduce((total, share) => total + share, 0);
      if (sum !== 100) wrong.push(`traffic adds up to ${sum}: ${JSON.stringify(shares)}`);
      const lost = Object.keys(shares).filter((name) => !there.includes(name));
      // The two answers are of two moments: only what is still so is wrong.
      const now = lost.length > 0 ? await traffic() : {};
      for (const name of lost) if ((now[name] ?? 0) > 0) wrong.push(`${name} has traffic and is gone`);
      await delay(100);
    }
  })();
  return {
    async stop() {
      running = false;
      await done;
      return { looks, wrong };
    },
  };
}

/** What Azure makes by itself around what it is asked for. */
const ownOfAzure = ({ type, id }: { readonly type: string; readonly id: string }) =>
  /\/(datastores|models|environments)$/i.test(type) || /\/containers\/azureml[^/]*$/i.test(id);

/** Fails unless Azure has exactly the resources that state has. */
export async function assertNoOrphans(project: Project, stack: string): Promise<void> {
  const { value } = await armGet<{ value: { id: string; type: string }[] }>(`${groupId()}/resources`, "2021-04-01");
  const cloud = value.filter((one) => !ownOfAzure(one)).map(({ id }) => id.toLowerCase());
  const { deployment } = JSON.parse(await project.succeeds("stack", "export", "--stack", stack)) as {
    deployment: { resources: { type: string; id?: string }[]; pending_operations?: unknown[] };
  };
  const state = deployment.resources
    .filter(({ type }) => type.startsWith("azure-native:"))
    .map(({ id }) => (id ?? "").toLowerCase());
  assert.deepEqual(
    cloud.filter((id) => !state.includes(id)),
    [],
    "Azure has what state has not",
  );
  assert.deepEqual(deployment.pending_operations ?? [], []);
}
