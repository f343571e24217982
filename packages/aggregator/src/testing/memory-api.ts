import { EventEmitter, once } from "node:events";
import type { ApiClient, ObjectRef, ResourceRef } from "@dataplane/client";
import { type ApiList, type ApiObject, alreadyExists, conflict, isJsonObject, notFound, type WatchEvent } from "@dataplane/meta";

/** The least API that the controllers can live on: one map of objects with revisions, and watches. */
export class MemoryApi implements ApiClient {
  readonly objects = new Map<string, ApiObject>();
  /** Calls so far, as `verb resource/name`. */
  readonly calls: string[] = [];
  readonly #log: { readonly revision: number; readonly resource: string; readonly event: WatchEvent<ApiObject> }[] = [];
  readonly #news = new EventEmitter().setMaxListeners(100);
  #revision = 1;

  get<T extends ApiObject>(resource: ResourceRef, ref: ObjectRef): Promise<T> {
    this.calls.push(`get ${resource.resource}/${ref.name}${ref.subresource === undefined ? "" : `/${ref.subresource}`}`);
    const found = this.objects.get(keyOf(resource, ref));
    return found === undefined ? Promise.reject(notFound(resource.resource, ref.name, resource.group)) : Promise.resolve(found as T);
  }

  list<T extends ApiObject>(resource: ResourceRef): Promise<ApiList<T>> {
    const items = [...this.objects].filter(([key]) => key.startsWith(`${typeOf(resource)}/`)).map(([, object]) => object as T);
    return Promise.resolve({ apiVersion: "v1", kind: "List", metadata: { resourceVersion: String(this.#revision) }, items });
  }

  async *watch<T extends ApiObject>(resource: ResourceRef, options: { resourceVersion?: string }, signal: AbortSignal): AsyncIterable<WatchEvent<T>> {
    let at = this.#log.findIndex(({ revision }) => revision > Number(options.resourceVersion ?? "0"));
    if (at === -1) at = this.#log.length;
    while (!signal.aborted) {
      for (; at < this.#log.length; at += 1) {
        const entry = this.#log[at];
        if (entry?.resource === typeOf(resource)) yield entry.event as WatchEvent<T>;
      }
      await once(this.#news, "change", { signal }).catch(() => undefined);
    }
  }

  create<T extends ApiObject>(resource: ResourceRef, object: T): Promise<T> {
    const ref = { name: object.metadata.name, ...(object.metadata.namespace === undefined ? {} : { namespace: object.metadata.namespace }) };
    this.calls.push(`create ${resource.resource}/${ref.name}`);
    if (this.objects.has(keyOf(resource, ref))) return Promise.reject(alreadyExists(resource.resource, ref.name, resource.group));
    const metadata = { uid: `uid-${this.#revision}`, generation: 1, creationTimestamp: "2026-01-01T00:00:00Z", ...object.metadata };
    return Promise.resolve(this.#put(resource, ref, { ...object, metadata }, "ADDED"));
  }

  update<T extends ApiObject>(resource: ResourceRef, ref: ObjectRef, object: T): Promise<T> {
    const { generation = 0 } = this.objects.get(keyOf(resource, ref))?.metadata ?? {};
    return Promise.resolve(this.#put(resource, ref, { ...object, metadata: { ...object.metadata, generation: generation + 1 } }, "MODIFIED"));
  }

  async patch<T extends ApiObject>(resource: ResourceRef, ref: ObjectRef, _type: string, patch: unknown): Promise<T> {
    this.calls.push(`patch ${resource.resource}/${ref.name}${ref.subresource === undefined ? "" : `/${ref.subresource}`}`);
    const old = await this.get<T>(resource, { name: ref.name });
    const { metadata, ...fields } = isJsonObject(patch) ? patch : {};
    const expected = isJsonObject(metadata) ? metadata["resourceVersion"] : undefined;
    if (typeof expected === "string" && expected !== old.metadata.resourceVersion)
      throw conflict(resource.resource, ref.name, resource.group, "modified");
    return this.#put(resource, { name: ref.name }, { ...old, ...fields }, "MODIFIED");
  }

  delete(resource: ResourceRef, ref: ObjectRef): Promise<void> {
    const object = this.objects.get(keyOf(resource, ref));
    if (object === undefined) return Promise.reject(notFound(resource.resource, ref.name, resource.group));
    this.#put(resource, ref, object, "DELETED");
    this.objects.delete(keyOf(resource, ref));
    return Promise.resolve();
  }

  #put<T extends ApiObject>(resource: ResourceRef, ref: ObjectRef, object: T, type: "ADDED" | "MODIFIED" | "DELETED"): T {
    this.#revision += 1;
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#revision) } };
    this.objects.set(keyOf(resource, ref), stored);
    this.#log.push({ revision: this.#revision, resource: typeOf(resource), event: { type, object: stored } });
    this.#news.emit("change");
    return stored;
  }
}

const typeOf = ({ group, resource }: ResourceRef): string => `${group}/${resource}`;
const keyOf = (resource: ResourceRef, { name, namespace = "", subresource }: ObjectRef): string =>
  `${typeOf(resource)}/${namespace}/${name}${subresource === undefined ? "" : `/${subresource}`}`;
