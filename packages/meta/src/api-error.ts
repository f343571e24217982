import type { JsonObject } from "./json.js";

// Reasons and their codes: https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md#http-status-codes
const codes = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  AlreadyExists: 409,
  Conflict: 409,
  Gone: 410,
  Expired: 410,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  Invalid: 422,
  TooManyRequests: 429,
  InternalError: 500,
  NotImplemented: 501,
  BadGateway: 502,
  ServiceUnavailable: 503,
  ServerTimeout: 500,
  Timeout: 504,
} as const;

export type Reason = keyof typeof codes;

/** One field at fault. `reason` is one of Kubernetes' field error types, `field` a path such as `spec.services[0].type`. */
export interface Cause {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly Cause[];
  readonly retryAfterSeconds?: number;
}

/** `kind: Status` of meta/v1: every failure of the API, on the wire. */
export interface Status {
  readonly kind: "Status";
  readonly apiVersion: "v1";
  readonly metadata: JsonObject;
  readonly status: "Success" | "Failure";
  readonly message?: string;
  readonly reason?: string;
  readonly details?: Omit<StatusDetails, "causes"> & { readonly causes?: readonly Partial<Cause>[] };
  readonly code: number;
}

export interface ApiErrorOptions {
  readonly details?: StatusDetails;
  readonly cause?: unknown;
  /** Overrides the code of the reason; for an answer that is relayed. */
  readonly code?: number;
  /** Headers of the answer, such as Allow or WWW-Authenticate. */
  readonly headers?: Readonly<Record<string, string>>;
  /** `metadata` of the Status; an expired `continue` puts its successor here. */
  readonly metadata?: JsonObject;
}

/** A failure the caller may see. Anything else that is thrown is our bug. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly reason: Reason;
  readonly code: number;
  readonly details: StatusDetails | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly metadata: JsonObject;

  constructor(reason: Reason, message: string, options: ApiErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.reason = reason;
    this.code = options.code ?? codes[reason];
    this.details = options.details;
    const retry = options.details?.retryAfterSeconds;
    this.headers = { ...(retry === undefined ? {} : { "retry-after": String(retry) }), ...options.headers };
    this.metadata = options.metadata ?? {};
  }

  /** Keeps an ApiError; hides the text of anything else and leaves it in `cause` for the log. */
  static from(thrown: unknown): ApiError {
    if (thrown instanceof ApiError) return thrown;
    return new ApiError("InternalError", "internal error", { cause: thrown });
  }

  toStatus(): Status {
    const { message, reason, details, code, metadata } = this;
    return {
      kind: "Status",
      apiVersion: "v1",
      metadata,
      status: "Failure",
      message,
      reason,
      ...(details === undefined ? {} : { details: withoutEmpty(details) }),
      code,
    };
  }
}

/** A cause may have no reason or no field: as in Go, what is empty is not said. */
function withoutEmpty(details: StatusDetails): NonNullable<Status["details"]> {
  const { causes } = details;
  if (causes?.some(({ reason, field }) => reason === "" || field === "") !== true) return details;
  const said = causes.map(({ reason, message, field }) => ({ ...(reason === "" ? {} : { reason }), message, ...(field === "" ? {} : { field }) }));
  return { ...details, causes: said };
}

export const badRequest = (message: string, options?: ApiErrorOptions): ApiError => new ApiError("BadRequest", message, options);

/** `name` of the plural `resource` in `group` is not there. */
export const notFound = (resource: string, name: string, group = ""): ApiError =>
  new ApiError("NotFound", `${qualified(resource, group)} "${name}" not found`, {
    details: { name, ...(group === "" ? {} : { group }), kind: resource },
  });

export const alreadyExists = (resource: string, name: string, group = ""): ApiError =>
  new ApiError("AlreadyExists", `${qualified(resource, group)} "${name}" already exists`, {
    details: { name, ...(group === "" ? {} : { group }), kind: resource },
  });

export const conflict = (resource: string, name: string, group: string, why: string): ApiError =>
  new ApiError("Conflict", `Operation cannot be fulfilled on ${qualified(resource, group)} "${name}": ${why}`, {
    details: { name, ...(group === "" ? {} : { group }), kind: resource },
  });

export const expired = (message = "The resourceVersion for the provided watch is too old."): ApiError => new ApiError("Expired", message);

/** 503 with Retry-After; `retryAfterSeconds` is 1 unless told. */
export const unavailable = (message: string, retryAfterSeconds = 1): ApiError =>
  new ApiError("ServiceUnavailable", message, { details: { retryAfterSeconds } });

/** 422 for an object whose fields are at fault; the message lists them as the API server does. */
export function invalid(kind: string, group: string, name: string, causes: readonly Cause[]): ApiError {
  const texts = causes.map(({ field, message }) => `${field}: ${message}`);
  const list = texts.length === 1 ? (texts[0] ?? "") : `[${texts.join(", ")}]`;
  const full = group === "" ? kind : `${kind}.${group}`;
  return new ApiError("Invalid", `${full} "${name}" is invalid: ${list}`, {
    details: { ...(name === "" ? {} : { name }), ...(group === "" ? {} : { group }), kind, causes },
  });
}

const qualified = (resource: string, group: string): string => (group === "" ? resource : `${resource}.${group}`);
