import { type AzureKind, azureKind } from "./kinds.ts";

const apiVersion = "2024-05-01";
const endpoint = "Microsoft.Network/privateEndpoints/{privateEndpointName}";
const zone = "Microsoft.Network/privateDnsZones/{privateZoneName}";
const tracked = { body: "flat", envelope: ["location", "tags"] } as const;

/** Rows for Microsoft.Network, which the SDK calls `network` and `privatedns`. */
export const network: Readonly<Record<string, AzureKind>> = {
  "azure-native:network:VirtualNetwork": azureKind({
    ...tracked,
    path: "Microsoft.Network/virtualNetworks/{virtualNetworkName}",
    apiVersion,
    wrapped: ["subnets"],
    computed: ["etag", "provisioningState", "resourceGuid"],
  }),
  "azure-native:network:PrivateEndpoint": azureKind({
    ...tracked,
    path: endpoint,
    apiVersion,
    wrapped: ["privateLinkServiceConnections", "manualPrivateLinkServiceConnections"],
    computed: ["etag", "networkInterfaces", "provisioningState"],
    replaceOn: ["subnet"],
  }),
  "azure-native:network:PrivateDnsZoneGroup": azureKind({
    path: `${endpoint}/privateDnsZoneGroups/{privateDnsZoneGroupName}`,
    apiVersion,
    body: "flat",
    envelope: [],
    wrapped: ["privateDnsZoneConfigs"],
    computed: ["etag", "provisioningState"],
  }),
  "azure-native:privatedns:PrivateZone": azureKind({
    ...tracked,
    path: zone,
    apiVersion: "2024-06-01",
    computed: ["etag", "numberOfRecordSets", "provisioningState"],
  }),
  "azure-native:privatedns:VirtualNetworkLink": azureKind({
    ...tracked,
    path: `${zone}/virtualNetworkLinks/{virtualNetworkLinkName}`,
    apiVersion: "2024-06-01",
    computed: ["etag", "provisioningState", "virtualNetworkLinkState"],
    replaceOn: ["virtualNetwork"],
  }),
};
