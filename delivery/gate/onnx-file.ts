/**
 * A look into an ONNX file without loading it: what kind of file it is, whether its weights lie elsewhere, how deep its
 * graphs are nested. Nothing is built from it, so that a hostile file has nothing to work on. Field numbers are those of
 * onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
 */

/** Subgraphs within subgraphs; exporters make one or two. */
const MAX_DEPTH = 16;

/** Why a file must not be loaded; undefined where nothing speaks against it. */
export function refuseFile(bytes: Uint8Array): string | undefined {
  const foreign = foreignFormat(bytes);
  if (foreign !== undefined) return `it is ${foreign}, not ONNX; export the model to ONNX`;
  try {
    walk(bytes, MODEL, 0);
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return error.message;
    throw error;
  }
}

class Refusal extends Error {}

/** First bytes, in Latin-1, of what is offered as a model by mistake, or worse. */
const STARTS: readonly (readonly [string, string])[] = [
  ...["\x02", "\x03", "\x04", "\x05"].map(
    (protocol) => [`\x80${protocol}`, "a Python pickle, which runs code when it is read"] as const,
  ),
  ["PK\x03\x04", "a ZIP archive, as PyTorch saves models (a pickle within)"],
  ["\x89HDF", "an HDF5 file, as Keras saves models"],
  ["\0".repeat(16), "a run of zeros"],
  ["<", "a page of HTML or XML, perhaps a server's error"],
];

function foreignFormat(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return "an empty file";
  const start = Buffer.from(bytes.subarray(0, 64)).toString("latin1");
  if (start.slice(4, 8) === "TFL3") return "a TensorFlow Lite file";
  return STARTS.find(
    ([first]) => start.startsWith(first) || (first === "<" && start.trimStart().startsWith(first)),
  )?.[1];
}

/** Which fields of a message lead to tensors and subgraphs; every other field is passed over by its length. */
interface Message {
  readonly [field: number]: Message | "external";
}

const TENSOR: Message = { 13: "external", 14: "external" };
const SPARSE: Message = { 1: TENSOR, 2: TENSOR };
const ATTRIBUTE: { [field: number]: Message } = { 5: TENSOR, 10: TENSOR, 22: SPARSE, 23: SPARSE };
const NODE: Message = { 5: ATTRIBUTE };
const GRAPH: Message = { 1: NODE, 5: TENSOR, 15: SPARSE };
ATTRIBUTE[6] = GRAPH;
ATTRIBUTE[11] = GRAPH;
const FUNCTION: Message = { 7: NODE, 11: ATTRIBUTE };
const MODEL: Message = { 7: GRAPH, 25: FUNCTION };

function walk(bytes: Uint8Array, message: Message, depth: number): void {
  if (depth > MAX_DEPTH) throw new Refusal(`its graphs are nested more than ${MAX_DEPTH} deep`);
  for (const { field, content } of fieldsOf(bytes)) {
    const inside = message[field];
    if (inside === "external") refuseExternal(content);
    else if (inside !== undefined && typeof content === "object") {
      walk(content, inside, inside === GRAPH ? depth + 1 : depth);
    }
  }
}

/** Where a tensor's bytes are: `data_location` 0 is the file itself, and `external_data` has nothing to say then. */
function refuseExternal(content: Content): void {
  const there = typeof content === "object" ? content.length > 0 : content !== 0;
  if (there) throw new Refusal("it keeps weights in other files (external data); save it as one file");
}

/** A number, or the bytes of a message, a string or packed numbers; undefined for the fixed sizes that nothing here reads. */
type Content = number | Uint8Array | undefined;

function* fieldsOf(bytes: Uint8Array): Generator<{ field: number; content: Content }> {
  let at = 0;
  while (at < bytes.length) {
    const tag = varint(bytes, at);
    const field = Math.floor(tag.value / 8);
    const { content, end } = contentOf(bytes, tag.end, tag.value % 8);
    if (field === 0 || end > bytes.length) throw damaged(at);
    yield { field, content };
    at = end;
  }
}

function contentOf(bytes: Uint8Array, start: number, wireType: number): { content: Content; end: number } {
  if (wireType === 1) return { content: undefined, end: start + 8 };
  if (wireType === 5) return { content: undefined, end: start + 4 };
  const { value, end } = varint(bytes, start);
  if (wireType === 0) return { content: value, end };
  if (wireType !== 2) throw damaged(start);
  return { content: bytes.subarray(end, end + value), end: end + value };
}

function varint(bytes: Uint8Array, start: number): { value: number; end: number } {
  let value = 0;
  for (let i = 0; i < 10; i++) {
    const byte = bytes[start + i];
    if (byte === undefined) break;
    value += (byte & 127) * 2 ** (7 * i);
    if (byte < 128) return { value, end: start + i + 1 };
  }
  throw damaged(start);
}

function damaged(at: number): Refusal {
  return new Refusal(`it is no ONNX file, or is cut short: nothing readable ${at} bytes into a part of it`);
}
