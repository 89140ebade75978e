import { type ArmOptions, armGet, isNotFound } from "../azure.ts";
import type { Capacity } from "../capacity.ts";
import { messageOf } from "../errors.ts";
import { ML_API_VERSION, workspaceId } from "../workspace.ts";
import type { Findings } from "./findings.ts";
import { type CoreUsage, checkQuota, type Deployed } from "./quota.ts";

const VAULT_API_VERSION = "2024-11-01";
/** Milliseconds for all questions: a preview must not wait for an answer that only might be useful. */
const PATIENCE_MS = 3_000;

/** Where the stack's resources are, or will be. */
export interface Place {
  readonly subscription: string;
  readonly location: string;
  readonly names: { readonly resourceGroup: string; readonly workspace: string; readonly vault: string };
  readonly endpointName: string;
}

/**
 * Asks Azure, in one round of parallel questions, what would stop an update half-way: quota, and names that deleted things
 * still hold. What cannot be asked, for lack of a right or of an answer, is a warning and no refusal: who may preview
 * need not be allowed to read a subscription's quota, and Azure itself refuses in the end.
 */
export async function askAzure(place: Place, demand: Capacity, options: ArmOptions = {}): Promise<Findings> {
  const asked: ArmOptions = { attempts: 1, requestTimeoutMs: PATIENCE_MS, ...options };
  const [usages, deployed, vault] = await Promise.allSettled([
    usagesOf(place, asked),
    deploymentsOf(place, asked),
    isVaultDeleted(place, asked),
  ]);
  const warnings: string[] = [];
  const unasked = (what: string, { reason }: PromiseRejectedResult) =>
    warnings.push(`${what} could not be checked before the update: ${messageOf(reason)}`);

  if (vault.status === "rejected") unasked(`whether the name of vault ${place.names.vault} is free`, vault);
  const refusals = vault.status === "fulfilled" && vault.value ? [deletedVault(place)] : [];
  const failed = [usages, deployed].find((one) => one.status === "rejected");
  if (failed !== undefined) unasked("quota", failed);
  if (usages.status !== "fulfilled" || deployed.status !== "fulfilled") return { refusals, warnings };
  const quota = checkQuota(demand, usages.value, deployed.value);
  return { refusals: [...refusals, ...quota.refusals], warnings: [...warnings, ...quota.warnings] };
}

async function usagesOf({ subscription, location }: Place, options: ArmOptions): Promise<CoreUsage[]> {
  type Answer = { value?: { id?: string; name?: { value?: string }; currentValue?: number; limit?: number }[] };
  const path = `/subscriptions/${subscription}/providers/Microsoft.MachineLearningServices/locations/${location}/usages`;
  const { value = [] } = await armGet<Answer>(path, ML_API_VERSION, options);
  return value.flatMap(({ id = "", name, currentValue, limit }) => {
    // Rows of single workspaces share out what the subscription has.
    if (/\/workspaces\//i.test(id) || name?.value === undefined) return [];
    return currentValue === undefined || limit === undefined
      ? []
      : [{ name: name.value, current: currentValue, limit }];
  });
}

async function deploymentsOf({ subscription, names, endpointName }: Place, options: ArmOptions): Promise<Deployed[]> {
  type Answer = { value?: { properties?: { instanceType?: string }; sku?: { capacity?: number } }[] };
  const { resourceGroup, workspace } = names;
  const endpoint = `${workspaceId({ subscription, resourceGroup, workspace })}/onlineEndpoints/${endpointName}`;
  const { value = [] } = await armGet<Answer>(`${endpoint}/deployments`, ML_API_VERSION, options).catch(noneIfMissing);
  return value.flatMap(({ properties, sku }) =>
    properties?.instanceType === undefined
      ? []
      : [{ instanceType: properties.instanceType, instances: sku?.capacity ?? 1 }],
  );
}

/** Before the first update there is no endpoint, no workspace and no group to have deployments. */
function noneIfMissing(error: unknown): { value?: [] } {
  if (isNotFound(error)) return {};
  throw error;
}

async function isVaultDeleted({ subscription, location, names }: Place, options: ArmOptions): Promise<boolean> {
  const path = `/subscriptions/${subscription}/providers/Microsoft.KeyVault/locations/${location}/deletedVaults/${names.vault}`;
  try {
    await armGet(path, VAULT_API_VERSION, options);
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

function deletedVault({ names, location }: Place): string {
  return (
    `a deleted key vault still holds the name ${names.vault}. Take it back with ` +
    `\`az keyvault recover --name ${names.vault} --location ${location}\` and import it, or give it up with ` +
    `\`az keyvault purge --name ${names.vault} --location ${location}\` (not possible under purge protection)`
  );
}
