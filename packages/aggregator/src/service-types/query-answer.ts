import { frameJsonPieces, readArrow, scanJsonFrame, scanJsonFrameInTurns } from "@dataplane/frames";
import type { HttpResponse } from "@dataplane/meta";
import { DataFrameFormat, type DataResponse, type QueryDataResponse } from "@dataplane/plugin-protocol";
import { errorOf, ResultCap, type ResultCaps, type ResultError, resultErrorOf, soundStatus, unanswered } from "./answer-caps.js";
import { bytesPerTurn, inTurns, turns } from "./answer-turns.js";

const smallBytes = 32 * 1024;
/** A frame that is not scanned in one go. */
const largeBytes = 8 << 20;

/** What the plugin sent as JSON is never copied; a large frame that it sent as Arrow is printed when its turn to be sent comes, once. */
type Piece = Uint8Array | Iterable<Uint8Array>;

/** One query's result as JSON in pieces. */
interface QueryResult {
  readonly pieces: readonly Piece[];
  readonly failed: boolean;
}

/** The results by refId. `failed` when any of them has an error. */
export interface QueryAnswer {
  readonly results: ReadonlyMap<string, QueryResult>;
  readonly failed: boolean;
}

/**
 * Reads what a plugin answered. Each answer's own `format` says what its frames are, whatever was asked for. A frame that is broken,
 * a result over its caps, and a query without an answer, are errors of that result alone.
 */
export async function queryAnswer(response: QueryDataResponse, asked: readonly string[], caps: ResultCaps = {}): Promise<QueryAnswer> {
  const results = new Map<string, QueryResult>();
  const work: Work = { caps, turn: turns(), printed: 0 };
  for (const [refId, answer] of answersByRefId(response, asked)) results.set(refId, await resultOf(answer, work));
  return { results, failed: [...results.values()].some(({ failed }) => failed) };
}

/** What the plugin answered, and that it did not where it did not. */
export function answersByRefId(response: QueryDataResponse, asked: readonly string[]): ReadonlyMap<string, DataResponse> {
  const answers = new Map(Object.entries(response.responses));
  for (const refId of asked) if (!answers.has(refId)) answers.set(refId, unanswered);
  return answers;
}

/** In the order in which answers list results: that of the UTF-8 bytes of their refIds. */
export const sortedByRefId = <T>(results: ReadonlyMap<string, T>): readonly (readonly [string, T])[] =>
  [...results].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));

/** `{"results":{"A":{"status":200,"frames":[…]},"B":{"error":"…","errorSource":"downstream","status":502}}}`, sorted by refId. */
export function answerResponse(status: number, { results }: QueryAnswer): HttpResponse {
  const headers = { "content-type": "application/json" };
  const members = sortedByRefId(results).flatMap(([refId, { pieces }], index) => [
    Buffer.from(`${index === 0 ? "" : ","}${JSON.stringify(refId)}:`),
    ...pieces,
  ]);
  const body = [Buffer.from('{"results":{'), ...members, Buffer.from("}}")];
  if (!body.every((piece) => piece instanceof Uint8Array)) return { status, headers, body: inTurns(flattened(body)) };
  const length = body.reduce((sum, { byteLength }) => sum + byteLength, 0);
  // One small piece is sent faster than several; large ones are not copied.
  return { status, headers, body: length < smallBytes ? Buffer.concat(body, length) : body };
}

function* flattened(pieces: readonly Piece[]): Generator<Uint8Array> {
  for (const piece of pieces) {
    if (piece instanceof Uint8Array) yield piece;
    else yield* piece;
  }
}

/** Results of answers that are given again, read and checked once. */
const finished = new WeakMap<DataResponse, QueryResult>();

/**
 * Reads an answer that will be given again, so that `queryAnswer` finds it finished. Gives the bytes that this holds beside the answer's
 * own; undefined where a result has an error.
 */
export async function finishAnswer(response: QueryDataResponse, asked: readonly string[], caps: ResultCaps): Promise<number | undefined> {
  const work: Work = { caps, turn: turns(), printed: 0 };
  let held = 0;
  for (const answer of answersByRefId(response, asked).values()) {
    const result = await resultOf(answer, work);
    if (result.failed) return undefined;
    // A large frame of Arrow is printed each time, as it is sent.
    if (!result.pieces.every((piece) => piece instanceof Uint8Array)) continue;
    finished.set(answer, result);
    const own = new Set<Piece>(answer.frames);
    for (const piece of result.pieces) if (piece instanceof Uint8Array && !own.has(piece)) held += piece.byteLength;
  }
  return held;
}

interface Work {
  readonly caps: ResultCaps;
  readonly turn: (bytes: number) => Promise<void>;
  /** Bytes of Arrow that were printed at once. */
  printed: number;
}

async function resultOf(answer: DataResponse, work: Work): Promise<QueryResult> {
  const known = finished.get(answer);
  if (known !== undefined) return known;
  const frames: Piece[] = [];
  try {
    const cap = new ResultCap(work.caps);
    for (const frame of answer.frames) cap.addBytes(frame.byteLength);
    for (const frame of answer.frames) {
      if (frames.length > 0) frames.push(comma);
      frames.push(await framePiece(frame, answer.format, cap, work));
      await work.turn(frame.byteLength);
    }
  } catch (thrown) {
    return errorResult(resultErrorOf(thrown), []);
  }
  const error = errorOf(answer);
  if (error !== undefined) return errorResult(error, frames);
  return { pieces: [Buffer.from(`{"status":${soundStatus(answer.status) ?? 200},"frames":[`), ...frames, Buffer.from("]}")], failed: false };
}

/** Frames can come with an error, and are handed on. */
function errorResult({ error, errorSource, status }: ResultError, frames: readonly Piece[]): QueryResult {
  const head = JSON.stringify({ error, errorSource, status }).slice(0, -1);
  if (frames.length === 0) return { pieces: [Buffer.from(`${head}}`)], failed: true };
  return { pieces: [Buffer.from(`${head},"frames":[`), ...frames, Buffer.from("]}")], failed: true };
}

function framePiece(bytes: Uint8Array, format: DataFrameFormat, cap: ResultCap, work: Work): Piece | Promise<Piece> {
  if (format === DataFrameFormat.ARROW) return arrowPiece(bytes, cap, work);
  if (bytes.byteLength > largeBytes) return largePiece(bytes, cap, work);
  cap.addRows(scanJsonFrame(bytes).rows);
  return bytes;
}

async function largePiece(bytes: Uint8Array, cap: ResultCap, { turn }: Work): Promise<Piece> {
  cap.addRows((await scanJsonFrameInTurns(bytes, turn)).rows);
  return bytes;
}

function arrowPiece(bytes: Uint8Array, cap: ResultCap, work: Work): Piece {
  const frame = readArrow(bytes);
  cap.addRows(frame.rows);
  work.printed += bytes.byteLength;
  return work.printed < bytesPerTurn ? Buffer.concat([...frameJsonPieces(frame)]) : frameJsonPieces(frame);
}

const comma = Buffer.from(",");
