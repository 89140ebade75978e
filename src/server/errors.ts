/** Every error the server answers with: its code, status, and when it is given. */
export const errorCodes = {
  bad_request: { status: 400, about: "the body is no JSON or no multipart form" },
  missing_image: { status: 400, about: "the form has no file in the field `image`" },
  not_found: { status: 404, about: "no such path or method" },
  too_large: { status: 413, about: "the body is larger than 10 MB" },
  unsupported: { status: 415, about: "neither form nor JSON, or a picture that is not JPEG, PNG or WebP" },
  bad_image: { status: 422, about: "the picture does not decode" },
  bad_tensor: { status: 422, about: "`input` is not [1,3,224,224] numbers in [0,1]" },
  overloaded: { status: 429, about: "too many requests wait already; try again after `Retry-After` seconds" },
  bad_model_output: { status: 500, about: "the model gave something else than probabilities" },
  internal: { status: 500, about: "a fault of the server; its log has more" },
} as const;

export type ErrorCode = keyof typeof errorCodes;

/** An error to tell the client about. */
export class RequestError extends Error {
  override readonly name = "RequestError";
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** The web framework's own errors in our words; undefined for what is a fault of the server. */
export function fromFramework(error: unknown): RequestError | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, statusCode } = error as Error & { code?: string; statusCode?: number };
  if (statusCode === 413) return new RequestError("too_large", "the body is larger than 10 MB; send a smaller picture");
  if (statusCode === 415 || code === "FST_INVALID_MULTIPART_CONTENT_TYPE") {
    return new RequestError(
      "unsupported",
      "send multipart/form-data with a file `image`, or application/json with `input`",
    );
  }
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new RequestError("bad_request", error.message);
  }
  return undefined;
}
