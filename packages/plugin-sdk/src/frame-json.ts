import { type Frame, frameToJson } from "@dataplane/frames";

/** A frame's JSON in its two halves. */
export interface FrameJson {
  readonly whole: Uint8Array;
  /** Equal for frames whose rows may be appended to each other. */
  readonly schema: string;
  /** The rows without the schema, for a reader who has it already: `{"data": …}`. */
  readonly data: () => Uint8Array;
}

/** Throws FrameError for a frame that is not sound. */
export function frameJsonOf(frame: Frame): FrameJson {
  const whole = frameToJson(frame);
  const schemaLength = schemaLengthOf(frame);
  return {
    whole,
    schema: Buffer.from(whole.buffer, whole.byteOffset, schemaLength).toString("utf8"),
    // After the schema comes `,"data":…}`: its comma becomes the opening brace.
    data: () => {
      const rest = whole.slice(schemaLength);
      rest[0] = openingBrace;
      return rest;
    },
  };
}

const openingBrace = 0x7b;

/** Bytes up to the end of `{"schema":…`: what the same frame without rows has before its empty columns. */
function schemaLengthOf(frame: Frame): number {
  const bare = frameToJson({ ...frame, fields: frame.fields.map((field) => ({ ...field, values: [] })) });
  const columns = frame.fields.map(() => "[]").join(",");
  return bare.length - `,"data":{"values":[${columns}]}}`.length;
}
