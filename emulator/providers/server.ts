import { type handleUnaryCall, Server, ServerCredentials, type ServerUnaryCall, status } from "@grpc/grpc-js";
import type { Struct } from "google-protobuf/google/protobuf/struct_pb.js";
import { toServiceError } from "./engine-errors.ts";
import * as operations from "./operations.ts";
import type { Call, Checked, Known, Provider } from "./provider.ts";
import { createSessions, type Sessions } from "./sessions.ts";
import { fromStruct, type Properties, toStruct } from "./values.ts";
import type * as Wire from "./wire.ts";
import { Empty, type IResourceProviderServer, PluginInfo, ResourceProviderService, wire } from "./wire.ts";

/** How long one call may take where the program sets no `customTimeouts`: azure-native's own limit. */
const defaultTimeoutSeconds = 7200;

/** A provider that an engine can attach to. */
export interface ProviderServer {
  readonly port: number;
  /** Lets calls in flight end, for at most `graceMs`, then closes. Safe to call twice. */
  close(graceMs?: number): Promise<void>;
}

/** Serves the provider on 127.0.0.1. `onCall` runs at every call. */
export async function serveProvider(provider: Provider, port: number, onCall: () => void): Promise<ProviderServer> {
  const server = new Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
  const sessions = createSessions();
  server.addService(ResourceProviderService, implementation(provider, sessions, onCall));
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, actual) => {
      if (error)
        reject(new Error(`provider \`${provider.name}\` cannot listen on 127.0.0.1:${port}: ${error.message}`));
      else resolve(actual);
    });
  });
  return { port: bound, close: (graceMs = 5000) => close(server, sessions, graceMs) };
}

function close(server: Server, sessions: Sessions, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => server.forceShutdown(), graceMs);
    server.tryShutdown(() => {
      clearTimeout(force);
      sessions.close();
      resolve();
    });
  });
}

function implementation(provider: Provider, sessions: Sessions, onCall: () => void): IResourceProviderServer {
  const unary =
    <Q, A>(answer: (request: Q, peer: string) => A | Promise<A>): handleUnaryCall<Q, A> =>
    (call: ServerUnaryCall<Q, A>, callback) => {
      onCall();
      Promise.resolve()
        .then(() => answer(call.request, call.getPeer()))
        .then(
          (result) => callback(null, result),
          (error: unknown) => callback(toServiceError(error)),
        );
    };
  const refused = (name: string) => (_call: unknown, callback: (error: { code: number; details: string }) => void) =>
    callback({ code: status.UNIMPLEMENTED, details: `the emulator's providers do not offer ${name}` });
  const typeOf = (request: { getType(): string }) => operations.resourceType(provider, request.getType());
  const callOf = (request: { getUrn(): string; getTimeout?(): number }, peer: string): Call => {
    const seconds = request.getTimeout?.() || defaultTimeoutSeconds;
    return { urn: request.getUrn(), session: sessions.get(peer), deadline: Date.now() + seconds * 1000 };
  };

  return {
    handshake: unary((request: Wire.ProviderHandshakeRequest, peer) => {
      sessions.attach(peer, request.getEngineAddress());
      return negotiated(new wire.ProviderHandshakeResponse());
    }),
    attach: unary((request: Wire.PluginAttach, peer) => {
      sessions.attach(peer, request.getAddress());
      return new Empty();
    }),
    getPluginInfo: unary(() => new PluginInfo().setVersion(provider.version)),
    getSchema: unary(() =>
      new wire.GetSchemaResponse().setSchema(JSON.stringify({ name: provider.name, version: provider.version })),
    ),
    checkConfig: unary((request: Wire.CheckRequest) => {
      return checkResponse(operations.checkSettings(provider, fromStruct(request.getNews()) ?? {}));
    }),
    diffConfig: unary(() => new wire.DiffResponse().setChanges(wire.DiffResponse.DiffChanges.DIFF_NONE)),
    configure: unary((request: Wire.ConfigureRequest, peer) => {
      sessions.configure(peer, operations.settingsFrom(fromStruct(request.getArgs()) ?? {}));
      return negotiated(new wire.ConfigureResponse()).setSupportspreview(true);
    }),
    invoke: unary(async (request: Wire.InvokeRequest, peer) => {
      const run = operations.invocation(provider, request.getTok());
      const result = await run(fromStruct(request.getArgs()) ?? {}, sessions.get(peer));
      return new wire.InvokeResponse().setReturn(toStruct(result));
    }),
    check: unary(async (request: Wire.CheckRequest, peer) => {
      const proposed = request.getAutonaming()?.getProposedName();
      const naming = {
        name: request.getName(),
        seed: request.getRandomseed_asU8(),
        ...(proposed === undefined || proposed === "" ? {} : { proposed }),
      };
      const [inputs, old] = [propertiesOf(request.getNews()), propertiesOf(request.getOlds())];
      return checkResponse(await operations.check(typeOf(request), inputs, old, naming, callOf(request, peer)));
    }),
    diff: unary((request: Wire.DiffRequest) => {
      const { inputs } = knownOf(request.getId(), request.getOldInputs(), request.getOlds());
      return diffResponse(operations.difference(typeOf(request), inputs, propertiesOf(request.getNews())));
    }),
    create: unary(async (request: Wire.CreateRequest, peer) => {
      const inputs = propertiesOf(request.getProperties());
      const created = await operations.create(typeOf(request), inputs, request.getPreview(), callOf(request, peer));
      return new wire.CreateResponse().setId(created.id).setProperties(toStruct(created.outputs));
    }),
    read: unary(async (request: Wire.ReadRequest, peer) => {
      const known = knownOf(request.getId(), request.getInputs(), request.getProperties());
      const found = await operations.read(typeOf(request), known, callOf(request, peer));
      // An empty id tells the engine that the resource is gone.
      if (found === undefined) return new wire.ReadResponse();
      const response = new wire.ReadResponse().setId(found.id);
      return response.setProperties(toStruct(found.outputs)).setInputs(toStruct(found.inputs));
    }),
    update: unary(async (request: Wire.UpdateRequest, peer) => {
      const known = knownOf(request.getId(), request.getOldInputs(), request.getOlds());
      const inputs = propertiesOf(request.getNews());
      const outputs = await operations.update(
        typeOf(request),
        known,
        inputs,
        request.getPreview(),
        callOf(request, peer),
      );
      return new wire.UpdateResponse().setProperties(toStruct(outputs));
    }),
    delete: unary(async (request: Wire.DeleteRequest, peer) => {
      const known = knownOf(request.getId(), request.getOldInputs(), request.getProperties());
      await typeOf(request).delete(known, callOf(request, peer));
      return new Empty();
    }),
    // Calls in flight are short against an emulator, and half-made resources are worse than a moment's wait.
    cancel: unary(() => new Empty()),
    getMapping: unary(() => new wire.GetMappingResponse()),
    getMappings: unary(() => new wire.GetMappingsResponse()),
    parameterize: refused("Parameterize"),
    call: refused("Call"),
    construct: refused("Construct"),
    list: (call) => {
      call.destroy(
        Object.assign(new Error("the emulator's providers do not offer List"), { code: status.UNIMPLEMENTED }),
      );
    },
  };
}

