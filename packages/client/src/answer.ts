import {
  ApiError,
  type ApiList,
  type ApiObject,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type Reason,
  type StatusDetails,
} from "@dataplane/meta";

// Typed by the union, so that a new reason is known here or does not compile.
const known: Record<Reason, true> = {
  BadRequest: true,
  Unauthorized: true,
  Forbidden: true,
  NotFound: true,
  MethodNotAllowed: true,
  NotAcceptable: true,
  AlreadyExists: true,
  Conflict: true,
  Gone: true,
  Expired: true,
  RequestEntityTooLarge: true,
  UnsupportedMediaType: true,
  Invalid: true,
  TooManyRequests: true,
  InternalError: true,
  NotImplemented: true,
  BadGateway: true,
  ServiceUnavailable: true,
  ServerTimeout: true,
  Timeout: true,
};

const reasonsByCode: ReadonlyMap<number, Reason> = new Map([
  [400, "BadRequest"],
  [401, "Unauthorized"],
  [403, "Forbidden"],
  [404, "NotFound"],
  [405, "MethodNotAllowed"],
  [406, "NotAcceptable"],
  [409, "Conflict"],
  [410, "Gone"],
  [413, "RequestEntityTooLarge"],
  [415, "UnsupportedMediaType"],
  [422, "Invalid"],
  [429, "TooManyRequests"],
  [501, "NotImplemented"],
  [502, "BadGateway"],
  [503, "ServiceUnavailable"],
  [504, "Timeout"],
]);

/** The error that an answer is: its Status when it has one, else what the HTTP code says. */
export function errorOf(body: JsonValue | undefined, code: number, retryAfterSeconds?: number): ApiError {
  const status = isJsonObject(body) && body["kind"] === "Status" ? body : {};
  const statusCode = typeof status["code"] === "number" ? status["code"] : code;
  const message = typeof status["message"] === "string" ? status["message"] : `the server answered ${String(statusCode)}`;
  const details = detailsOf(status["details"], retryAfterSeconds);
  return new ApiError(reasonOf(status["reason"], statusCode), message, {
    code: statusCode,
    ...(details === undefined ? {} : { details }),
    ...(isJsonObject(status["metadata"]) ? { metadata: status["metadata"] } : {}),
  });
}

/** Nothing answered, or not to the end. */
export const noAnswer = (message: string, cause: unknown): ApiError =>
  new ApiError("ServiceUnavailable", message, { cause, details: { retryAfterSeconds: 1 } });

/** The text as JSON; an answer that is none counts as no answer. */
export function parseJson(text: string): JsonValue {
  try {
    const value: unknown = JSON.parse(text);
    // JSON.parse makes nothing but JsonValues.
    return value as JsonValue;
  } catch (thrown) {
    throw noAnswer("the server's answer is not JSON", thrown);
  }
}

/** The answer as an object of the API. What its fields are is the server's word. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller names what it asked the server for
export function parseObject<T extends ApiObject>(value: JsonValue): T {
  if (!isApiObject(value)) throw noAnswer("the server's answer is not an object of the API", undefined);
  return value as T;
}

/** The answer as a list. Items without kind and apiVersion, as Kubernetes' own are, get those that the list implies. */
export function parseList<T extends ApiObject>(value: JsonValue): ApiList<T> {
  if (!isJsonObject(value) || !Array.isArray(value["items"])) throw noAnswer("the server's answer is not a list", undefined);
  const { apiVersion, kind, metadata } = value;
  if (typeof apiVersion !== "string" || typeof kind !== "string") throw noAnswer("the server's answer is not a list of the API", undefined);
  const implied: JsonObject = { apiVersion, kind: kind.replace(/List$/, "") };
  const items = value["items"].map((item: JsonValue) => parseObject<T>(isJsonObject(item) ? { ...implied, ...item } : item));
  return { apiVersion, kind, metadata: isJsonObject(metadata) ? metadata : {}, items };
}

const isReason = (value: JsonValue | undefined): value is Reason => typeof value === "string" && Object.hasOwn(known, value);

function reasonOf(reason: JsonValue | undefined, code: number): Reason {
  if (isReason(reason)) return reason;
  return reasonsByCode.get(code) ?? (code < 500 ? "BadRequest" : "InternalError");
}

function detailsOf(value: JsonValue | undefined, retryAfterSeconds: number | undefined): StatusDetails | undefined {
  const retry = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
  if (isJsonObject(value)) return { ...retry, ...value };
  return retryAfterSeconds === undefined ? undefined : retry;
}

const isApiObject = (value: JsonValue): boolean =>
  isJsonObject(value) && typeof value["apiVersion"] === "string" && typeof value["kind"] === "string" && isJsonObject(value["metadata"]);
