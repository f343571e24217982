import { ApiError } from "@dataplane/meta";
import { GrpcCode, GrpcError, MessageTooLarge } from "@dataplane/plugin-protocol";
import type { Outcome } from "./breaker.js";

/** The caller's time and the plugin's own clock may end a call a moment before ours does. */
const graceMs = 50;

/** Codes by which gRPC tells of a transport that failed; the others are a plugin's own words. */
const away: ReadonlySet<number> = new Set([GrpcCode.Unavailable, GrpcCode.Internal, GrpcCode.DataLoss]);

/** How a call went that ran `tookMs` of at most `callTimeoutMs`. */
export interface EndedCall {
  readonly tookMs: number;
  readonly callTimeoutMs: number;
}

/**
 * What a failed call says of its backend. An error that the backend answered with shows that it works. A client that left, a plugin that
 * its host knows to be down (and when it is back), and a time that the caller himself cut short say nothing.
 */
export function outcomeOf(thrown: unknown, { tookMs, callTimeoutMs }: EndedCall): Outcome {
  if (!(thrown instanceof ApiError)) return "neither";
  const { code, cause } = thrown;
  if (cause instanceof GrpcError) return grpcOutcome(cause, tookMs + graceMs >= callTimeoutMs);
  if (cause instanceof MessageTooLarge) return "worked";
  // Errors of a connection are kept as the cause; a request that was refused before it left has none.
  if (cause === undefined) return "neither";
  if (code === 504) return "late";
  return code === 502 || code === 503 ? "away" : "neither";
}

function grpcOutcome({ code }: GrpcError, inFullTime: boolean): Outcome {
  if (code === GrpcCode.DeadlineExceeded) return inFullTime ? "late" : "neither";
  if (code === GrpcCode.Canceled) return "neither";
  return away.has(code) ? "away" : "worked";
}
