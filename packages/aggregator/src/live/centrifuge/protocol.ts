import type { ApiError } from "@dataplane/meta";

// Client protocol of Centrifuge, version 2 in JSON: https://centrifugal.dev/docs/transports/client_protocol

/** An error of one command. */
export interface ReplyError {
  readonly code: number;
  readonly message: string;
  /** The client may try again. */
  readonly temporary?: boolean;
}

/** https://centrifugal.dev/docs/server/codes#client-error-codes */
export const replyErrors = {
  permissionDenied: { code: 103, message: "permission denied" },
  methodNotFound: { code: 104, message: "method not found" },
  alreadySubscribed: { code: 105, message: "already subscribed" },
  limitExceeded: { code: 106, message: "limit exceeded" },
  badRequest: { code: 107, message: "bad request" },
  notAvailable: { code: 108, message: "not available" },
} as const satisfies Readonly<Record<string, ReplyError>>;

/** Why the server ends a connection: code and reason of the close. Clients come back after 3000 to 3499, and stay away after 3500 to 3999. */
export interface Disconnect {
  readonly code: number;
  readonly reason: string;
}

/** https://centrifugal.dev/docs/server/codes#disconnect-codes */
export const disconnects = {
  shutdown: { code: 3001, reason: "shutdown" },
  expired: { code: 3005, reason: "connection expired" },
  slow: { code: 3008, reason: "slow" },
  noPong: { code: 3012, reason: "no pong" },
  tooManyRequests: { code: 3013, reason: "too many requests" },
  badRequest: { code: 3501, reason: "bad request" },
  stale: { code: 3502, reason: "stale" },
} as const satisfies Readonly<Record<string, Disconnect>>;

/** Clients subscribe again after 2500 and above alone. */
export const unsubscribeCodes = { server: 2000, insufficientState: 2500 } as const;

/** Grafana gives statuses of HTTP. */
export function replyError({ code, message }: ApiError): ReplyError {
  return code === 429 || code === 503 || code === 504 ? { code, message, temporary: true } : { code, message };
}

/** What a failed command is answered with: our own fault is logged by who calls. */
export const errorReply = (id: number, error: ReplyError): string => JSON.stringify({ id, error });

export const unsubscribePush = (channel: string, code: number, reason: string): string =>
  JSON.stringify({ push: { channel, unsubscribe: { code, reason } } });

/** `data` is JSON. */
export const publicationPush = (channel: string, offset: number, data: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from(`{"push":{"channel":${JSON.stringify(channel)},"pub":{"data":`), data, Buffer.from(`,"offset":${offset}}}}`)]);
