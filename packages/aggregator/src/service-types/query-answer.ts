import { setImmediate } from "node:timers/promises";
import { arrowToJson, arrowToJsonChunks, FrameError, scanJsonFrame } from "@dataplane/frames";
import type { HttpResponse } from "@dataplane/meta";
import { DataFrameFormat, type DataResponse, type QueryDataResponse } from "@dataplane/plugin-protocol";

/** After so many bytes other requests get their turn. */
const bytesPerTurn = 512 * 1024;
const smallBytes = 32 * 1024;

/** One query's result as JSON in pieces: what the plugin sent as JSON is never copied. */
interface QueryResult {
  readonly pieces: readonly Uint8Array[];
  readonly failed: boolean;
}

/** The results by refId. `failed` when any of them has an error. */
export interface QueryAnswer {
  readonly results: ReadonlyMap<string, QueryResult>;
  readonly failed: boolean;
}

/**
 * Reads what a plugin answered. Each answer's own `format` says what its frames are, whatever was asked for. A frame that is broken,
 * and a query without an answer, are errors of that result alone.
 */
export async function queryAnswer(response: QueryDataResponse, asked: readonly string[]): Promise<QueryAnswer> {
  const answers = new Map(Object.entries(response.responses));
  for (const refId of asked) if (!answers.has(refId)) answers.set(refId, unanswered);
  const results = new Map<string, QueryResult>();
  const takeTurns = turns();
  for (const [refId, answer] of answers) results.set(refId, await resultOf(answer, takeTurns));
  return { results, failed: [...results.values()].some(({ failed }) => failed) };
}

/** The answers of several data sources as one. */
export const joinAnswers = (answers: readonly QueryAnswer[]): QueryAnswer => ({
  results: new Map(answers.flatMap(({ results }) => [...results])),
  failed: answers.some(({ failed }) => failed),
});

/** `{"results":{"A":{"status":200,"frames":[…]},"B":{"error":"…","errorSource":"downstream","status":502}}}`, sorted by refId. */
export function answerResponse(status: number, { results }: QueryAnswer): HttpResponse {
  const sorted = [...results].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const members = sorted.flatMap(([refId, { pieces }], index) => [Buffer.from(`${index === 0 ? "" : ","}${JSON.stringify(refId)}:`), ...pieces]);
  const body = [Buffer.from('{"results":{'), ...members, Buffer.from("}}")];
  const length = body.reduce((sum, { byteLength }) => sum + byteLength, 0);
  // One small piece is sent faster than several; large ones are not copied.
  return { status, headers: { "content-type": "application/json" }, body: length < smallBytes ? Buffer.concat(body, length) : body };
}

/** Lets other requests have the event loop after each so many bytes. */
function turns(): (bytes: number) => Promise<void> {
  let sinceTurn = 0;
  return async (bytes) => {
    sinceTurn += bytes;
    if (sinceTurn < bytesPerTurn) return;
    sinceTurn = 0;
    await setImmediate();
  };
}

const unanswered: DataResponse = {
  frames: [],
  error: "the plugin gave no answer to this query",
  errorSource: "plugin",
  status: 500,
  jsonMeta: new Uint8Array(),
  format: DataFrameFormat.JSON,
};

async function resultOf(answer: DataResponse, turn: (bytes: number) => Promise<void>): Promise<QueryResult> {
  const frames: Uint8Array[] = [];
  try {
    for (const frame of answer.frames) {
      if (frames.length > 0) frames.push(comma);
      for (const piece of framePieces(frame, answer.format)) {
        frames.push(piece);
        await turn(piece.byteLength);
      }
    }
  } catch (thrown) {
    if (!(thrown instanceof FrameError)) throw thrown;
    return errorResult({ error: `the plugin sent a broken data frame: ${thrown.message}`, errorSource: "plugin", status: 502 }, []);
  }
  if (answer.error !== "") return errorResult({ ...answer, status: soundStatus(answer.status) ?? 500 }, frames);
  return { pieces: [Buffer.from(`{"status":${soundStatus(answer.status) ?? 200},"frames":[`), ...frames, Buffer.from("]}")], failed: false };
}

/** Frames can come with an error, and are handed on. */
function errorResult(answer: Pick<DataResponse, "error" | "errorSource" | "status">, frames: readonly Uint8Array[]): QueryResult {
  const errorSource = answer.errorSource === "" ? "plugin" : answer.errorSource;
  const head = JSON.stringify({ error: answer.error, errorSource, status: answer.status }).slice(0, -1);
  if (frames.length === 0) return { pieces: [Buffer.from(`${head}}`)], failed: true };
  return { pieces: [Buffer.from(`${head},"frames":[`), ...frames, Buffer.from("]}")], failed: true };
}

function framePieces(frame: Uint8Array, format: DataFrameFormat): Iterable<Uint8Array> {
  if (format === DataFrameFormat.JSON) {
    scanJsonFrame(frame);
    return [frame];
  }
  return frame.byteLength < bytesPerTurn ? [arrowToJson(frame).json] : arrowToJsonChunks(frame);
}

const comma = Buffer.from(",");

const soundStatus = (status: number): number | undefined => (status >= 100 && status <= 599 ? status : undefined);
