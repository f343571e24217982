import { randomInt } from "node:crypto";
import { ApiError, type ApiObject, type Clock, type Logger, type WatchEvent } from "@dataplane/meta";
import type { ApiClient, ListOptions, ResourceRef } from "./api-client.js";
import { backOffMs } from "./back-off.js";
import type { Informer, InformerChange } from "./informer.js";
import { ObjectCache } from "./object-cache.js";

export interface InformerOptions {
  readonly client: ApiClient;
  readonly resource: ResourceRef;
  /** Which objects; all when absent. */
  readonly options?: Pick<ListOptions, "namespace" | "labelSelector" | "fieldSelector">;
  readonly clock: Clock;
  readonly logger: Logger;
}

// Both as Kubernetes' own clients have them.
const pageSize = 500;
const shortestWatchSeconds = 300;
// A watch that ends sooner than this and brought nothing counts as a failure, or a server that ends each at once would be asked in a loop.
const shortWatchMs = 1000;

/** An informer that has not begun; `run` begins it. */
export const createInformer = <T extends ApiObject>(options: InformerOptions): Informer<T> => new ListWatchInformer<T>(options);

class ListWatchInformer<T extends ApiObject> implements Informer<T> {
  readonly synced: Promise<void>;
  readonly #options: InformerOptions;
  readonly #logger: Logger;
  readonly #cache = new ObjectCache<T>();
  readonly #listeners = new Set<(change: InformerChange<T>) => void>();
  #markSynced: () => void = () => undefined;
  #hasSynced = false;
  /** Where the watch goes on; undefined when a list is due. */
  #resourceVersion: string | undefined;
  #failures = 0;

  constructor(options: InformerOptions) {
    this.#options = options;
    this.#logger = options.logger.child({ resource: options.resource.resource, group: options.resource.group });
    this.synced = new Promise((resolve) => {
      this.#markSynced = resolve;
    });
  }

  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  get(name: string, namespace?: string): T | undefined {
    return this.#cache.get(name, namespace);
  }

  list(): readonly T[] {
    return this.#cache.list();
  }

  onChange(listener: (change: InformerChange<T>) => void): () => void {
    // One function may listen twice, and each stops its own.
    const own = (change: InformerChange<T>): void => listener(change);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  async run(signal: AbortSignal): Promise<void> {
    const stopped = (): boolean => signal.aborted;
    while (!stopped()) {
      try {
        this.#resourceVersion ??= await this.#listAll(signal);
        await this.#watch(this.#resourceVersion, signal);
      } catch (thrown) {
        if (!stopped()) await this.#recover(thrown, signal);
      }
    }
  }

  async #listAll(signal: AbortSignal): Promise<string> {
    const { client, resource, options } = this.#options;
    const items: T[] = [];
    let page = await client.list<T>(resource, { ...options, limit: pageSize }, signal);
    items.push(...page.items);
    while (page.metadata.continue !== undefined && page.metadata.continue !== "") {
      page = await client.list<T>(resource, { ...options, limit: pageSize, continue: page.metadata.continue }, signal);
      items.push(...page.items);
    }
    this.#deliver(this.#cache.replace(items));
    this.#hasSynced = true;
    this.#markSynced();
    return page.metadata.resourceVersion ?? "";
  }

  async #watch(resourceVersion: string, signal: AbortSignal): Promise<void> {
    const { client, resource, options, clock } = this.#options;
    const started = clock.now().getTime();
    const timeoutSeconds = shortestWatchSeconds + randomInt(shortestWatchSeconds);
    let brought = false;
    for await (const event of client.watch<T>(resource, { ...options, resourceVersion, allowWatchBookmarks: true, timeoutSeconds }, signal)) {
      brought = true;
      this.#failures = 0;
      this.#take(event);
    }
    if (signal.aborted || brought) return;
    if (clock.now().getTime() - started < shortWatchMs) throw new ApiError("ServiceUnavailable", "the watch ended at once");
    this.#failures = 0;
  }

  #take({ type, object }: WatchEvent<T>): void {
    this.#resourceVersion = object.metadata.resourceVersion ?? this.#resourceVersion;
    if (type === "ADDED" || type === "MODIFIED") this.#deliver(this.#cache.put(object));
    else if (type === "DELETED") this.#deliver(this.#cache.remove(object));
  }

  async #recover(thrown: unknown, signal: AbortSignal): Promise<void> {
    const error = ApiError.from(thrown);
    const expired = error.code === 410;
    if (expired) this.#resourceVersion = undefined;
    this.#failures += 1;
    // The first 410 is the ordinary end of an old watch; only one after another is waited for.
    if (expired && this.#failures === 1) return;
    const afterMs = backOffMs(this.#failures);
    this.#logger.warn({ reason: error.reason, error: error.message, failures: this.#failures, afterMs }, "list or watch failed, will try again");
    await this.#options.clock.sleep(afterMs, signal).catch(() => undefined);
  }

  #deliver(changes: readonly InformerChange<T>[]): void {
    for (const change of changes) {
      for (const listener of this.#listeners) this.#tell(listener, change);
    }
  }

  #tell(listener: (change: InformerChange<T>) => void, change: InformerChange<T>): void {
    try {
      listener(change);
    } catch (thrown) {
      const error = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
      this.#logger.error({ error }, "a listener of the informer failed");
    }
  }
}
