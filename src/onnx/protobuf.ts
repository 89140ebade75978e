/**
 * The three protobuf wire forms that an ONNX file needs: varints, 32-bit floats and length-delimited bytes. Writing these
 * by hand is shorter than a schema and gives the same bytes for the same model, which a model's version rests on.
 */
export type Field = Uint8Array;

export function varintField(number: number, value: number | bigint): Field {
  return Uint8Array.from([...varint(BigInt(number) << 3n), ...varint(BigInt.asUintN(64, BigInt(value)))]);
}

export function floatField(number: number, value: number): Field {
  const field = new Uint8Array([...varint((BigInt(number) << 3n) | 5n), 0, 0, 0, 0]);
  new DataView(field.buffer).setFloat32(field.length - 4, value, true);
  return field;
}

/** A string, raw bytes, or a message given as its fields. */
export function bytesField(number: number, content: string | Uint8Array | readonly Field[]): Field {
  const body =
    typeof content === "string" ? [Buffer.from(content)] : content instanceof Uint8Array ? [content] : content;
  const length = body.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([Uint8Array.from([...varint((BigInt(number) << 3n) | 2n), ...varint(BigInt(length))]), ...body]);
}

function varint(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  return [...bytes, Number(rest)];
}
