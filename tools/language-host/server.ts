import { Server, ServerCredentials, type UntypedServiceImplementation } from "@grpc/grpc-js";
import { LanguageRuntimeService } from "@pulumi/pulumi/proto/language_grpc_pb.js";
import { languageRuntime } from "./service.ts";

/** The engine's own limit for a message; a large stack's config or a plugin's schema passes gRPC's default of 4 MiB. */
const MAX_MESSAGE_BYTES = 400 * 1024 * 1024;

/** Serves LanguageRuntime on a free loopback port; `engine` is the address that programs report to. */
export async function createServer(engine: string): Promise<{ port: number }> {
  const server = new Server({
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
  });
  // gRPC answers UNIMPLEMENTED, which the engine knows how to take, for the methods that are not here: code
  // generation and the packing of component packages are no part of running a program.
  server.addService(LanguageRuntimeService, languageRuntime(engine) as unknown as UntypedServiceImplementation);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return { port };
}
