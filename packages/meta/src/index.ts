export { aborted } from "./aborted.js";
export {
  ApiError,
  type ApiErrorOptions,
  alreadyExists,
  badRequest,
  type Cause,
  conflict,
  expired,
  invalid,
  notFound,
  type Reason,
  type Status,
  type StatusDetails,
  unavailable,
} from "./api-error.js";
export { type Clock, systemClock } from "./clock.js";
export { type Condition, rfc3339, setCondition } from "./condition.js";
export { elderFirst } from "./elder-first.js";
export { type FieldRequirement, parseFieldSelector } from "./field-selector.js";
export { apiVersionOf, basePathOf, type GroupVersion, type GroupVersionKind, type GroupVersionResource, parseApiVersion } from "./group-version.js";
export { hopByHopNames } from "./hop-by-hop.js";
export type { Handler, Headers, HttpBody, HttpRequest, HttpResponse, RawConnection, RequestBody, RequestContext } from "./http.js";
export { isJsonObject, type JsonArray, type JsonObject, type JsonValue } from "./json.js";
export { type LabelSelector, parseLabelSelector } from "./label-selector.js";
export { LightAbort } from "./light-abort.js";
export { LinkedAbort } from "./linked-abort.js";
export { type Logger, silentLogger } from "./logger.js";
export {
  type Counter,
  createMetrics,
  type Gauge,
  type Histogram,
  type HistogramOptions,
  type MetricFamily,
  type MetricOptions,
  type Metrics,
  type ObservedOptions,
  requestSeconds,
} from "./metrics.js";
export { dnsLabelProblems, labelValueProblems, qualifiedNameProblems, subdomainProblems } from "./name-problems.js";
export { isDnsLabel, isDnsSubdomain, isLabelKey, isLabelValue } from "./names.js";
export type { ApiList, ApiObject, ListMeta, ManagedFieldsEntry, ObjectMeta, OwnerReference, WatchEvent, WatchEventType } from "./object.js";
export { type BodySink, isPushed, type PushedBody, pulled } from "./pushed-body.js";
export { identityHeaders } from "./remote-identity.js";
export type { RequestInfo } from "./request-info.js";
export { TimeLimit, type TimeLimitOptions } from "./time-limit.js";
export { tolerating } from "./tolerating.js";
export { abortReason, unlessAborted } from "./unless-aborted.js";
export { controlPlaneUser, dataPlaneUser, systemGroups, type UserInfo } from "./user.js";
