import { readArrow } from "@dataplane/frames";
import { DataFrameFormat, type DataResponse, type QueryDataResponse } from "@dataplane/plugin-protocol";
import { errorOf, ResultCap, type ResultCaps, resultErrorOf } from "../service-types/answer-caps.js";
import { answersByRefId, finishAnswer } from "../service-types/query-answer.js";

/** What an answer costs beside its bytes. */
const bytesPerAnswer = 512;
const bytesPerFrame = 128;

export interface AnswerToKeep {
  readonly response: QueryDataResponse;
  readonly asked: readonly string[];
  readonly format: DataFrameFormat;
  readonly caps: ResultCaps;
}

/** An answer in the form in which it is kept, and what it holds in memory. Undefined where any result has an error. */
export async function keptForm({
  response,
  asked,
  format,
  caps,
}: AnswerToKeep): Promise<{ readonly response: QueryDataResponse; readonly bytes: number } | undefined> {
  const answers = answersByRefId(response, asked);
  if ([...answers.values()].some((answer) => errorOf(answer) !== undefined || answer.status >= 400)) return undefined;
  const { kept, bytes } = compacted(response);
  // As JSON the finished pieces are kept with it; other forms are made anew each time.
  const finishedBytes = format === DataFrameFormat.JSON ? await finishAnswer(kept, asked, caps) : soundArrow(kept, caps) ? 0 : undefined;
  return finishedBytes === undefined ? undefined : { response: kept, bytes: bytes + finishedBytes };
}

/** Frames are pieces of the message that they came in; where they are its smaller part they are copied, so that it can go. */
function compacted(response: QueryDataResponse): { readonly kept: QueryDataResponse; readonly bytes: number } {
  const frames = Object.values(response.responses).flatMap((answer) => answer.frames);
  const ownBytes = frames.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const heldBytes = [...new Set(frames.map(({ buffer }) => buffer))].reduce((sum, { byteLength }) => sum + byteLength, 0);
  const overhead = bytesPerAnswer + frames.length * bytesPerFrame;
  if (heldBytes <= ownBytes * 2) return { kept: response, bytes: heldBytes + overhead };
  const responses = Object.fromEntries(Object.entries(response.responses).map(([refId, answer]) => [refId, copied(answer)]));
  return { kept: { responses }, bytes: ownBytes + overhead };
}

// Nothing that the host answers is made of `jsonMeta`.
const copied = (answer: DataResponse): DataResponse => ({
  ...answer,
  frames: answer.frames.map((frame) => new Uint8Array(frame)),
  jsonMeta: new Uint8Array(),
});

/** Whether all frames are Arrow within their caps. */
function soundArrow({ responses }: QueryDataResponse, caps: ResultCaps): boolean {
  try {
    for (const { frames, format } of Object.values(responses)) {
      if (format !== DataFrameFormat.ARROW) return false;
      const cap = new ResultCap(caps);
      for (const frame of frames) {
        cap.addBytes(frame.byteLength);
        cap.addRows(readArrow(frame).rows);
      }
    }
    return true;
  } catch (thrown) {
    // Throws what is no fault of the answer.
    resultErrorOf(thrown);
    return false;
  }
}
