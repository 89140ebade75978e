import { BlockList, isIPv4 } from "node:net";
import { z } from "zod";
import { type Arm, propertiesOf, type ResourceType, withProperties } from "../arm.ts";
import { AzureError } from "../errors.ts";
import { checked } from "../handlers/body.ts";
import type { Stored } from "../store.ts";

const Prefix = z
  .string()
  .refine((text) => sizeOf(text) !== undefined, { error: "an IPv4 range such as 10.0.0.0/24 is allowed" });
const Reference = z.looseObject({ id: z.string() });

const VirtualNetwork = z.looseObject({
  addressSpace: z.looseObject({ addressPrefixes: z.array(Prefix).min(1) }),
  subnets: z
    .array(z.looseObject({ name: z.string(), properties: z.looseObject({ addressPrefix: Prefix }) }))
    .optional(),
});

/** Virtual networks with their subnets. */
const virtualNetworks: ResourceType = {
  type: "Microsoft.Network/virtualNetworks",
  place: "group",
  located: true,
  complete: (_, draft) => {
    const { addressSpace, subnets = [] } = checked(VirtualNetwork, draft.fields["properties"] ?? {}, "properties");
    for (const { name, properties } of subnets) {
      const { addressPrefix } = properties;
      if (addressSpace.addressPrefixes.some((range) => contains(range, addressPrefix))) continue;
      throw new AzureError(
        400,
        "NetcfgInvalidSubnet",
        `Subnet '${name}' is not valid because its IP address range is outside the IP address range of virtual network '${draft.name}'.`,
      );
    }
    const identified = subnets.map((subnet) => ({ ...subnet, id: `${draft.id}/subnets/${subnet.name}` }));
    return withProperties(draft, { subnets: identified });
  },
  leave: (arm, network) => {
    const user = arm.store
      .under(groupOf(network.id))
      .find(({ type, fields }) => type === privateEndpoints.type && subnetIn(fields).startsWith(`${key(network.id)}/`));
    if (user === undefined) return;
    throw new AzureError(
      400,
      "InUseSubnetCannotBeDeleted",
      `Subnet ${subnetIn(user.fields)} is in use by ${user.id} and cannot be deleted. In order to delete the subnet, delete all the resources within the subnet.`,
    );
  },
};

