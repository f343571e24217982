import type { X509Certificate } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { RequestInfo } from "./request-info.js";
import type { UserInfo } from "./user.js";

/** Header names are lower case, as Node gives them. */
export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** What the filters learn about a request; each field is written once, by the filter of its name. */
export interface RequestContext {
  /** Set before the chain only by code in this process; the authenticate filter then lets it stand. */
  user?: UserInfo;
  /** When the credential that proved the user expires, in milliseconds since the epoch; absent for one that does not. */
  userExpires?: number;
  info?: RequestInfo;
  /** Sent as `Audit-Id`. */
  auditId?: string;
  /** Header names, lower case, whose values authenticated the caller: they never leave this process. */
  credentialHeaders?: readonly string[];
  /** Texts of `Warning: 299` headers. */
  warnings?: string[];
}

/** The pieces of a body; read in one of the two ways, and once. */
export interface RequestBody extends AsyncIterable<Uint8Array> {
  /** All pieces when they are here; undefined as soon as they are more than `limitBytes`. Absent where there is no quicker way than to iterate. */
  readonly collect?: (limitBytes: number) => Promise<readonly Uint8Array[] | undefined>;
}

/** One HTTP request as every handler sees it, whatever carried it. */
export interface HttpRequest {
  readonly method: string;
  /** The path as sent, still percent-encoded, without the query. It is parsed once, by `request-info`. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** The query as sent, without its `?`; absent for a request that came over no connection: then `query` is all there is. */
  readonly rawQuery?: string;
  readonly headers: Headers;
  /**
   * Names and values in turn, as sent: each value of a header that came several times, bytes read as Latin-1. Absent for a request that
   * came over no connection.
   */
  readonly rawHeaders?: readonly string[];
  /** The body's pieces; empty when there is none. Read once. */
  readonly body: RequestBody;
  /** Aborts when the client goes away, or the request's time is over. */
  readonly signal: AbortSignal;
  /** Aborts `signal` while the client still waits for an answer: its time is over. Absent where `signal` cannot be aborted from here. */
  end?(reason: Error): void;
  readonly remoteAddress: string;
  /** How it came; absent for a request that came over no connection. */
  readonly scheme?: "http" | "https";
  /** The certificate that the client showed in the TLS handshake, proven to be its own and otherwise unverified. */
  readonly peerCertificate?: X509Certificate;
  readonly context: RequestContext;
  /** The protocol for which the client asks to leave HTTP (RFC 9110 7.8), over HTTP/1.1 only: WebSocket, or what `kubectl exec` of old speaks. */
  readonly upgrade?: "websocket" | "spdy/3.1";
}

/** A connection that leaves HTTP behind: nothing was written to it yet, not even the 101. */
export interface RawConnection {
  readonly incoming: IncomingMessage;
  readonly socket: Duplex;
  /** What the client sent right after its request. */
  readonly head: Buffer;
}

/** Bytes, several pieces that belong together, or pieces that come in their own time (which may be pushed: `PushedBody`). */
export type HttpBody = Uint8Array | string | readonly Uint8Array[] | AsyncIterable<Uint8Array>;

export interface HttpResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body?: HttpBody;
  /**
   * With status 101, to a request that has `upgrade`: takes the connection over, writes the answer itself, and closes it when the
   * request's signal aborts. Called once.
   */
  readonly takeOver?: (connection: RawConnection) => void;
  /** Breaks the answer off when it aborts: a client that stopped reading is waited for no longer. */
  readonly cut?: AbortSignal;
  /** Called when the system has taken the body whole: its memory may be used again. Not every server calls it, nor for every answer. */
  readonly onSent?: () => void;
}

/** Answers a request, or throws an ApiError. Servers in the chain hold the next one as a Handler. */
export type Handler = (request: HttpRequest) => Promise<HttpResponse>;
