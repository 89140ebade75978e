import type { Invocation, Session } from "../provider.ts";
import { needText, type Properties, secret, type Value } from "../values.ts";
import { idOf } from "./body.ts";
import type { AzureSurroundings } from "./resource.ts";
import { azureKinds } from "./table.ts";
import { claims } from "./token.ts";

/** Functions that `azure-native` offers here, by token. */
export function azureFunctions(azure: AzureSurroundings): ReadonlyMap<string, Invocation> {
  const list =
    (token: string, action: string): Invocation =>
    async (inputs, session) => {
      const kind = azureKinds[token];
      if (kind === undefined) throw new Error(`no row \`${token}\` in the table of azure-native`);
      const path = `${idOf(kind, inputs, azure.subscriptionId({ session }))}/${action}`;
      return allSecret(await azure.arm().post(path, kind.apiVersion));
    };

  return new Map<string, Invocation>([
    [
      "azure-native:machinelearningservices:listOnlineEndpointKeys",
      list("azure-native:machinelearningservices:OnlineEndpoint", "listKeys"),
    ],
    ["azure-native:storage:listStorageAccountKeys", list("azure-native:storage:StorageAccount", "listKeys")],
    ["azure-native:authorization:getClientConfig", (_inputs, session) => clientConfig(azure, session)],
  ]);
}

/** Keys are secrets by nature, whatever the inputs were. */
function allSecret(answer: Properties): Properties {
  return Object.fromEntries(Object.entries(answer).map(([name, value]: [string, Value]) => [name, secret(value)]));
}

/** Who is asking, from the token that the provider itself uses. */
async function clientConfig(azure: AzureSurroundings, session: Session): Promise<Properties> {
  const who = claims(await azure.arm().token());
  return {
    clientId: needText(who, "appid"),
    objectId: needText(who, "oid"),
    tenantId: needText(who, "tid"),
    subscriptionId: azure.subscriptionId({ session }),
  };
}
