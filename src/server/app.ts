import multipart from "@fastify/multipart";
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from "fastify";
import { argmax } from "../classifier.ts";
import { errorCodes, fromFramework, RequestError } from "./errors.ts";
import { createMetrics } from "./metrics.ts";
import { openapi } from "./openapi.ts";
import type { ScoringPool } from "./pool.ts";
import type { ScoringInput } from "./scoring-worker.ts";
import { parseTensor } from "./tensor.ts";

const bodyLimit = 10_000_000;

export interface App {
  readonly server: FastifyInstance;
  /** `/ready` answers 503 from here on; everything else goes on as before. */
  stopTaking(): void;
}

/** The scoring server over a pool of workers, not yet listening. */
export async function createApp(labels: readonly string[], pool: ScoringPool): Promise<App> {
  const server = fastify({
    bodyLimit,
    logger: { level: "warn" },
    requestTimeout: 30_000,
    // Longer than load balancers keep a connection idle, so that it is never this side that closes under a request.
    keepAliveTimeout: 75_000,
    http: { headersTimeout: 10_000 },
    // What comes over an open connection while the server stops is still answered.
    return503OnClosing: false,
    forceCloseConnections: "idle",
  });
  server.server.maxConnections = 1000;
  // Forms and JSON are read; the framework would take plain text as well.
  server.removeContentTypeParser("text/plain");
  await server.register(multipart, { limits: { fileSize: bodyLimit, files: 4, fields: 16, fieldSize: 100_000 } });

  const metrics = createMetrics();
  const document = openapi(labels);
  let ready = true;

  // While the server stops, connections end with their answer; one kept open would hold the stop up.
  server.addHook("onSend", async (_, reply) => {
    if (!ready) reply.header("connection", "close");
  });
  server.post("/predict", { onRequest: refuseLarge, onResponse }, async (request, reply) => {
    const probabilities = await pool.score(await readInput(request));
    reply.header("cache-control", "no-store");
    return {
      prediction: labels[argmax(probabilities)],
      probabilities: Object.fromEntries(labels.map((label, index) => [label, probabilities[index]])),
    };
  });
  server.get("/health", () => ({ status: "healthy" }));
  server.get("/ready", (_, reply) => reply.code(ready ? 200 : 503).send({ status: ready ? "ready" : "stopping" }));
  server.get("/metrics", (_, reply) => reply.type("text/plain; version=0.0.4").send(metrics.render(pool.waiting())));
  server.get("/openapi.json", () => document);

  server.setNotFoundHandler((request, reply) =>
    sendError(reply, new RequestError("not_found", `there is no ${request.method} ${request.url.split("?")[0]} here`)),
  );
  server.setErrorHandler((error, request, reply) => {
    const known = error instanceof RequestError ? error : fromFramework(error);
    if (!known || errorCodes[known.code].status >= 500) request.log.error(error);
    return sendError(reply, known ?? new RequestError("internal", "the server failed; its log has more"));
  });

  async function onResponse(_: FastifyRequest, reply: FastifyReply): Promise<void> {
    metrics.observe(reply.statusCode, reply.elapsedTime / 1000);
  }

  return {
    server,
    stopTaking() {
      ready = false;
    },
  };
}

function sendError(reply: FastifyReply, { code, message }: RequestError): FastifyReply {
  if (code === "overloaded") reply.header("retry-after", "1");
  return reply.code(errorCodes[code].status).send({ error: { code, message } });
}

/** Multipart is read as a stream, which the framework's own limit on bodies does not see. */
async function refuseLarge(request: FastifyRequest): Promise<void> {
  if (Number(request.headers["content-length"] ?? 0) > bodyLimit) {
    throw new RequestError("too_large", `the body is larger than ${bodyLimit / 1e6} MB; send a smaller picture`);
  }
}

async function readInput(request: FastifyRequest): Promise<ScoringInput> {
  const multipartForm = request.isMultipart();
  if (!multipartForm && request.body !== undefined) return { tensor: parseTensor(request.body) };
  const bytes = multipartForm ? await readImage(request) : undefined;
  if (!bytes || bytes.length === 0) {
    const example = "send one, as curl's -F image=@leaf.jpg does";
    throw new RequestError("missing_image", `the form has no file in the field \`image\`; ${example}`);
  }
  return { bytes };
}

/** The first file in the field `image`. */
async function readImage(request: FastifyRequest): Promise<Buffer | undefined> {
  let bytes: Buffer | undefined;
  try {
    for await (const part of request.parts()) {
      if (part.type !== "file") continue;
      // A file that nobody reads would hold up the parts behind it.
      const content = await part.toBuffer();
      if (part.fieldname === "image") bytes ??= content;
    }
  } catch (error) {
    // The parser's own errors, such as a missing boundary, carry no status.
    throw (
      fromFramework(error) ?? new RequestError("bad_request", error instanceof Error ? error.message : "broken form")
    );
  }
  return bytes;
}
