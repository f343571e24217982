import { isUtf8 } from "node:buffer";
import { FrameError } from "./frame-error.js";
import { JsonScanner, MAX_DEPTH } from "./json-scanner.js";
import { loadKernels, WORK } from "./wasm-kernels.js";

/** A text that is larger is left to the TypeScript twin: a module's memory never shrinks again. */
const MAX_TEXT = 16 << 20;
/** The module ends a text with a zero byte and reads whole words. */
const SLACK = 32;
const TOO_DEEP = -2;
const BYTES_AT_ONCE = 1 << 20;
const NOT_UTF8 = "frame JSON is not UTF-8";

/** Rows of the frame, by WebAssembly; undefined if there is no memory for it. */
function scanByWasm(json: Uint8Array): number | undefined {
  const kernels = loadKernels();
  const end = WORK + json.length;
  kernels.reserve(end + SLACK);
  const memory = new Uint8Array(kernels.memory.buffer);
  if (memory.length < end + SLACK) return undefined;
  memory.set(json, WORK);
  memory.fill(0, end, end + SLACK);
  const rows = kernels.scan(WORK, end);
  if (rows === TOO_DEEP) throw new FrameError(`frame JSON nests deeper than ${MAX_DEPTH}`);
  if (rows < 0) throw new FrameError(`frame JSON is not well-formed at byte ${kernels.scannedTo() - WORK}`);
  return rows;
}

const scannerOf = (json: Uint8Array): JsonScanner => new JsonScanner(Buffer.from(json.buffer, json.byteOffset, json.byteLength));

/** The twin of scanJsonFrame that is plain TypeScript. Throws FrameError. */
export function scanByTypeScript(json: Uint8Array): number {
  const scanner = scannerOf(json);
  scanner.advance(Number.POSITIVE_INFINITY);
  return scanner.rows;
}

/**
 * The same as `scanJsonFrame`. A frame of more than 16 MiB takes its time: `turn` is awaited after each so many bytes, so that others
 * can be served meanwhile.
 */
export async function scanJsonFrameInTurns(json: Uint8Array, turn: (bytes: number) => Promise<void>): Promise<{ rows: number }> {
  if (json.length <= MAX_TEXT) return scanJsonFrame(json);
  if (!isUtf8(json)) throw new FrameError(NOT_UTF8);
  const scanner = scannerOf(json);
  while (!scanner.advance(BYTES_AT_ONCE)) await turn(BYTES_AT_ONCE);
  return { rows: scanner.rows };
}

/**
 * Rows of a frame in Grafana's frame JSON (values of `data.values[0]`), read in one pass that keeps nothing.
 * Throws FrameError if it is not one well-formed JSON object in UTF-8, or nests too deep.
 */
export function scanJsonFrame(json: Uint8Array): { rows: number } {
  if (!isUtf8(json)) throw new FrameError(NOT_UTF8);
  const rows = json.length > MAX_TEXT ? undefined : scanByWasm(json);
  return { rows: rows ?? scanByTypeScript(json) };
}
