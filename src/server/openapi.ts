import { imageSize } from "../preprocessing.ts";
import { errorCodes } from "./errors.ts";

/** The server's description of itself, OpenAPI 3.1. */
export function openapi(labels: readonly string[]) {
  const json = (schema: object) => ({ content: { "application/json": { schema } } });
  const status = { type: "object", required: ["status"], properties: { status: { type: "string" } } };
  return {
    openapi: "3.1.0",
    info: { title: "Picture classifier", version: "1" },
    paths: {
      "/predict": {
        post: {
          summary: "What is on the picture",
          requestBody: { required: true, content: requestContent() },
          responses: {
            200: { description: "The likeliest class, and how likely each is", ...json(predictionSchema(labels)) },
            ...errorResponses(json),
          },
        },
      },
      "/health": {
        get: { summary: "The process lives", responses: { 200: { description: "It does", ...json(status) } } },
      },
      "/ready": {
        get: {
          summary: "Requests may be sent",
          responses: {
            200: { description: "Yes", ...json(status) },
            503: { description: "Stopping", ...json(status) },
          },
        },
      },
      "/metrics": { get: { summary: "Counts, Prometheus text", responses: { 200: { description: "Counts so far" } } } },
    },
  };
}

function requestContent(): object {
  const image = {
    type: "string",
    format: "binary",
    description: "JPEG, PNG or WebP, at most 10 MB and 25 million pixels",
  };
  const nested = [imageSize, imageSize, 3, 1].reduce<object>(
    (items, length) => ({ type: "array", minItems: length, maxItems: length, items }),
    { type: "number", minimum: 0, maximum: 1 },
  );
  return {
    "multipart/form-data": { schema: { type: "object", required: ["image"], properties: { image } } },
    "application/json": { schema: { type: "object", required: ["input"], properties: { input: nested } } },
  };
}

function predictionSchema(labels: readonly string[]): object {
  const share = { type: "number", minimum: 0, maximum: 1 };
  return {
    type: "object",
    required: ["prediction", "probabilities"],
    properties: {
      prediction: { enum: labels },
      probabilities: {
        type: "object",
        required: labels,
        properties: Object.fromEntries(labels.map((name) => [name, share])),
      },
    },
  };
}

function errorResponses(json: (schema: object) => object): object {
  const statuses = [...new Set(Object.values(errorCodes).map(({ status }) => status))].filter(
    (status) => status !== 404,
  );
  return Object.fromEntries(
    statuses.map((status) => {
      const codes = Object.entries(errorCodes).filter(([, code]) => code.status === status);
      const error = {
        type: "object",
        required: ["code", "message"],
        properties: { code: { enum: codes.map(([name]) => name) }, message: { type: "string" } },
      };
      const description = codes.map(([name, { about }]) => `${name}: ${about}`).join("; ");
      return [status, { description, ...json({ type: "object", required: ["error"], properties: { error } }) }];
    }),
  );
}
