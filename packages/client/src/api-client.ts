import type { ApiList, ApiObject, GroupVersionResource, JsonObject, WatchEvent } from "@dataplane/meta";

/** A resource as a client names it. */
export interface ResourceRef extends GroupVersionResource {
  readonly namespaced: boolean;
}

export interface ObjectRef {
  readonly name: string;
  /** Absent for cluster-scoped resources. */
  readonly namespace?: string;
  readonly subresource?: string;
}

export interface ListOptions {
  /** All namespaces when absent. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
}

export interface WatchOptions extends Omit<ListOptions, "limit" | "continue"> {
  readonly allowWatchBookmarks?: boolean;
  readonly timeoutSeconds?: number;
}

export type PatchType =
  | "application/json-patch+json"
  | "application/merge-patch+json"
  | "application/strategic-merge-patch+json"
  | "application/apply-patch+yaml";

export interface WriteOptions {
  readonly fieldManager?: string;
  readonly dryRun?: boolean;
  readonly force?: boolean;
}

/** `meta/v1.DeleteOptions`. */
export interface DeleteOptions {
  /** Only the object of this uid; another one is a Conflict. */
  readonly uid?: string;
  /** Only in this state; another one is a Conflict. */
  readonly resourceVersion?: string;
  /** What becomes of the objects that belong to it; the resource's default unless told. */
  readonly propagationPolicy?: "Background" | "Foreground" | "Orphan";
}

/**
 * Calls the API. Every failure is an ApiError: the Status that the server gave, or ServiceUnavailable when there was no answer.
 * The controllers and the data plane know the world through this alone, in the server's own process or over the network.
 */
export interface ApiClient {
  get<T extends ApiObject>(resource: ResourceRef, ref: ObjectRef, signal?: AbortSignal): Promise<T>;
  list<T extends ApiObject>(resource: ResourceRef, options?: ListOptions, signal?: AbortSignal): Promise<ApiList<T>>;
  watch<T extends ApiObject>(resource: ResourceRef, options: WatchOptions, signal: AbortSignal): AsyncIterable<WatchEvent<T>>;
  create<T extends ApiObject>(resource: ResourceRef, object: T, options?: WriteOptions, signal?: AbortSignal): Promise<T>;
  /** POST to a subresource of an object, such as a TokenRequest to `token`. */
  createSubresource<T extends ApiObject>(resource: ResourceRef, ref: ObjectRef, object: JsonObject, signal?: AbortSignal): Promise<T>;
  update<T extends ApiObject>(resource: ResourceRef, ref: ObjectRef, object: T, options?: WriteOptions, signal?: AbortSignal): Promise<T>;
  patch<T extends ApiObject>(
    resource: ResourceRef,
    ref: ObjectRef,
    type: PatchType,
    patch: JsonObject | readonly JsonObject[],
    options?: WriteOptions,
    signal?: AbortSignal,
  ): Promise<T>;
  delete(resource: ResourceRef, ref: ObjectRef, signal?: AbortSignal, options?: DeleteOptions): Promise<void>;
  /** All that the options select. */
  deleteCollection(
    resource: ResourceRef,
    options: Pick<ListOptions, "namespace" | "labelSelector" | "fieldSelector">,
    signal?: AbortSignal,
  ): Promise<void>;
}
