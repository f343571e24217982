import { ApiError, type ApiList, type ApiObject, type JsonObject, type JsonValue, LinkedAbort, type WatchEvent } from "@dataplane/meta";
import { noAnswer, parseJson, parseList, parseObject } from "./answer.js";
import type { ApiClient, DeleteOptions, ListOptions, ObjectRef, PatchType, ResourceRef, WatchOptions, WriteOptions } from "./api-client.js";
import { collectionPath, objectPath, requireNamespace } from "./resource-path.js";
import { readText, type ServerCall, send } from "./send.js";
import type { Transport } from "./transport.js";
import { readEvents } from "./watch-events.js";

/** The API's verbs over whatever carries a call. */
export class TransportClient implements ApiClient {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  async get<T extends ApiObject>(resource: ResourceRef, ref: ObjectRef, signal?: AbortSignal): Promise<T> {
    return parseObject<T>(await this.#call({ method: "GET", path: objectPath(resource, ref), signal }));
  }

  async list<T extends ApiObject>(resource: ResourceRef, options: ListOptions = {}, signal?: AbortSignal): Promise<ApiList<T>> {
    const path = collectionPath(resource, options.namespace);
    return parseList<T>(await this.#call({ method: "GET", path, query: readQuery(options), signal }));
  }

  async *watch<T extends ApiObject>(
    resource: ResourceRef,
    options: WatchOptions,
    signal: AbortSignal,
  ): AsyncGenerator<WatchEvent<T>, void, undefined> {
    const query = readQuery(options);
    query.set("watch", "true");
    // A consumer that leaves the loop early must end the call too.
    const ended = new LinkedAbort(signal);
    try {
      const response = await send(this.#transport, { method: "GET", path: collectionPath(resource, options.namespace), query, signal: ended.signal });
      yield* readEvents<T>(response.body);
    } catch (thrown) {
      if (!signal.aborted) throw thrown instanceof ApiError ? thrown : noAnswer("the watch was cut off", thrown);
    } finally {
      ended.abort();
    }
  }

  async create<T extends ApiObject>(resource: ResourceRef, object: T, options?: WriteOptions, signal?: AbortSignal): Promise<T> {
    requireNamespace(resource, object.metadata.namespace);
    const path = collectionPath(resource, object.metadata.namespace);
    return parseObject<T>(await this.#call({ method: "POST", path, query: writeQuery(options), content: json(object), signal }));
  }

  async createSubresource<T extends ApiObject>(resource: ResourceRef, ref: ObjectRef, object: JsonObject, signal?: AbortSignal): Promise<T> {
    return parseObject<T>(await this.#call({ method: "POST", path: objectPath(resource, ref), content: json(object), signal }));
  }

  async update<T extends ApiObject>(resource: ResourceRef, ref: ObjectRef, object: T, options?: WriteOptions, signal?: AbortSignal): Promise<T> {
    const path = objectPath(resource, ref);
    return parseObject<T>(await this.#call({ method: "PUT", path, query: writeQuery(options), content: json(object), signal }));
  }

  async patch<T extends ApiObject>(
    resource: ResourceRef,
    ref: ObjectRef,
    type: PatchType,
    patch: unknown,
    options?: WriteOptions,
    signal?: AbortSignal,
  ): Promise<T> {
    // JSON is YAML, so that an apply patch needs no other encoding.
    const content = { type, value: patch };
    return parseObject<T>(await this.#call({ method: "PATCH", path: objectPath(resource, ref), query: writeQuery(options), content, signal }));
  }

  async delete(resource: ResourceRef, ref: ObjectRef, signal?: AbortSignal, options?: DeleteOptions): Promise<void> {
    const content = options === undefined ? {} : { content: json(deleteOptions(options)) };
    await this.#call({ method: "DELETE", path: objectPath(resource, ref), ...content, signal });
  }

  async deleteCollection(resource: ResourceRef, options: ListOptions, signal?: AbortSignal): Promise<void> {
    await this.#call({ method: "DELETE", path: collectionPath(resource, options.namespace), query: readQuery(options), signal });
  }

  async #call(call: ServerCall): Promise<JsonValue> {
    const { body } = await send(this.#transport, call);
    return parseJson(await readText(body));
  }
}

function deleteOptions({ uid, resourceVersion, propagationPolicy }: DeleteOptions): JsonObject {
  const preconditions = { ...(uid === undefined ? {} : { uid }), ...(resourceVersion === undefined ? {} : { resourceVersion }) };
  return { kind: "DeleteOptions", apiVersion: "v1", preconditions, ...(propagationPolicy === undefined ? {} : { propagationPolicy }) };
}

const json = (value: unknown): { readonly type: string; readonly value: unknown } => ({ type: "application/json", value });

// The namespace is part of the path; all other options are parameters of the same name.
const readParameters = ["labelSelector", "fieldSelector", "limit", "continue", "resourceVersion", "allowWatchBookmarks", "timeoutSeconds"] as const;

function readQuery(options: ListOptions & WatchOptions): URLSearchParams {
  const query = new URLSearchParams();
  for (const name of readParameters) {
    const value = options[name];
    if (value !== undefined) query.set(name, String(value));
  }
  return query;
}

function writeQuery({ fieldManager, dryRun, force }: WriteOptions = {}): URLSearchParams {
  const query = new URLSearchParams();
  if (fieldManager !== undefined) query.set("fieldManager", fieldManager);
  if (dryRun === true) query.set("dryRun", "All");
  if (force !== undefined) query.set("force", String(force));
  return query;
}
