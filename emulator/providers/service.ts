import type { Service } from "../service.ts";
import { awsProvider } from "./aws/provider.ts";
import { azureNativeProvider } from "./azure-native/provider.ts";
import { commandProvider } from "./command/provider.ts";
import { gitHubProvider } from "./github/provider.ts";
import { type ProviderServer, serveProvider } from "./server.ts";
import { createSurroundings, type Surroundings } from "./surroundings.ts";

/** In the order in which they are named to the engine. */
const providers = [awsProvider, azureNativeProvider, gitHubProvider, commandProvider];

/**
 * The resource providers `aws`, `azure-native`, `github` and `command`, for engines to attach to by
 * `PULUMI_DEBUG_PROVIDERS`. Starts last: the providers call the services that started before. They keep no state.
 */
export function createProvidersService(): Service {
  let servers: ProviderServer[] = [];
  let surroundings: Surroundings | undefined;

  const stop = async () => {
    const closing = servers;
    servers = [];
    await Promise.all(closing.map((server) => server.close()));
    await surroundings?.close();
    surroundings = undefined;
  };

  return {
    name: "providers",
    async start(context) {
      if (servers.length > 0) throw new Error("the providers are running; stop them before another start");
      surroundings = createSurroundings(context);
      const addresses: string[] = [];
      try {
        for (const create of providers) {
          const provider = create(surroundings);
          const server = await serveProvider(provider, await context.port(`provider-${provider.name}`), context.touch);
          servers.push(server);
          addresses.push(`${provider.name}:${server.port}`);
          context.log(`${provider.name} ${provider.version} listens on 127.0.0.1:${server.port}`);
        }
      } catch (error) {
        await stop();
        throw error;
      }
      const variable = addresses.join(",");
      return { url: `grpc://127.0.0.1:${servers[0]?.port} (${variable})`, env: { PULUMI_DEBUG_PROVIDERS: variable } };
    },
    stop,
  };
}
