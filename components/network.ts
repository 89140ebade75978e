import { PrivateDnsZoneGroup } from "@pulumi/azure-native/network/privateDnsZoneGroup.js";
import { PrivateEndpoint } from "@pulumi/azure-native/network/privateEndpoint.js";
import { VirtualNetwork } from "@pulumi/azure-native/network/virtualNetwork.js";
import { PrivateZone } from "@pulumi/azure-native/privatedns/privateZone.js";
import { VirtualNetworkLink } from "@pulumi/azure-native/privatedns/virtualNetworkLink.js";
import * as pulumi from "@pulumi/pulumi";

/** Arguments of {@link PrivateNetwork}. */
export interface PrivateNetworkArgs {
  readonly resourceGroupName: pulumi.Input<string>;
  readonly location: string;
  readonly tags: Record<string, string>;
  /** Name of the virtual network. */
  readonly networkName: string;
  /** IPv4 range of the network, at least a /27; one that nothing it will be joined to has. */
  readonly addressSpace: string;
  /** ARM ids of what is reached from inside. */
  readonly targets: Readonly<Record<Target, pulumi.Output<string>>>;
}

/** What a private endpoint leads to. */
export type Target = "workspace" | "blob" | "file" | "vault" | "registry";

/** Group of a private endpoint, and the zones of its names (Azure Private Link's table of zones). */
const links: Readonly<Record<Target, { readonly group: string; readonly zones: readonly string[] }>> = {
  workspace: { group: "amlworkspace", zones: ["privatelink.api.azureml.ms", "privatelink.notebooks.azure.net"] },
  blob: { group: "blob", zones: ["privatelink.blob.core.windows.net"] },
  file: { group: "file", zones: ["privatelink.file.core.windows.net"] },
  vault: { group: "vault", zones: ["privatelink.vaultcore.azure.net"] },
  registry: { group: "registry", zones: ["privatelink.azurecr.io"] },
};

const SUBNET = "private-endpoints";

/**
 * A virtual network from which a workspace and its parts are reached, and the names by which they are found there. Who
 * calls the endpoint, uploads data or runs `pulumi up` has to be in it, or in a network joined to it.
 *
 * Cost: about $7.30 a month for each of the five private endpoints, $0.50 for each of the six zones, and by the gigabyte.
 * Deleting it cuts everybody off.
 */
export class PrivateNetwork extends pulumi.ComponentResource {
  static readonly type = "ml-delivery:network:PrivateNetwork";

  /** There once every name leads to its private endpoint. */
  readonly ready: readonly pulumi.Resource[];

  constructor(name: string, args: PrivateNetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    super(PrivateNetwork.type, name, {}, opts);
    const { resourceGroupName, location, tags } = args;
    const within = { parent: this };
    const network = new VirtualNetwork(
      `${name}-vnet`,
      {
        resourceGroupName,
        location,
        tags,
        virtualNetworkName: args.networkName,
        addressSpace: { addressPrefixes: [args.addressSpace] },
        subnets: [{ name: SUBNET, addressPrefix: args.addressSpace }],
      },
      within,
    );
    const zones = new Map(
      Object.values(links).flatMap(({ zones }) =>
        zones.map((zone) => [zone, createZone(name, zone, network, args, this)]),
      ),
    );
    this.ready = Object.entries(args.targets).map(([target, id]) => {
      const { group, zones: names } = links[target as Target];
      const endpoint = new PrivateEndpoint(
        `${name}-${target}`,
        {
          resourceGroupName,
          location,
          tags,
          privateEndpointName: `${args.networkName}-${target}`,
          subnet: { id: pulumi.interpolate`${network.id}/subnets/${SUBNET}` },
          privateLinkServiceConnections: [{ name: target, privateLinkServiceId: id, groupIds: [group] }],
        },
        within,
      );
      const configs = names.map((zone) => ({ name: dashed(zone), privateDnsZoneId: zones.get(zone)?.id }));
      return new PrivateDnsZoneGroup(
        `${name}-${target}-names`,
        {
          resourceGroupName,
          privateEndpointName: endpoint.name,
          privateDnsZoneGroupName: "default",
          privateDnsZoneConfigs: configs,
        },
        within,
      );
    });
    this.registerOutputs({});
  }
}

/** A zone that the network asks. */
function createZone(
  name: string,
  zone: string,
  network: VirtualNetwork,
  { resourceGroupName, tags, networkName }: PrivateNetworkArgs,
  parent: pulumi.Resource,
): PrivateZone {
  const shared = { resourceGroupName, location: "global", tags };
  const made = new PrivateZone(`${name}-${dashed(zone)}`, { ...shared, privateZoneName: zone }, { parent });
  new VirtualNetworkLink(
    `${name}-${dashed(zone)}-link`,
    {
      ...shared,
      privateZoneName: made.name,
      virtualNetworkLinkName: networkName,
      virtualNetwork: { id: network.id },
      registrationEnabled: false,
    },
    { parent },
  );
  return made;
}

const dashed = (zone: string) => zone.replaceAll(".", "-");
