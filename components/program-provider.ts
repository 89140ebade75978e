import * as pulumi from "@pulumi/pulumi";

/**
 * Runs the resources whose providers are code of this project: {@link EndpointTraffic} and {@link RepositoryFiles}.
 *
 * The engine would start its process by itself when it meets the first of them, and let everything behind it wait.
 * Registered by name, before anything else, it starts beside the program.
 */
export class ProgramProvider extends pulumi.ProviderResource {
  constructor(name: string, opts?: pulumi.ResourceOptions) {
    super("pulumi-nodejs", name, {}, opts);
  }
}
