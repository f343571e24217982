import type { ApiClient, Lister, ResourceRef } from "@dataplane/client";
import type { ApiObject } from "@dataplane/meta";

/** An object by its name; `namespace` is empty at the cluster scope. */
export interface ObjectKey {
  readonly name: string;
  readonly namespace: string;
}

/** What a reconcile works with. */
export interface AppContext<T extends ApiObject> {
  /** As the app's own ServiceAccount. */
  readonly client: ApiClient;
  /** The objects of the controller's resource, as they were last seen. */
  readonly objects: Lister<T>;
  /** Aborts when the plugin is to end, or the Lease is lost. */
  readonly signal: AbortSignal;
}

/** More objects whose changes matter to a controller. */
export interface AlsoWatched {
  readonly resource: ResourceRef;
  /** The objects of the controller's own resource that one of them leads to. */
  readonly keysOf: (object: ApiObject) => readonly ObjectKey[];
}

/** A reconcile loop over one kind. */
export interface AppController<T extends ApiObject = ApiObject> {
  /** In logs. */
  readonly name: string;
  readonly resource: ResourceRef;
  /** Of one namespace; all when absent. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly alsoWatch?: readonly AlsoWatched[];
  /** Objects worked on at the same time, none of them twice; 1 unless told. */
  readonly concurrency?: number;
  /**
   * Makes the world as the object says; undefined: it is gone. May be called again for what is so already. A rejection is tried again with
   * back-off; an answer says when to look again though nothing changed, in milliseconds.
   */
  readonly reconcile: (object: T | undefined, key: ObjectKey, context: AppContext<T>) => Promise<{ readonly afterMs: number } | undefined>;
}
