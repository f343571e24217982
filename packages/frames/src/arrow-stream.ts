import { locateMessages, readArrow } from "./arrow-reader.js";

/** Where no message follows: a continuation mark and a length of 0. */
const endOfStream = Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);

/**
 * An Arrow IPC file or stream as a stream. A file holds the very messages of the stream between its magic and its footer, so nothing
 * is decoded and no value is copied. Throws FrameError if it is malformed.
 * https://arrow.apache.org/docs/format/Columnar.html#ipc-streaming-format
 */
export function arrowToStream(arrow: Uint8Array): { readonly pieces: readonly Uint8Array[]; readonly rows: number } {
  const { rows } = readArrow(arrow);
  const { start, end } = locateMessages(arrow);
  return { pieces: [arrow.subarray(start, end), endOfStream], rows };
}
