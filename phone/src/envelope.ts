/**
 * The metadata of a model file, read without a protocol-buffer library: as transcriber/envelope.py,
 * metadata_props is field 14 of ModelProto, each a message of key (1) and value (2).
 */

const METADATA_FIELD = 14;
const LENGTH = 2;

/** Metadata by key. Throws RangeError where the bytes end too early or make no sense. */
export function metadata(data: Uint8Array): Map<string, string> {
  const found = new Map<string, string>();
  for (const field of fields(data)) {
    if (field.number !== METADATA_FIELD || field.value === null) continue;
    const parts = new Map<number, string>();
    for (const { number, value } of fields(field.value)) {
      if (value !== null) parts.set(number, new TextDecoder().decode(value));
    }
    found.set(parts.get(1) ?? "", parts.get(2) ?? "");
  }
  return found;
}

/** The fields of a message; `value` is null where it is a number. */
function* fields(data: Uint8Array): Generator<{ number: number; value: Uint8Array | null }> {
  let at = 0;

  function varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      if (at >= data.length) throw new RangeError("the model file ends too early");
      const byte = data[at++];
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }

  while (at < data.length) {
    const tag = varint();
    const wire = tag & 7;
    if (wire !== LENGTH) {
      if (wire === 0) varint();
      else at += wire === 1 ? 8 : 4;
      yield { number: tag >>> 3, value: null };
      continue;
    }
    const length = varint();
    if (at + length > data.length) throw new RangeError("the model file ends too early");
    yield { number: tag >>> 3, value: data.subarray(at, at + length) };
    at += length;
  }
}
