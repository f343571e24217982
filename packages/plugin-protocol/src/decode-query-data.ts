import type { DataFrameFormat, DataResponse, QueryDataResponse } from "./messages.js";

/** Field number and wire type, as they stand in the bytes. */
const tags = { responses: 0x0a, key: 0x0a, value: 0x12, frames: 0x0a, error: 0x12, jsonMeta: 0x1a, status: 0x20, errorSource: 0x2a, format: 0x30 };
const nothing = Buffer.alloc(0);

/**
 * A QueryDataResponse as plugins send it: each field in its own form, lengths as short as they can be told. Undefined for anything else, be it
 * allowed, unknown or broken: the generated code says what that is. By hand, since it is made for each query. Byte fields are views.
 */
export function decodePlainQueryData(bytes: Buffer): QueryDataResponse | undefined {
  const reader = new PlainReader(bytes);
  // Without a prototype, so that any refId is only a key.
  const responses = Object.create(null) as Record<string, DataResponse>;
  while (reader.at < bytes.length) {
    if (reader.byte() !== tags.responses) return undefined;
    const end = reader.end(bytes.length);
    let refId = "";
    let answer: DataResponse | undefined;
    while (reader.at < end) {
      const tag = reader.byte();
      const last = reader.end(end);
      if (last < 0) return undefined;
      if (tag === tags.key) refId = reader.text(last);
      else if (tag === tags.value) answer = dataResponse(reader, last);
      else return undefined;
    }
    if (answer === undefined || reader.at !== end) return undefined;
    responses[refId] = answer;
  }
  return reader.isPlain ? { responses } : undefined;
}

function dataResponse(reader: PlainReader, end: number): DataResponse | undefined {
  const frames: Uint8Array[] = [];
  let [error, errorSource, status, format] = ["", "", 0, 0];
  let jsonMeta: Uint8Array = nothing;
  while (reader.at < end) {
    const tag = reader.byte();
    if (tag === tags.status || tag === tags.format) {
      const value = reader.integer(end);
      if (value < 0) return undefined;
      if (tag === tags.status) status = value;
      else format = value;
      continue;
    }
    const last = reader.end(end);
    if (last < 0) return undefined;
    if (tag === tags.frames) frames.push(reader.view(last));
    else if (tag === tags.error) error = reader.text(last);
    else if (tag === tags.jsonMeta) jsonMeta = reader.view(last);
    else if (tag === tags.errorSource) errorSource = reader.text(last);
    else return undefined;
  }
  // An open enumeration: what it does not know is as the generated code gives it, a number.
  return reader.at === end ? { frames, error, jsonMeta, status, errorSource, format: format as DataFrameFormat } : undefined;
}

/** Steps through bytes; -1 says that what is there is not of the plain form. */
class PlainReader {
  at = 0;
  isPlain = true;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  byte(): number {
    return this.#bytes[this.at++] ?? -1;
  }

  /** A varint of at most 28 bits, before `limit`. */
  integer(limit: number): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      if (this.at >= limit) return -1;
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return -1;
  }

  /** Where the field ends that begins with its length here. */
  end(limit: number): number {
    const length = this.integer(limit);
    return length < 0 || this.at + length > limit ? -1 : this.at + length;
  }

  text(end: number): string {
    const text = this.at === end ? "" : this.#bytes.toString("utf8", this.at, end);
    this.at = end;
    // What is no UTF-8 is read as this; it may also be what was sent.
    if (text.includes("\ufffd")) this.isPlain = false;
    return text;
  }

  view(end: number): Uint8Array {
    const view = this.#bytes.subarray(this.at, end);
    this.at = end;
    return view;
  }
}
