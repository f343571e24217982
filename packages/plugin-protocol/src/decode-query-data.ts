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
    const entry = answerEntry(reader, reader.end(bytes.length));
    if (entry === undefined) return undefined;
    responses[entry.refId] = entry.answer;
  }
  return reader.isPlain ? { responses } : undefined;
}

function answerEntry(reader: PlainReader, end: number): { readonly refId: string; readonly answer: DataResponse } | undefined {
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
  return answer === undefined || reader.at !== end ? undefined : { refId, answer };
}

interface Answer {
  readonly frames: Uint8Array[];
  error: string;
  jsonMeta: Uint8Array;
  status: number;
  errorSource: string;
  format: DataFrameFormat;
}

function dataResponse(reader: PlainReader, end: number): DataResponse | undefined {
  const answer: Answer = { frames: [], error: "", jsonMeta: nothing, status: 0, errorSource: "", format: 0 };
  while (reader.at < end) {
    const tag = reader.byte();
    const isRead = tag === tags.status || tag === tags.format ? readNumber(reader, tag, end, answer) : readBytes(reader, tag, end, answer);
    if (!isRead) return undefined;
  }
  return reader.at === end ? answer : undefined;
}

function readNumber(reader: PlainReader, tag: number, end: number, answer: Answer): boolean {
  const value = reader.integer(end);
  if (value < 0) return false;
  if (tag === tags.status) answer.status = value;
  // An open enumeration: what it does not know is as the generated code gives it, a number.
  else answer.format = value as DataFrameFormat;
  return true;
}

function readBytes(reader: PlainReader, tag: number, end: number, answer: Answer): boolean {
  const last = reader.end(end);
  if (last < 0) return false;
  if (tag === tags.frames) answer.frames.push(reader.view(last));
  else if (tag === tags.error) answer.error = reader.text(last);
  else if (tag === tags.jsonMeta) answer.jsonMeta = reader.view(last);
  else if (tag === tags.errorSource) answer.errorSource = reader.text(last);
  else return false;
  return true;
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
