import { Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { Incomplete } from "./provider.ts";
import { toStruct } from "./values.ts";
import { Any, Status, wire } from "./wire.ts";

/** An error as the engine expects it. One of an `Incomplete` carries what exists, so that state remembers it. */
export function toServiceError(error: unknown): ServiceError {
  const message = describe(error);
  const metadata = new Metadata();
  if (error instanceof Incomplete)
    metadata.add("grpc-status-details-bin", Buffer.from(details(error).serializeBinary()));
  return Object.assign(new Error(message), { code: status.UNKNOWN, details: message, metadata });
}

/** The error in words. Clients of services put their code in the name (`NoSuchBucket`), and the reason of a failed connection in `cause`. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const named =
    error.name === "Error" || error.message.startsWith(error.name) ? error.message : `${error.name}: ${error.message}`;
  return error.cause instanceof Error ? `${named}: ${error.cause.message}` : named;
}

function details(error: Incomplete): InstanceType<typeof Status> {
  const failed = new wire.ErrorResourceInitFailed();
  failed.setId(error.found.id);
  failed.setProperties(toStruct(error.found.outputs));
  failed.setInputs(toStruct(error.found.inputs));
  failed.setReasonsList([error.message]);
  const packed = new Any();
  packed.pack(failed.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const result = new Status();
  result.setCode(status.UNKNOWN);
  result.setMessage(error.message);
  result.addDetails(packed);
  return result;
}
