import { FrameError } from "@dataplane/frames";
import { ApiError } from "@dataplane/meta";
import { DataFrameFormat, type DataResponse, GrpcError } from "@dataplane/plugin-protocol";
import type { CallLimits } from "./service-type.js";

/** What one query's result may hold. */
export type ResultCaps = Pick<CallLimits, "resultRows" | "resultBytes">;

/** Why a query has no result, or not all of it, as it stands in the answer. */
export interface ResultError {
  readonly error: string;
  readonly errorSource: string;
  readonly status: number;
}

/** A result that is larger than the host lets through. */
class ResultTooLarge extends Error {
  override readonly name = "ResultTooLarge";
}

/** Counts one result against its caps. */
export class ResultCap {
  readonly #caps: ResultCaps;
  #rows = 0;
  #bytes = 0;

  constructor(caps: ResultCaps) {
    this.#caps = caps;
  }

  /** Throws when the frames so far, as the plugin sent them, are too many bytes. */
  addBytes(bytes: number): void {
    this.#bytes += bytes;
    const { resultBytes = 0 } = this.#caps;
    if (resultBytes > 0 && this.#bytes > resultBytes) {
      throw new ResultTooLarge(`the result has more than ${resultBytes} bytes, the limit that [dataproxy] response_limit sets`);
    }
  }

  /** Throws when the frames so far have too many rows. */
  addRows(rows: number): void {
    this.#rows += rows;
    const { resultRows = Number.POSITIVE_INFINITY } = this.#caps;
    if (this.#rows > resultRows) throw new ResultTooLarge(`the result has more than ${resultRows} rows, the limit that [dataproxy] row_limit sets`);
  }
}

/** The error of a result whose frames were refused. Throws what is no such refusal. */
export function resultErrorOf(thrown: unknown): ResultError {
  if (thrown instanceof ResultTooLarge) return { error: thrown.message, errorSource: "plugin", status: 413 };
  if (thrown instanceof FrameError) {
    return { error: `the plugin sent a broken data frame: ${thrown.message}`, errorSource: "plugin", status: 502 };
  }
  throw thrown;
}

/** The error that a plugin answered with, complete; undefined where it did not. */
export function errorOf(answer: Pick<DataResponse, "error" | "errorSource" | "status">): ResultError | undefined {
  if (answer.error === "") return undefined;
  const { error, errorSource, status } = answer;
  return { error, errorSource: errorSource === "" ? "plugin" : errorSource, status: soundStatus(status) ?? 500 };
}

/** The error of queries whose call failed as a call. */
export function failureOf(thrown: unknown): ResultError {
  const { message, code, cause } = ApiError.from(thrown);
  const source = cause instanceof GrpcError ? cause.metadata["errorSource"] : undefined;
  return { error: message, errorSource: source === "downstream" ? source : "plugin", status: code };
}

export const soundStatus = (status: number): number | undefined => (status >= 100 && status <= 599 ? status : undefined);

/** An answer that is an error and nothing else. */
export const failedAnswer = (error: ResultError): DataResponse => ({
  ...error,
  frames: [],
  jsonMeta: new Uint8Array(),
  format: DataFrameFormat.JSON,
});

export const unanswered: DataResponse = failedAnswer({ error: "the plugin gave no answer to this query", errorSource: "plugin", status: 500 });
