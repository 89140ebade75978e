import * as pulumi from "@pulumi/pulumi";
import { type Shares, spelledOut, TRAFFIC_TYPE } from "../delivery/traffic.ts";

/** Arguments of {@link EndpointTraffic}. */
export interface EndpointTrafficArgs {
  /** ARM id of the endpoint. */
  readonly endpointId: pulumi.Input<string>;
  /** Version of the model by deployment: all that are configured. One that `traffic` does not name has 0. */
  readonly models: Readonly<Record<string, string>>;
  /** By deployment, the image and the VM size that it runs on. */
  readonly runs: Readonly<Record<string, string>>;
  /** Percent of requests by deployment. */
  readonly traffic: Shares;
  /** Percent of requests copied to a deployment without traffic. */
  readonly mirror: Shares;
  /**
   * The endpoint's own settings. Azure drops the traffic of an endpoint whose settings are written without it, as the
   * provider does: when they change, the traffic is written again after them.
   */
  readonly settings: Readonly<Record<string, string>>;
  /** How many earlier deployments a removal has to leave for the way back. */
  readonly keepPrevious: number;
}

/**
 * Who serves an endpoint's requests. A resource of its own, as Azure takes traffic only for deployments that are up:
 * it comes after them, and goes before them.
 *
 * Costs nothing. Deleting it takes all traffic off: callers get 404 until there is some again.
 */
export class EndpointTraffic extends pulumi.CustomResource {
  static readonly type = TRAFFIC_TYPE;

  /** Percent of requests by deployment, every configured one named. */
  declare readonly traffic: pulumi.Output<Shares>;

  constructor(name: string, args: EndpointTrafficArgs, opts?: pulumi.CustomResourceOptions) {
    const { endpointId, models, runs, mirror, settings, keepPrevious } = args;
    const traffic = spelledOut(args.traffic, Object.keys(models));
    const inputs = { endpointId, models, runs, traffic, mirror, settings, keepPrevious };
    super(EndpointTraffic.type, name, { ...inputs, __provider: provider }, opts);
  }
}

/**
 * A dynamic provider as the engine keeps it: a CommonJS module's text whose `handler` gives the provider.
 * `pulumi.dynamic.Resource` would make this text of a provider's closures. Written by hand it stays the same from one
 * version of the code to the next, needs no TypeScript compiler at every preview, and finds the code by the folder that
 * the engine works in, which is the project's.
 */
const provider = 'exports.handler = () => require(process.cwd() + "/components/traffic-provider.ts");';
