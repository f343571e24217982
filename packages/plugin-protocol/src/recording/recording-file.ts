import { appendFileSync, closeSync, existsSync, openSync, readFileSync, readSync, writeFileSync } from "node:fs";
import type { MessageJson } from "./message-json.js";
import { methodNames, type RecordedCall, type RecordingHeader } from "./recorded-call.js";

/** A recording: JSON lines, the first about the plugin, each other one a call. */
export interface Recording {
  readonly plugin: MessageJson;
  readonly calls: readonly RecordedCall[];
}

const mode = 0o600;

/** A file that is no recording; the message names the line. */
export class RecordingError extends Error {
  override readonly name = "RecordingError";
}

/**
 * Begins a recording, or goes on with one of the same file. Returns what writes a call. The file is for its owner alone: answers are
 * somebody's data. Throws RecordingError for a file that is something else, and what the file system throws; so does the returned function.
 */
export function openRecording(file: string, plugin: MessageJson): (call: RecordedCall) => void {
  const header: RecordingHeader = { recording: 1, plugin };
  if (existsSync(file)) requireRecording(file);
  else writeFileSync(file, `${JSON.stringify(header)}\n`, { mode });
  // Recording is for tests, and one write a call keeps the file whole whenever it ends.
  return (call) => appendFileSync(file, `${JSON.stringify(call)}\n`, { mode });
}

/** Nobody's log or key is to be added to by a slip in a setting. */
function requireRecording(file: string): void {
  const start = Buffer.alloc(recordingStart.length);
  const descriptor = openSync(file, "r");
  try {
    readSync(descriptor, start);
  } finally {
    closeSync(descriptor);
  }
  if (start.toString() !== recordingStart) throw new RecordingError(`${file} is there already, and is no recording`);
}

const recordingStart = '{"recording":1,';

/** Reads a recording. Throws RecordingError. */
export function readRecording(file: string): Recording {
  const [first = "", ...lines] = readFileSync(file, "utf8").split("\n");
  const header = parse(first, 1);
  if (header["recording"] !== 1) throw new RecordingError("line 1 is no header of a recording of format 1");
  const calls = lines.flatMap((line, index) => (line === "" ? [] : [callOf(parse(line, index + 2), index + 2)]));
  return { plugin: header["plugin"] ?? null, calls };
}

type Line = Readonly<Record<string, MessageJson>>;

function parse(line: string, number: number): Line {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new RecordingError(`line ${number} is not JSON`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new RecordingError(`line ${number} is no object`);
  return value as Line;
}

function callOf(line: Line, number: number): RecordedCall {
  const method = methodNames.find((name) => name === line["method"]);
  const { request, responses, end } = line;
  if (method === undefined) throw new RecordingError(`line ${number} is of no method of the protocol`);
  if (request === undefined || !Array.isArray(responses)) throw new RecordingError(`line ${number} has no request or no responses`);
  return { method, request, responses, end: endOf(end, number) };
}

function endOf(end: MessageJson | undefined, number: number): RecordedCall["end"] {
  if (end === "ok" || end === "canceled") return end;
  if (typeof end !== "object" || end === null || !("code" in end)) throw new RecordingError(`line ${number} does not say how its call ended`);
  const { code, message, metadata } = end;
  if (typeof code !== "number" || typeof message !== "string") throw new RecordingError(`line ${number} does not say how its call failed`);
  return { code, message, ...(isTexts(metadata) ? { metadata } : {}) };
}

function isTexts(value: MessageJson | undefined): value is Readonly<Record<string, string>> {
  return typeof value === "object" && value !== null && Object.values(value).every((text) => typeof text === "string");
}
