import type { ApiClient, DeleteOptions, ObjectRef, ResourceRef } from "@dataplane/client";
import { type Again, type Controller, createController } from "@dataplane/controller";
import { ApiError, type Clock, type JsonObject, type Logger, type OwnerReference } from "@dataplane/meta";
import type { CacheChange } from "../change-history.js";
import type { ResourceRegistry } from "../registry.js";
import { foregroundFinalizer, orphanFinalizer } from "../verbs/delete.js";
import type { WatchCache } from "../watch-cache.js";
import { type FoundObject, ObjectFinder } from "./object-finder.js";
import { OwnerIndex, ownersOf } from "./owner-index.js";

export interface GarbageCollectorOptions {
  readonly cache: WatchCache;
  readonly registry: ResourceRegistry;
  /** Whose deletes and patches pass admission like anyone's. */
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** An owner of an unknown kind may come back: its dependents are looked at again after so long. */
const unknownOwnerMs = 30_000;

/** How soon a state is looked at again that another writer changed at the same moment. */
const lostRaceMs = 20;

/**
 * Deletes what belongs to objects that are gone, and does the work of the finalizers `foregroundDeletion` (dependents first) and
 * `orphan` (dependents stay) (https://kubernetes.io/docs/concepts/architecture/garbage-collection/).
 */
export class GarbageCollector {
  readonly #options: GarbageCollectorOptions;
  readonly #index = new OwnerIndex();
  readonly #finder: ObjectFinder;
  readonly #controller: Controller;
  #unsubscribe: () => void = () => undefined;

  constructor(options: GarbageCollectorOptions) {
    const { registry, cache, clock, logger } = options;
    this.#options = options;
    this.#finder = new ObjectFinder(registry, cache);
    const reconcile = (key: string): Promise<Again | undefined> => this.#reconcile(key);
    this.#controller = createController({ name: "garbage-collector", concurrency: 8, reconcile, clock, logger });
  }

  /** Until `signal` aborts; the cache has been started. */
  async run(signal: AbortSignal): Promise<void> {
    const running = this.#controller.run(signal);
    const stopListening = this.#options.registry.onChange(() => {
      for (const key of this.#index.keys()) this.#controller.enqueue(key);
    });
    this.#follow(signal);
    await running;
    this.#unsubscribe();
    stopListening();
  }

  /** Reads all that is there, then each change; from the beginning again when the cache jumped. */
  #follow(signal: AbortSignal): void {
    if (signal.aborted) return;
    const { cache } = this.#options;
    this.#index.clear();
    for (const stored of cache.under("/")) this.#seen({ revision: stored.revision, key: stored.key, current: stored, previous: undefined });
    const { stop } = cache.subscribe(cache.revision, (change) => {
      if (change !== undefined) this.#seen(change);
      else setImmediate(() => this.#follow(signal));
    });
    this.#unsubscribe = stop;
  }

  #seen({ key, current, previous }: CacheChange): void {
    // A dependent that changed or went may be what its owner waits for.
    const before = this.#index.ownersOf(key);
    if (before.length > 0) {
      const { namespace = "" } = (current ?? previous)?.bare.metadata ?? {};
      for (const owner of before) this.#enqueueOwner(owner, namespace);
    }
    const owners = current === undefined ? [] : ownersOf(current);
    this.#index.set(key, owners);
    if (current === undefined) {
      const { uid = "", namespace = "" } = previous?.bare.metadata ?? {};
      for (const dependent of this.#index.ownerGone(uid, namespace)) this.#controller.enqueue(dependent);
    } else if (owners.length > 0 || isAtWork(current)) {
      this.#controller.enqueue(key);
    }
  }

