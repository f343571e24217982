import type { RequestInfo } from "./request-info.js";
import type { UserInfo } from "./user.js";

/** Header names are lower case, as Node gives them. */
export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** What the filters learn about a request; each field is written once, by the filter of its name. */
export interface RequestContext {
  /** Set before the chain only by code in this process; the authenticate filter then lets it stand. */
  user?: UserInfo;
  info?: RequestInfo;
  /** Sent as `Audit-Id`. */
  auditId?: string;
  /** Header names, lower case, whose values authenticated the caller: they never leave this process. */
  credentialHeaders?: readonly string[];
  /** Texts of `Warning: 299` headers. */
  warnings?: string[];
}

/** One HTTP request as every handler sees it, whatever carried it. */
export interface HttpRequest {
  readonly method: string;
  /** The path as sent, still percent-encoded, without the query. It is parsed once, by `request-info`. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Headers;
  /** The body's pieces; empty when there is none. Read once. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Aborts when the client goes away, or the request's time is over. */
  readonly signal: AbortSignal;
  readonly remoteAddress: string;
  readonly context: RequestContext;
}

/** Bytes, several pieces that belong together, or pieces that come in their own time. */
export type HttpBody = Uint8Array | string | readonly Uint8Array[] | AsyncIterable<Uint8Array>;

export interface HttpResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body?: HttpBody;
}

/** Answers a request, or throws an ApiError. Servers in the chain hold the next one as a Handler. */
export type Handler = (request: HttpRequest) => Promise<HttpResponse>;
