import type { Duplex } from "node:stream";
import type { UserInfo } from "@dataplane/meta";
import type { ApiService } from "../apiservice.js";

/** One request to the server behind an APIService. */
export interface RemoteRequest {
  readonly method: string;
  /** As sent on: percent-encoded, with the query. */
  readonly path: string;
  /** Without those of the connection (RFC 9110 7.6.1), and without any that says who asks. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: Uint8Array | AsyncIterable<Uint8Array>;
  /** Told to the server behind as X-Remote-User, -Group, -Uid and -Extra-*. */
  readonly user: UserInfo;
  /** Until the answer's headers are there; none for a watch. Milliseconds. */
  readonly timeoutMs?: number;
  readonly signal: AbortSignal;
}

export interface RemoteAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Leaving its iteration closes the exchange. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Ends an answer whose body nobody began to read. */
  readonly discard: () => void;
}

/** Words of kube-aggregator for what is wrong with a server behind, as reasons of the Available condition. */
export type RemoteFailureReason = "ServiceNotFound" | "ServicePortError" | "EndpointsNotFound" | "FailedDiscoveryCheck" | "ServiceNotAccessible";

/** The server behind was not reached, or broke off before its answer. The message names it and says what happened; no secret is in it. */
export class RemoteFailure extends Error {
  override readonly name = "RemoteFailure";
  readonly reason: RemoteFailureReason;

  constructor(reason: RemoteFailureReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** A connection that has left HTTP: the 101 of the server behind was read, nothing more. */
export interface RemoteUpgrade {
  readonly headers: RemoteAnswer["headers"];
  readonly socket: Duplex;
  /** What it sent right after its 101. */
  readonly head: Uint8Array;
}

/**
 * All connections to the servers behind APIServices: HTTPS with the front-proxy's client certificate, HTTP/2 where it is offered, kept
 * between requests, given up at once when the service, its address or its trust changes. A dead peer is noticed within 5 s, also in the
 * middle of a watch. Redirects are answers. Rejects with RemoteFailure.
 */
export interface RemoteTransport {
  request(service: ApiService, request: RemoteRequest): Promise<RemoteAnswer>;
  /** Asks for another protocol over a connection of its own (HTTP/1.1); an answer that is no 101 comes back as one. */
  upgrade(service: ApiService, request: RemoteRequest): Promise<RemoteUpgrade | RemoteAnswer>;
  close(): Promise<void>;
}
