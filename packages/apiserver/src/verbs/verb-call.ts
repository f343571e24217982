import { ApiError, type ApiObject, badRequest, type Clock, type HttpRequest, isJsonObject, type JsonObject, type RequestInfo } from "@dataplane/meta";
import type { Store } from "@dataplane/storage";
import type { AdmissionHook } from "../admission/admission-hook.js";
import type { Authorizer } from "../authz/authorizer.js";
import type { ServedResource } from "../define-resource.js";
import type { ResourceRegistry } from "../registry.js";
import { ResourceStore } from "../resource-store.js";
import type { WatchCache } from "../watch-cache.js";

/** What every verb works with. */
export interface VerbServices {
  readonly store: Store;
  readonly cache: WatchCache;
  readonly registry: ResourceRegistry;
  readonly clock: Clock;
  readonly newUid: () => string;
  readonly admission: readonly AdmissionHook[];
  /** Of what the filters could not know: that a patch makes an object. Everybody may unless told. */
  readonly authorizer?: Authorizer;
  readonly bodyLimitBytes: number;
}

/** One request for a resource. */
export interface VerbCall {
  readonly request: HttpRequest;
  readonly info: RequestInfo;
  readonly resource: ServedResource;
  readonly services: VerbServices;
}

export const objectsOf = ({
  resource,
  services,
  request,
}: Pick<VerbCall, "resource" | "services"> & Partial<Pick<VerbCall, "request">>): ResourceStore =>
  new ResourceStore(resource, services.store, services.cache, request?.signal);

/** Adds texts to the `Warning` headers of the answer. */
export function warn({ request }: Pick<VerbCall, "request">, texts: readonly string[]): void {
  if (texts.length === 0) return;
  request.context.warnings = [...(request.context.warnings ?? []), ...texts];
}

/** JSON as an API object, once it has what every object has. Throws BadRequest. */
export function apiObjectOf(value: JsonObject): ApiObject {
  if (!isApiObject(value)) throw badRequest("the object must have apiVersion, kind and metadata.name");
  return value;
}

function isApiObject(value: JsonObject): value is JsonObject & ApiObject {
  const { apiVersion, kind, metadata } = value;
  return typeof apiVersion === "string" && typeof kind === "string" && isJsonObject(metadata) && typeof metadata["name"] === "string";
}

export const methodNotAllowed = (): ApiError =>
  new ApiError("MethodNotAllowed", "the server does not allow this method on the requested resource", { details: {} });
