import { ApiError } from "@dataplane/meta";
import { DestinationDenied } from "./destination-denied.js";
import { AnswerTimeout } from "./exchange.js";
import { OutboundUrlError } from "./outbound-url.js";

const away = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "EHOSTDOWN", "ENETUNREACH", "ENETDOWN", "EADDRNOTAVAIL"]);
const late = new Set(["UND_ERR_CONNECT_TIMEOUT", "UND_ERR_HEADERS_TIMEOUT", "ETIMEDOUT"]);

/**
 * What the caller is told when a request to a backend failed as a request. `what` names the backend in the caller's words; its host
 * and the error's own text stay in `cause`. `signal` is the request's: what it cancelled is no fault of the backend.
 */
export function backendError(thrown: unknown, what: string, signal: AbortSignal): ApiError {
  if (thrown instanceof ApiError) return thrown;
  if (signal.aborted) {
    const reason: unknown = signal.reason;
    return reason instanceof ApiError ? reason : new ApiError("Timeout", `the request ended before ${what} answered`);
  }
  if (thrown instanceof DestinationDenied) {
    return new ApiError("Forbidden", `the address of ${what} is not allowed: see allow_addresses in section dataproxy of the configuration`);
  }
  if (thrown instanceof OutboundUrlError) return new ApiError("BadRequest", `the address of ${what} cannot be used: ${thrown.message}`);
  const code = codeOf(thrown);
  if (thrown instanceof AnswerTimeout || isTimeout(thrown) || late.has(code))
    return new ApiError("Timeout", `${what} did not answer in time`, { cause: thrown });
  if (away.has(code)) return new ApiError("ServiceUnavailable", `${what} cannot be reached`, { cause: thrown, details: { retryAfterSeconds: 1 } });
  if (isTlsCode(code)) return new ApiError("BadGateway", `${what} could not be verified: TLS failed (${code})`, { cause: thrown });
  return new ApiError("BadGateway", `the connection to ${what} failed`, { cause: thrown });
}

const isTimeout = (thrown: unknown): boolean => thrown instanceof DOMException && thrown.name === "TimeoutError";

const isTlsCode = (code: string): boolean => /^(?:ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_OSSL_|EPROTO$)/.test(code);

/** Of the error, or of what Node tried one after the other. */
function codeOf(thrown: unknown): string {
  if (thrown instanceof AggregateError && thrown.errors.length > 0) return codeOf(thrown.errors.at(-1));
  if (!(thrown instanceof Error)) return "";
  if ("code" in thrown && typeof thrown.code === "string") return thrown.code;
  return thrown.cause === undefined ? "" : codeOf(thrown.cause);
}
