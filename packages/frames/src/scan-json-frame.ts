import { isUtf8 } from "node:buffer";
import { FrameError } from "./frame-error.js";
import { JsonScanner } from "./json-scanner.js";

/**
 * Rows of a frame in Grafana's frame JSON (values of `data.values[0]`), read in one pass that keeps nothing.
 * Throws FrameError if it is not one well-formed JSON object in UTF-8, or nests too deep.
 */
export function scanJsonFrame(json: Uint8Array): { rows: number } {
  if (!isUtf8(json)) throw new FrameError("frame JSON is not UTF-8");
  return { rows: new JsonScanner(Buffer.from(json.buffer, json.byteOffset, json.byteLength)).scan() };
}
