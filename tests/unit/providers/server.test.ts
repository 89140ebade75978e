import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { credentials, type Metadata, type ServiceError } from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import status from "@pulumi/pulumi/proto/status_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import { Incomplete, type Provider, type ResourceType } from "../../../emulator/providers/provider.ts";
import { type ProviderServer, serveProvider } from "../../../emulator/providers/server.ts";
import { fromStruct, type Properties, toStruct } from "../../../emulator/providers/values.ts";
import { wire } from "../../../emulator/providers/wire.ts";

const thing: ResourceType = {
  replaceOn: ["size"],
  check: (inputs) =>
    Promise.resolve({ inputs, failures: inputs["bad"] === true ? [{ property: "bad", reason: "is bad" }] : [] }),
  preview: (inputs) => ({ ...inputs, previewed: true }),
  deleteBeforeReplace: () => true,
  async create(inputs, call) {
    if (inputs["half"] === true)
      throw new Incomplete("half made", { id: "half", inputs, outputs: { state: "Failed" } });
    return { id: "made", outputs: { ...inputs, region: call.session.settings["region"] ?? "none" } };
  },
  read: () => Promise.resolve(undefined),
  update: (_known, inputs) => Promise.resolve(inputs),
  delete: () => Promise.reject(Object.assign(new Error("still in use"), { name: "Conflict" })),
};

const provider: Provider = {
  name: "toy",
  version: "1.2.3",
  settings: ["region"],
  resources: new Map([["toy:index:Thing", thing]]),
  functions: new Map(),
};

describe("a provider's server", () => {
  let server: ProviderServer;
  const clients: ResourceProviderClient[] = [];
  const connect = () => {
    // Channels to one address are shared unless told otherwise, and an engine has its own.
    const options = { "grpc.use_local_subchannel_pool": 1 };
    const client = new ResourceProviderClient(`127.0.0.1:${server.port}`, credentials.createInsecure(), options);
    clients.push(client);
    return client;
  };
  const create = (client: ResourceProviderClient, properties: Properties, preview = false) => {
    const request = new wire.CreateRequest()
      .setType("toy:index:Thing")
      .setProperties(toStruct(properties))
      .setPreview(preview);
    return promisify<typeof request, InstanceType<typeof wire.CreateResponse>>(client.create.bind(client))(request);
  };
  const configure = (client: ResourceProviderClient, settings: Properties) => {
    const request = new wire.ConfigureRequest().setArgs(toStruct(settings));
    return promisify<typeof request, InstanceType<typeof wire.ConfigureResponse>>(client.configure.bind(client))(
      request,
    );
  };

  before(async () => {
    server = await serveProvider(provider, 0, () => undefined);
  });
  after(async () => {
    for (const client of clients) client.close();
    await server.close();
  });

  it("tells its SDK's version", async () => {
    const client = connect();
    const info = await new Promise((resolve, reject) =>
      client.getPluginInfo(new empty.Empty(), (error, answer) =>
        error ? reject(error) : resolve(answer.getVersion()),
      ),
    );
    assert.equal(info, "1.2.3");
  });

  it("keeps apart what two engines configured", async () => {
    const [one, two] = [connect(), connect()];
    await configure(one, { region: "eu-west-1" });
    await configure(two, { region: "us-east-1" });
    assert.deepEqual(fromStruct((await create(one, {})).getProperties()), { region: "eu-west-1" });
    assert.deepEqual(fromStruct((await create(two, {})).getProperties()), { region: "us-east-1" });
  });

  it("previews without an id and without creating", async () => {
    const answer = await create(connect(), { half: true }, true);
    assert.deepEqual([answer.getId(), fromStruct(answer.getProperties())], ["", { half: true, previewed: true }]);
  });

  it("tells the engine what stands there when a creation fails half-way", async () => {
    const error = await create(connect(), { half: true }).then(
      () => assert.fail(),
      (reason: ServiceError) => reason,
    );
    assert.match(error.message, /half made/);
    const [bytes] = (error.metadata as Metadata).get("grpc-status-details-bin");
    const [detail] = status.Status.deserializeBinary(bytes as Buffer).getDetailsList();
    const failed = wire.ErrorResourceInitFailed.deserializeBinary(detail?.getValue_asU8() ?? new Uint8Array());
    assert.deepEqual([failed.getId(), fromStruct(failed.getProperties())], ["half", { state: "Failed" }]);
  });

  it("gives changes with their paths and what they need", async () => {
    const client = connect();
    const request = new wire.DiffRequest().setType("toy:index:Thing").setId("made");
    request.setOldInputs(toStruct({ size: 1, tags: { a: "1" } })).setNews(toStruct({ size: 2, tags: { a: "2" } }));
    const answer = await promisify<typeof request, InstanceType<typeof wire.DiffResponse>>(client.diff.bind(client))(
      request,
    );
    const { UPDATE, UPDATE_REPLACE } = wire.PropertyDiff.Kind;
    const details: [string, number][] = [];
    answer.getDetaileddiffMap().forEach((detail, path) => {
      details.push([path, detail.getKind()]);
    });
    assert.deepEqual(details, [
      ["size", UPDATE_REPLACE],
      ["tags.a", UPDATE],
    ]);
    assert.deepEqual([answer.getReplacesList(), answer.getDeletebeforereplace()], [["size"], true]);
  });

  it("names the types it offers when asked for another", async () => {
    const client = connect();
    const request = new wire.CheckRequest().setType("toy:index:Other");
    const check = promisify<typeof request, unknown>(client.check.bind(client));
    await assert.rejects(
      check(request),
      /does not offer the resource type `toy:index:Other`; it offers toy:index:Thing\. Types are added in emulator\/providers\/toy\//,
    );
  });

  it("refuses settings that it would not honour", async () => {
    const client = connect();
    const request = new wire.CheckRequest().setNews(toStruct({ region: "x", endpoints: "[]", version: "1.2.3" }));
    const check = promisify<typeof request, InstanceType<typeof wire.CheckResponse>>(client.checkConfig.bind(client));
    const failures = (await check(request)).getFailuresList().map((failure) => failure.getProperty());
    assert.deepEqual(failures, ["endpoints"]);
  });

  it("answers a read of what has gone with no id, and names a failed deletion", async () => {
    const client = connect();
    const read = new wire.ReadRequest().setType("toy:index:Thing").setId("made");
    const answer = await promisify<typeof read, InstanceType<typeof wire.ReadResponse>>(client.read.bind(client))(read);
    assert.equal(answer.getId(), "");
    const request = new wire.DeleteRequest().setType("toy:index:Thing").setId("made");
    await assert.rejects(
      promisify<typeof request, unknown>(client.delete.bind(client))(request),
      /Conflict: still in use/,
    );
  });
});