/** What may be reached by a private endpoint: type of resource → its group ids. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  "Microsoft.MachineLearningServices/workspaces": ["amlworkspace"],
  "Microsoft.Storage/storageAccounts": ["blob", "dfs", "file", "queue", "table", "web"],
  "Microsoft.KeyVault/vaults": ["vault"],
  "Microsoft.ContainerRegistry/registries": ["registry"],
};

const PrivateEndpoint = z.looseObject({
  subnet: Reference,
  privateLinkServiceConnections: z
    .array(
      z.looseObject({
        name: z.string(),
        properties: z.looseObject({ privateLinkServiceId: z.string(), groupIds: z.array(z.string()).length(1) }),
      }),
    )
    .min(1),
});

/** Private endpoints. Their connections are approved at once, as in a subscription of one's own. */
const privateEndpoints: ResourceType = {
  type: "Microsoft.Network/privateEndpoints",
  place: "group",
  located: true,
  complete: (arm, draft) => {
    const properties = checked(PrivateEndpoint, draft.fields["properties"] ?? {}, "properties");
    const [networkId = "", subnet = ""] = properties.subnet.id.split(/\/subnets\//i);
    const network = referred(arm, draft, networkId, virtualNetworks.type);
    const names = (propertiesOf(network)["subnets"] as { name: string }[]).map(({ name }) => name.toLowerCase());
    if (!names.includes(subnet.toLowerCase())) throw missing(draft, properties.subnet.id);
    for (const { properties: connection } of properties.privateLinkServiceConnections) {
      checkTarget(arm, draft, connection.privateLinkServiceId, connection.groupIds[0] ?? "");
    }
    return draft;
  },
};

const ZoneGroup = z.looseObject({
  privateDnsZoneConfigs: z
    .array(z.looseObject({ name: z.string(), properties: z.looseObject({ privateDnsZoneId: z.string() }) }))
    .min(1),
});

/** Which zones a private endpoint writes its names into. */
const zoneGroups: ResourceType = {
  type: "Microsoft.Network/privateEndpoints/privateDnsZoneGroups",
  place: "group",
  complete: (arm, draft) => {
    const { privateDnsZoneConfigs } = checked(ZoneGroup, draft.fields["properties"] ?? {}, "properties");
    for (const { properties } of privateDnsZoneConfigs) {
      referred(arm, draft, properties.privateDnsZoneId, privateDnsZones.type);
    }
    return draft;
  },
};

const privateDnsZones: ResourceType = {
  type: "Microsoft.Network/privateDnsZones",
  place: "group",
  located: true,
  complete: (_, draft) => everywhere(draft),
};

const ZoneLink = z.looseObject({ virtualNetwork: Reference, registrationEnabled: z.boolean() });

/** Which networks ask a zone. */
const zoneLinks: ResourceType = {
  type: "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
  place: "group",
  located: true,
  complete: (arm, draft) => {
    const { virtualNetwork } = checked(ZoneLink, draft.fields["properties"] ?? {}, "properties");
    referred(arm, draft, virtualNetwork.id, virtualNetworks.type);
    return withProperties(everywhere(draft), { virtualNetworkLinkState: "Completed" });
  },
};

/** Types of Microsoft.Network. Nothing is routed: who may reach what is kept and not enforced. */
export const networkTypes: readonly ResourceType[] = [
  virtualNetworks,
  privateEndpoints,
  zoneGroups,
  privateDnsZones,
  zoneLinks,
];

function checkTarget(arm: Arm, endpoint: Stored, id: string, group: string): void {
  const target = arm.store.get(id);
  if (target === undefined) throw missing(endpoint, id);
  const groups = GROUPS[target.type] ?? [];
  if (!groups.includes(group)) {
    throw new AzureError(
      400,
      "PrivateEndpointInvalidGroupId",
      `Private endpoint '${endpoint.id}' asks for group '${group}' of '${id}'; ${groups.join(", ") || "none"} can be had.`,
    );
  }
  const sku = target.fields["sku"] as { name?: string } | undefined;
  if (target.type === "Microsoft.ContainerRegistry/registries" && sku?.name !== "Premium") {
    throw new AzureError(
      400,
      "FeatureNotSupported",
      `Private endpoint connections are supported by registries of SKU Premium; '${target.name}' is ${String(sku?.name)}.`,
    );
  }
}

function referred(arm: Arm, by: Stored, id: string, type: string): Stored {
  const found = arm.store.get(id);
  if (found?.type !== type) throw missing(by, id);
  return found;
}

function missing(by: Stored, id: string): AzureError {
  return new AzureError(
    400,
    "InvalidResourceReference",
    `Resource ${id} referenced by resource ${by.id} was not found. Please make sure that the referenced resource exists, and that both resources are in the same region.`,
  );
}

function everywhere(draft: Stored): Stored {
  if (draft.location === "global") return draft;
  throw new AzureError(
    400,
    "LocationNotAvailableForResourceType",
    `The provided location '${draft.location}' is not available for resource type '${draft.type}'. List of available regions for the resource type is 'global'.`,
  );
}

function sizeOf(prefix: string): number | undefined {
  const [address = "", bits = ""] = prefix.split("/");
  const size = Number(bits);
  return isIPv4(address) && /^\d{1,2}$/.test(bits) && size <= 32 ? size : undefined;
}

function contains(range: string, prefix: string): boolean {
  const [address = ""] = range.split("/");
  const list = new BlockList();
  list.addSubnet(address, sizeOf(range) ?? 32, "ipv4");
  return (sizeOf(prefix) ?? 0) >= (sizeOf(range) ?? 32) && list.check(prefix.split("/")[0] ?? "", "ipv4");
}

function subnetIn(fields: Stored["fields"]): string {
  const { subnet } = propertiesOf({ fields } as Stored) as { subnet?: { id?: string } };
  return key(subnet?.id ?? "");
}

const key = (id: string) => id.toLowerCase();
const groupOf = (id: string) => id.split("/").slice(0, 5).join("/");
