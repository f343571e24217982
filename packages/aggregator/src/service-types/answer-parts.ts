import { randomBytes } from "node:crypto";
import { type ArrowFrame, arrowToStream, frameCsvPieces, frameToArrow, jsonToFrame, readArrow } from "@dataplane/frames";
import type { HttpResponse } from "@dataplane/meta";
import { DataFrameFormat, type DataResponse, type QueryDataResponse } from "@dataplane/plugin-protocol";
import { errorOf, ResultCap, type ResultCaps, type ResultError, resultErrorOf } from "./answer-caps.js";
import { answerForms } from "./answer-form.js";
import { inTurns } from "./answer-turns.js";
import { answerResponse, answersByRefId, queryAnswer, sortedByRefId } from "./query-answer.js";

/** The forms in which each frame is a body of its own. */
export type FrameForm = "arrow" | "csv";

interface FramePart {
  readonly refId: string;
  readonly index: number;
  readonly pieces: Iterable<Uint8Array>;
}

interface ErrorPart {
  readonly refId: string;
  readonly error: ResultError;
}

/**
 * Frames as Arrow IPC streams or as CSV. One frame, and nothing else to tell, is the body; otherwise the body is `multipart/mixed` with
 * a part a frame (`X-Ref-Id`, `X-Frame-Index`) and a JSON part for each result with an error. Where there are errors and no frame, the
 * answer is the JSON one, under the status that the errors share (502 where they do not): a client that looks at the status alone must
 * not take it for data.
 */
export async function partsResponse(
  form: FrameForm,
  response: QueryDataResponse,
  { asked, caps }: { readonly asked: readonly string[]; readonly caps: ResultCaps },
): Promise<HttpResponse> {
  const frames: FramePart[] = [];
  const errors: ErrorPart[] = [];
  for (const [refId, answer] of sortedByRefId(answersByRefId(response, asked))) {
    try {
      frames.push(...framesOf(form, refId, answer, caps));
    } catch (thrown) {
      errors.push({ refId, error: resultErrorOf(thrown) });
      continue;
    }
    const error = errorOf(answer);
    if (error !== undefined) errors.push({ refId, error });
  }
  const [frame, ...others] = frames;
  if (errors.length > 0 && frame === undefined) return answerResponse(sharedStatus(errors), await queryAnswer(response, asked, caps));
  const contentType = { "content-type": form === "csv" ? `${answerForms.csv}; charset=utf-8; header=present` : answerForms.arrow };
  if (errors.length > 0 || others.length > 0) return multipart(frames, errors, contentType["content-type"]);
  const body = frame?.pieces ?? (form === "csv" ? [] : arrowToStream(frameToArrow({ fields: [] })).pieces);
  return { status: 200, headers: contentType, body: inTurns(body) };
}

/** All that is wrong with a frame is found here, before anything is sent. */
function framesOf(form: FrameForm, refId: string, { frames, format }: DataResponse, caps: ResultCaps): readonly FramePart[] {
  const cap = new ResultCap(caps);
  for (const { byteLength } of frames) cap.addBytes(byteLength);
  return frames.map((bytes, index) => {
    const arrow = format === DataFrameFormat.JSON ? frameToArrow(jsonToFrame(bytes)) : bytes;
    const frame = readArrow(arrow);
    cap.addRows(frame.rows);
    return { refId, index, pieces: form === "csv" ? csvOf(frame) : arrowToStream(arrow).pieces };
  });
}

const csvOf = (frame: ArrowFrame): Iterable<Uint8Array> => ({ [Symbol.iterator]: () => frameCsvPieces(frame) });

function multipart(frames: readonly FramePart[], errors: readonly ErrorPart[], contentType: string): HttpResponse {
  const boundary = `frames-${randomBytes(12).toString("hex")}`;
  return {
    status: 200,
    headers: { "content-type": `multipart/mixed; boundary=${boundary}` },
    body: inTurns(partsOf(boundary, frames, errors, contentType)),
  };
}

/** RFC 2046, 5.1.1. */
function* partsOf(boundary: string, frames: readonly FramePart[], errors: readonly ErrorPart[], contentType: string): Generator<Uint8Array> {
  for (const { refId, index, pieces } of frames) {
    yield Buffer.from(`--${boundary}\r\nContent-Type: ${contentType}\r\nX-Ref-Id: ${headerText(refId)}\r\nX-Frame-Index: ${index}\r\n\r\n`);
    yield* pieces;
    yield Buffer.from("\r\n");
  }
  for (const { refId, error } of errors) {
    const head = `--${boundary}\r\nContent-Type: application/json\r\nX-Ref-Id: ${headerText(refId)}\r\n\r\n`;
    yield Buffer.from(`${head}${JSON.stringify(error)}\r\n`);
  }
  yield Buffer.from(`--${boundary}--\r\n`);
}

/** A refId is any text: what a header cannot carry is percent-encoded, and the percent sign with it. */
const headerText = (text: string): string =>
  Buffer.from(text)
    .toString()
    .replace(/[^\x21-\x24\x26-\x7e]+/g, encodeURIComponent);

function sharedStatus(errors: readonly ErrorPart[]): number {
  const [status = 502, ...others] = new Set(errors.map(({ error }) => error.status));
  return others.length === 0 && status >= 400 ? status : 502;
}
