import type { ApiClient, ResourceRef } from "@dataplane/client";
import { type Again, type Controller, createController } from "@dataplane/controller";
import { type ApiObject, type Clock, isJsonObject, type JsonValue, type Logger, rfc3339, tolerating } from "@dataplane/meta";
import type { ApiSource } from "../api-source.js";
import { contentsFinalizer } from "../builtin/namespaces.js";
import type { StoredValue } from "../codec.js";
import { keyPrefixOf } from "../define-resource.js";
import { plainText } from "../plain-text.js";
import type { ResourceRegistry } from "../registry.js";
import type { WatchCache } from "../watch-cache.js";
import { conditionsOf, type Remains } from "./namespace-conditions.js";
import { type ContentKind, namespaceContents } from "./namespace-contents.js";

export interface NamespaceLifecycleOptions {
  readonly cache: WatchCache;
  readonly registry: ResourceRegistry;
  /** All who serve namespaced kinds. */
  readonly sources: readonly ApiSource[];
  /** Whose deletes pass admission like anyone's. */
  readonly client: ApiClient;
  /** For kinds that others serve: a client of the whole chain. */
  readonly chain: ApiClient;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How often a namespace is looked at again whose contents are held by finalizers. */
const retryMs = 1_000;

const namespaces: ResourceRef = { group: "", version: "v1", resource: "namespaces", namespaced: false };

/**
 * Empties namespaces that are being deleted, says in their conditions what is left, and lets them go when nothing is. A group that
 * does not answer is named and not waited for.
 */
export class NamespaceLifecycle {
  readonly #options: NamespaceLifecycleOptions;
  readonly #controller: Controller;

  constructor(options: NamespaceLifecycleOptions) {
    const { clock, logger } = options;
    this.#options = options;
    this.#controller = createController({
      name: "namespace-lifecycle",
      concurrency: 8,
      reconcile: (name, signal) => this.#finalize(name, signal),
      clock,
      logger,
    });
  }

  /** Until `signal` aborts; the cache has been started. */
  async run(signal: AbortSignal): Promise<void> {
    const running = this.#controller.run(signal);
    const stop = this.#follow(signal);
    await running;
    stop();
  }

  #follow(signal: AbortSignal): () => void {
    const { cache, registry } = this.#options;
    const resource = registry.resolve("", "v1", "namespaces");
    if (resource === undefined || signal.aborted) return () => undefined;
    const prefix = keyPrefixOf(resource, "");
    for (const stored of cache.under(prefix)) this.#seen(stored);
    let stop = (): void => undefined;
    const subscription = cache.subscribe(cache.revision, (change) => {
      if (change === undefined) setImmediate(() => (stop = this.#follow(signal)));
      else if (change.current !== undefined && change.key.startsWith(prefix)) this.#seen(change.current);
    });
    stop = subscription.stop;
    return () => stop();
  }

  #seen(stored: StoredValue): void {
    if (!stored.isReadable) return;
    const { bare } = stored;
    if (bare.metadata.deletionTimestamp !== undefined) this.#controller.enqueue(bare.metadata.name);
  }

  async #finalize(name: string, signal: AbortSignal): Promise<Again | undefined> {
    const { client, sources, registry } = this.#options;
    const namespace = await this.#terminating(name, signal);
    if (namespace === undefined) return undefined;
    const { kinds, unreachable } = namespaceContents(sources, registry);
    const remains: Remains = { kinds: new Map(), finalizers: new Map(), failures: [], unreachable };
    for (const kind of kinds) await this.#empty(kind, name, remains, signal);
    await this.#writeConditions(namespace, remains, signal);
    if (remains.kinds.size > 0 || remains.failures.length > 0) return { afterMs: retryMs };
    const kept = finalizersOf(namespace).filter((it) => it !== contentsFinalizer);
    const { apiVersion, kind, metadata } = namespace;
    const { resourceVersion: _any, ...identity } = metadata;
    const released = { apiVersion, kind, metadata: identity, spec: { finalizers: kept } };
    await tolerating(client.update(namespaces, { name, subresource: "finalize" }, released, {}, signal), "NotFound");
    return undefined;
  }

  /** The namespace in its newest state, if its contents are to go. */
  async #terminating(name: string, signal: AbortSignal): Promise<ApiObject | undefined> {
    const found = await tolerating(this.#options.client.get<ApiObject>(namespaces, { name }, signal), "NotFound");
    if (found?.metadata.deletionTimestamp === undefined || !finalizersOf(found).includes(contentsFinalizer)) return undefined;
    return found;
  }

  /** Deletes all objects of a kind, and notes what is still there. */
  async #empty({ ref, canDeleteCollections }: ContentKind, namespace: string, remains: Remains, signal: AbortSignal): Promise<void> {
    const { registry, chain } = this.#options;
    const client = registry.get(ref.group, ref.version, ref.resource) === undefined ? chain : this.#options.client;
    try {
      const before = await client.list<ApiObject>(ref, { namespace }, signal);
      if (before.items.length === 0) return;
      if (canDeleteCollections) await client.deleteCollection(ref, { namespace }, signal);
      else for (const { metadata } of before.items) await tolerating(client.delete(ref, { name: metadata.name, namespace }, signal), "NotFound");
      const after = await client.list<ApiObject>(ref, { namespace }, signal);
      if (after.items.length > 0) note(remains, ref, after.items);
    } catch (error) {
      if (signal.aborted) throw error;
      remains.failures.push(`${ref.resource}${ref.group === "" ? "" : `.${ref.group}`}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  async #writeConditions(namespace: ApiObject, remains: Remains, signal: AbortSignal): Promise<void> {
    const { client, clock } = this.#options;
    const now = rfc3339(clock.now());
    const known = conditionsIn(namespace);
    const conditions = conditionsOf(remains).map((next) => {
      const before = known.find(({ type }) => type === next.type);
      return { ...next, lastTransitionTime: before?.["status"] === next.status ? (before["lastTransitionTime"] ?? now) : now };
    });
    const isSame = conditions.every((next) =>
      known.some((it) => it["type"] === next.type && it["status"] === next.status && it["message"] === next.message),
    );
    // A namespace that goes at once is told of nothing.
    if (isSame || (known.length === 0 && conditions.every(({ status }) => status === "False"))) return;
    const ref = { name: namespace.metadata.name, subresource: "status" };
    const patch = { status: { conditions } };
    await tolerating(
      client.patch(namespaces, ref, "application/strategic-merge-patch+json", patch, { fieldManager: "namespace-lifecycle" }, signal),
      "NotFound",
    );
  }
}

function note(remains: Remains, { resource, group }: ResourceRef, items: readonly ApiObject[]): void {
  remains.kinds.set(`${resource}.${group}`, items.length);
  for (const finalizer of items.flatMap(({ metadata }) => metadata.finalizers ?? [])) {
    remains.finalizers.set(finalizer, (remains.finalizers.get(finalizer) ?? 0) + 1);
  }
}

function finalizersOf({ spec }: ApiObject): readonly string[] {
  const listed = isJsonObject(spec) ? spec["finalizers"] : undefined;
  return Array.isArray(listed) ? listed.map(plainText) : [];
}

function conditionsIn({ status }: ApiObject): readonly Readonly<Record<string, JsonValue>>[] {
  const listed = isJsonObject(status) ? status["conditions"] : undefined;
  return Array.isArray(listed) ? (listed as readonly JsonValue[]).filter(isJsonObject) : [];
}
