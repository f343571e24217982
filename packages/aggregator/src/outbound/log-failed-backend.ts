import type { ApiError, Logger } from "@dataplane/meta";

/** The caller is told no host; an operator finds what happened, with its code, and at level debug in Node's own words. */
export function logFailedBackend(logger: Logger, what: string, error: ApiError): void {
  const { cause, code: status } = error;
  if (!(cause instanceof Error) || status < 500) return;
  const code = "code" in cause && typeof cause.code === "string" ? cause.code : cause.name;
  logger.warn({ backend: what, status, code }, "a request to a backend failed");
  logger.debug({ backend: what, code, error: cause.message }, "a request to a backend failed");
}
