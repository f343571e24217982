import { type ApiClient, createInformer, type Informer, type ResourceRef } from "@dataplane/client";
import { ApiError, type ApiObject, type Clock, type Logger, notFound } from "@dataplane/meta";

export interface KeptReadsOptions<T> {
  readonly client: ApiClient;
  readonly resource: ResourceRef;
  /** Reads the subresource `plugincontext`, whose metadata is the object's. */
  readonly parse: (object: ApiObject) => T;
  /** What an object that is not there is as good as; without it, that is NotFound. */
  readonly absent?: T;
  /** Told when the watch saw an object come, change or go. */
  readonly changed?: (key: { readonly namespace: string; readonly name: string }) => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Kept<T> {
  /** Undefined for an object that is not there. */
  readonly resourceVersion: string | undefined;
  readonly value: T;
}

/** What `plugincontext` of a resource's objects says: read once, and again only when a watch saw the object change. Never logged. */
export class KeptReads<T> {
  readonly #options: KeptReadsOptions<T>;
  readonly #kept = new Map<string, Kept<T>>();
  #informer: Informer<ApiObject> | undefined;
  /** Grows by each write: what was read before it is not kept. */
  #writes = 0;

  constructor(options: KeptReadsOptions<T>) {
    this.#options = options;
  }

  /** Watches from now on, until `lifetime` aborts. More than once is once; before it nothing is kept for long. */
  watch(lifetime: AbortSignal): void {
    if (this.#informer !== undefined || lifetime.aborted) return;
    const informer = createInformer<ApiObject>(this.#options);
    informer.onChange(({ type, object: { metadata } }) => {
      // Secrets are kept no longer than their object.
      const { namespace = "", name } = metadata;
      if (type === "deleted") this.#kept.delete(keyOf(namespace, name));
      this.#options.changed?.({ namespace, name });
    });
    this.#informer = informer;
    void informer.run(lifetime);
  }

  /** What is kept and fresh; undefined where it must be read. */
  kept(namespace: string, name: string): T | undefined {
    const kept = this.#kept.get(keyOf(namespace, name));
    return kept !== undefined && this.#isFresh(kept, namespace, name) ? kept.value : undefined;
  }

  /** Throws what the client throws: NotFound, and ServiceUnavailable for a secret that does not open. */
  async get({ namespace, name }: { readonly namespace: string; readonly name: string }, signal: AbortSignal): Promise<T> {
    const kept = this.kept(namespace, name);
    if (kept !== undefined) return kept;
    const key = keyOf(namespace, name);
    const writes = this.#writes;
    const read = await this.#read(namespace, name, signal);
    if (this.#kept.size >= mostKept) this.#kept.clear();
    if (writes === this.#writes) this.#kept.set(key, read);
    return read.value;
  }

  /** A write that went through this server: the next call reads anew. An empty name is all. */
  forget({ namespace, name }: { readonly namespace: string; readonly name: string }): void {
    this.#writes += 1;
    if (name === "") this.#kept.clear();
    else this.#kept.delete(keyOf(namespace, name));
  }

  clear(): void {
    this.#kept.clear();
  }

  #isFresh({ resourceVersion }: Kept<T>, namespace: string, name: string): boolean {
    const seen = this.#informer?.get(name, namespace)?.metadata.resourceVersion;
    return seen === resourceVersion && (seen !== undefined || this.#informer?.hasSynced === true);
  }

  async #read(namespace: string, name: string, signal: AbortSignal): Promise<Kept<T>> {
    const { client, resource, parse, absent } = this.#options;
    // A name can come from a body: one that would change the path names nothing.
    if (!isName(name) || !isName(namespace)) throw notFound(resource.resource, name, resource.group);
    try {
      const object = await client.get(resource, { name, namespace, subresource: "plugincontext" }, signal);
      return { resourceVersion: object.metadata.resourceVersion, value: parse(object) };
    } catch (thrown) {
      if (absent === undefined || !(thrown instanceof ApiError) || thrown.reason !== "NotFound") throw thrown;
      return { resourceVersion: undefined, value: absent };
    }
  }
}

/** What is not there is kept too, under whatever name was asked for. */
const mostKept = 10_000;

const keyOf = (namespace: string, name: string): string => `${namespace}/${name}`;

const isName = (text: string): boolean => text !== "" && text !== "." && text !== ".." && !text.includes("/");
