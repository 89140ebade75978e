import { type ImageTensor, imageSize } from "../preprocessing.ts";
import { RequestError } from "./errors.ts";

const dims = [1, 3, imageSize, imageSize] as const;

/** The tensor in a JSON body `{"input": number[1][3][224][224]}`, values in [0,1]. Throws `RequestError` `bad_tensor`. */
export function parseTensor(body: unknown): ImageTensor {
  const input = body !== null && typeof body === "object" && "input" in body ? body.input : undefined;
  if (input === undefined)
    throw new RequestError("bad_tensor", 'the body has no `input`; send {"input": [1,3,224,224] numbers}');
  const data = new Float32Array(dims[1] * dims[2] * dims[3]);
  fill(data, 0, input, 0, "input");
  return { data, dims };
}

/** Copies one nested array into its place; returns where the next one starts. */
function fill(data: Float32Array, start: number, value: unknown, depth: number, path: string): number {
  const length = dims[depth];
  if (length === undefined) {
    if (typeof value !== "number" || !(value >= 0 && value <= 1)) {
      throw new RequestError("bad_tensor", `\`${path}\` is ${shown(value)}; each value must be a number in [0,1]`);
    }
    data[start] = value;
    return start + 1;
  }
  if (!Array.isArray(value) || value.length !== length) {
    const got = Array.isArray(value) ? `an array of ${value.length}` : shown(value);
    throw new RequestError("bad_tensor", `\`${path}\` is ${got}; the shape must be [${dims.join(",")}]`);
  }
  if (depth === dims.length - 1) return fillRow(data, start, value, path);
  return value.reduce((at, item, index) => fill(data, at, item, depth + 1, `${path}[${index}]`), start);
}

/** The innermost arrays, where all the time goes, without a path string a number. */
function fillRow(data: Float32Array, start: number, row: readonly unknown[], path: string): number {
  for (let index = 0; index < row.length; index++) {
    const value = row[index];
    if (typeof value === "number" && value >= 0 && value <= 1) data[start + index] = value;
    else fill(data, start + index, value, dims.length, `${path}[${index}]`);
  }
  return start + row.length;
}

const shown = (value: unknown): string => (JSON.stringify(value) ?? "undefined").slice(0, 40);
