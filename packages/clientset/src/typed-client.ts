import {
  type ApiClient,
  createInformer,
  type Informer,
  type InformerOptions,
  type ListOptions,
  type ObjectRef,
  type PatchType,
  type ResourceRef,
  type WatchOptions,
  type WriteOptions,
} from "@dataplane/client";
import type { ApiList, ApiObject, JsonObject, WatchEvent } from "@dataplane/meta";

/** The verbs of one resource, typed by its kind. Throws ApiError, as ApiClient does. */
export interface TypedClient<T extends ApiObject> {
  readonly resource: ResourceRef;
  get(ref: ObjectRef, signal?: AbortSignal): Promise<T>;
  list(options?: ListOptions, signal?: AbortSignal): Promise<ApiList<T>>;
  watch(options: WatchOptions, signal: AbortSignal): AsyncIterable<WatchEvent<T>>;
  create(object: T, options?: WriteOptions, signal?: AbortSignal): Promise<T>;
  /** Replaces the object of the same name; with its resourceVersion, only that state. */
  update(object: T, options?: WriteOptions, signal?: AbortSignal): Promise<T>;
  patch(ref: ObjectRef, type: PatchType, patch: JsonObject | readonly JsonObject[], options?: WriteOptions, signal?: AbortSignal): Promise<T>;
  delete(ref: ObjectRef, signal?: AbortSignal): Promise<void>;
  /** A lister that keeps itself fresh; `run` begins it. */
  informer(options: Pick<InformerOptions, "options" | "clock" | "logger">): Informer<T>;
}

export function typedClient<T extends ApiObject>(client: ApiClient, resource: ResourceRef): TypedClient<T> {
  return {
    resource,
    get: (ref, signal) => client.get<T>(resource, ref, signal),
    list: (options, signal) => client.list<T>(resource, options, signal),
    watch: (options, signal) => client.watch<T>(resource, options, signal),
    create: (object, options, signal) => client.create<T>(resource, object, options, signal),
    update: (object, options, signal) => client.update<T>(resource, refOf(object), object, options, signal),
    patch: (ref, type, patch, options, signal) => client.patch<T>(resource, ref, type, patch, options, signal),
    delete: (ref, signal) => client.delete(resource, ref, signal),
    informer: (options) => createInformer<T>({ client, resource, ...options }),
  };
}

const refOf = ({ metadata: { name, namespace } }: ApiObject): ObjectRef => ({ name, ...(namespace === undefined ? {} : { namespace }) });