/** Secrets stay with the engine, which keeps them secret in state; a provider that takes them bare cannot leak their marks. */
function negotiated<T extends Wire.ProviderHandshakeResponse | Wire.ConfigureResponse>(response: T): T {
  response.setSupportsAutonamingConfiguration(true);
  return response;
}

const propertiesOf = (message: Struct | undefined): Properties => fromStruct(message) ?? {};

function knownOf(id: string, inputs: Struct | undefined, outputs: Struct | undefined): Known {
  return { id, inputs: propertiesOf(inputs), outputs: propertiesOf(outputs) };
}

function checkResponse(checked: Checked): Wire.CheckResponse {
  const response = new wire.CheckResponse().setInputs(toStruct(checked.inputs));
  for (const { property, reason } of checked.failures) {
    response.addFailures(new wire.CheckFailure().setProperty(property).setReason(reason));
  }
  return response;
}

const kinds = {
  add: [wire.PropertyDiff.Kind.ADD, wire.PropertyDiff.Kind.ADD_REPLACE],
  delete: [wire.PropertyDiff.Kind.DELETE, wire.PropertyDiff.Kind.DELETE_REPLACE],
  update: [wire.PropertyDiff.Kind.UPDATE, wire.PropertyDiff.Kind.UPDATE_REPLACE],
} as const;

function diffResponse({ changes, deleteBeforeReplace }: operations.Difference): Wire.DiffResponse {
  const { DIFF_NONE, DIFF_SOME } = wire.DiffResponse.DiffChanges;
  const response = new wire.DiffResponse().setChanges(changes.length > 0 ? DIFF_SOME : DIFF_NONE);
  response.setHasdetaileddiff(true).setDeletebeforereplace(deleteBeforeReplace);
  for (const { path, steps, kind, replace } of changes) {
    const top = String(steps[0]);
    response.addDiffs(top);
    if (replace) response.addReplaces(top);
    const detail = new wire.PropertyDiff().setKind(kinds[kind][replace ? 1 : 0]).setInputdiff(true);
    response.getDetaileddiffMap().set(path, detail);
  }
  return response;
}
