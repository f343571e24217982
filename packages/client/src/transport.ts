/** One call as a transport carries it. */
export interface TransportRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Percent-encoded, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Names are lower case; a header of several values is sent several times. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: Uint8Array | undefined;
  readonly signal: AbortSignal;
}

export interface TransportResponse {
  readonly status: number;
  /** The Retry-After header in seconds, when it is one. */
  readonly retryAfterSeconds: number | undefined;
  /** Names are lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Ends, or throws, when the request's signal aborts. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** Carries one call to the server. Rejects only when there is no answer, or with an ApiError that is the answer. */
export type Transport = (request: TransportRequest) => Promise<TransportResponse>;

/** The seconds of a Retry-After header; undefined for a date, which our servers never send. */
export function parseRetryAfter(header: string | readonly string[] | undefined): number | undefined {
  const text = typeof header === "string" ? header : header?.[0];
  if (text === undefined || !/^\d{1,9}$/.test(text)) return undefined;
  return Number(text);
}
