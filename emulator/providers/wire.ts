/**
 * The engine's provider protocol. The generated files are CommonJS without static exports, so that values come as default
 * imports and types apart; this is the one place that knows.
 */
import engineMessages from "@pulumi/pulumi/proto/engine_pb.js";
import plugin from "@pulumi/pulumi/proto/plugin_pb.js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import statusMessages from "@pulumi/pulumi/proto/status_pb.js";
import any from "google-protobuf/google/protobuf/any_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";

export { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb.js";
export type { PluginAttach } from "@pulumi/pulumi/proto/plugin_pb.js";
export { type IResourceProviderServer, ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb.js";
export type * from "@pulumi/pulumi/proto/provider_pb.js";

export const { LogRequest, LogSeverity } = engineMessages;
export const { PluginInfo } = plugin;
export const { Status } = statusMessages;
export const { Any } = any;
export const { Empty } = empty;
export const wire = messages;