  #enqueueOwner(owner: OwnerReference, namespace: string): void {
    const found = this.#finder.owner(owner, namespace);
    if (typeof found === "object") this.#controller.enqueue(found.stored.key);
  }

  async #reconcile(key: string): Promise<Again | undefined> {
    const found = this.#finder.at(key);
    if (found === undefined) return undefined;
    const { deletionTimestamp, finalizers = [] } = found.stored.bare.metadata;
    if (deletionTimestamp !== undefined && finalizers.includes(orphanFinalizer)) {
      if (!(await this.#orphan(found))) return { afterMs: lostRaceMs };
    } else if (deletionTimestamp !== undefined && finalizers.includes(foregroundFinalizer)) await this.#deleteDependents(found);
    return this.#settleDependent(found);
  }

  /** The dependents lose their reference, then the owner its finalizer. False when one of them was changed meanwhile: it would be deleted. */
  async #orphan(owner: FoundObject): Promise<boolean> {
    const { uid = "" } = owner.stored.bare.metadata;
    const freed = await Promise.all(this.#dependentsOf(uid).map((dependent) => this.#withoutOwners(dependent, new Set([uid]))));
    if (freed.includes(false)) return false;
    await this.#withoutFinalizer(owner, orphanFinalizer);
    return true;
  }

  /** Those that block the owner are deleted by their own reconcile; the finalizer goes with the last of them. */
  async #deleteDependents(owner: FoundObject): Promise<void> {
    const { uid = "" } = owner.stored.bare.metadata;
    const blocking = this.#dependentsOf(uid).filter(({ stored }) => ownersOf(stored).some((it) => it.uid === uid && it.blockOwnerDeletion === true));
    for (const { stored } of this.#dependentsOf(uid)) this.#controller.enqueue(stored.key);
    if (blocking.length === 0) await this.#withoutFinalizer(owner, foregroundFinalizer);
  }

  /** An object whose owners are all gone goes too; one of whose owners some are gone forgets those. */
  async #settleDependent(dependent: FoundObject): Promise<Again | undefined> {
    const owners = ownersOf(dependent.stored);
    const { deletionTimestamp, finalizers = [], uid = "" } = dependent.stored.bare.metadata;
    if (owners.length === 0 || (deletionTimestamp !== undefined && !finalizers.includes(foregroundFinalizer))) return undefined;
    if (deletionTimestamp !== undefined) return undefined;
    const judged = owners.map((owner) => ({ owner, state: this.#stateOf(owner, dependent) }));
    const gone = judged.filter(({ state }) => state === "absent").map(({ owner }) => owner.uid);
    const waiting = judged.filter(({ state }) => state === "waiting").map(({ owner }) => owner.uid);
    if (judged.some(({ state }) => state === "present")) {
      if (gone.length + waiting.length > 0) await this.#withoutOwners(dependent, new Set([...gone, ...waiting]));
      return undefined;
    }
    if (judged.some(({ state }) => state === "unknown")) return { afterMs: unknownOwnerMs };
    if (waiting.length > 0 && this.#dependentsOf(uid).length > 0) {
      // Someone below may wait for this one: a circle would wait for itself.
      if (this.#dependentsOf(uid).some(({ stored }) => isDeletingDependents(stored))) await this.#unblockOwners(dependent);
      await this.#delete(dependent, "Foreground");
    } else {
      await this.#delete(dependent, policyOf(finalizers));
    }
    return undefined;
  }

  #stateOf(owner: OwnerReference, dependent: FoundObject): "present" | "absent" | "unknown" | "waiting" {
    const namespace = namespaceOf(dependent);
    const found = this.#finder.owner(owner, namespace);
    // Its kind may have gone with it: a definition takes its objects along.
    if (found === "unknown" && this.#index.isGone(owner.uid, namespace)) return "absent";
    if (typeof found !== "object") return found;
    return isDeletingDependents(found.stored) && owner.blockOwnerDeletion === true ? "waiting" : "present";
  }

  #dependentsOf(uid: string): readonly FoundObject[] {
    return this.#index.dependentsOf(uid).flatMap((key) => this.#finder.at(key) ?? []);
  }

  #withoutOwners(dependent: FoundObject, uids: ReadonlySet<string>): Promise<boolean> {
    const kept = ownersOf(dependent.stored).filter(({ uid }) => !uids.has(uid));
    return this.#patchMetadata(dependent, { ownerReferences: kept.length === 0 ? null : kept.map((it) => ({ ...it })) });
  }

  async #unblockOwners(dependent: FoundObject): Promise<void> {
    const owners = ownersOf(dependent.stored).map((owner) => ({ ...owner, blockOwnerDeletion: false }));
    await this.#patchMetadata(dependent, { ownerReferences: owners });
  }

  async #withoutFinalizer(owner: FoundObject, finalizer: string): Promise<void> {
    const kept = (owner.stored.bare.metadata.finalizers ?? []).filter((it) => it !== finalizer);
    await this.#patchMetadata(owner, { finalizers: kept.length === 0 ? null : kept });
  }

  /** Over the very state that was judged. False when that is no longer the newest: the next one is judged when it comes. */
  async #patchMetadata(found: FoundObject, metadata: JsonObject): Promise<boolean> {
    const patch = { metadata: { ...metadata, uid: found.stored.bare.metadata.uid ?? "", resourceVersion: found.stored.revision.toString() } };
    return unlessChanged(this.#options.client.patch(resourceRef(found), objectRef(found), "application/merge-patch+json", patch));
  }

  async #delete(found: FoundObject, propagationPolicy: NonNullable<DeleteOptions["propagationPolicy"]>): Promise<void> {
    const { uid = "" } = found.stored.bare.metadata;
    const options = { uid, resourceVersion: found.stored.revision.toString(), propagationPolicy };
    await unlessChanged(this.#options.client.delete(resourceRef(found), objectRef(found), undefined, options));
  }
}

type Stored = FoundObject["stored"];

const isDeletingDependents = ({ bare: { metadata } }: Stored): boolean =>
  metadata.deletionTimestamp !== undefined && metadata.finalizers?.includes(foregroundFinalizer) === true;

const finalizerMarker = Buffer.from('"finalizers":[');

/** Whether it is being deleted with one of our finalizers; objects without any are not parsed. */
function isAtWork(stored: Stored): boolean {
  if (!Buffer.from(stored.json.buffer, stored.json.byteOffset, stored.json.byteLength).includes(finalizerMarker)) return false;
  const { deletionTimestamp, finalizers = [] } = stored.bare.metadata;
  return deletionTimestamp !== undefined && (finalizers.includes(foregroundFinalizer) || finalizers.includes(orphanFinalizer));
}

function policyOf(finalizers: readonly string[]): "Orphan" | "Foreground" | "Background" {
  if (finalizers.includes(orphanFinalizer)) return "Orphan";
  return finalizers.includes(foregroundFinalizer) ? "Foreground" : "Background";
}

const namespaceOf = ({ stored }: FoundObject): string => stored.bare.metadata.namespace ?? "";

const resourceRef = ({ resource: { definition } }: FoundObject): ResourceRef => ({
  group: definition.group,
  version: definition.version,
  resource: definition.plural,
  namespaced: definition.scope === "namespaced",
});

function objectRef({ stored: { bare } }: FoundObject): ObjectRef {
  const { name, namespace } = bare.metadata;
  return { name, ...(namespace === undefined ? {} : { namespace }) };
}

/** False when the object changed since, or is another one by now; one that is gone is as good as done. */
async function unlessChanged(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if (!(error instanceof ApiError) || (error.reason !== "NotFound" && error.reason !== "Conflict")) throw error;
    return error.reason === "NotFound";
  }
}
