import type { ApiClient, Informer, ResourceRef } from "@dataplane/client";
import type { ApiObject } from "@dataplane/meta";

/** What a controller of an app works with. */
export interface AppContext {
  /** As the app's own ServiceAccount, at the address that the host gave it. */
  readonly client: ApiClient;
  /** Aborts when the plugin is to end, or the Lease is lost. */
  readonly signal: AbortSignal;
}

/** A reconcile loop over one kind. */
export interface AppController<T extends ApiObject> {
  /** Of its Lease entries, logs and metrics. */
  readonly name: string;
  readonly resource: ResourceRef;
  /** Of one namespace; all when absent. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  /** More kinds whose changes matter, and which objects of `resource` they lead to. */
  readonly alsoWatch?: readonly {
    readonly resource: ResourceRef;
    readonly keysOf: (object: ApiObject) => readonly { name: string; namespace?: string }[];
  }[];
  /** Keys worked on at the same time; 1 unless told. */
  readonly concurrency?: number;
  /**
   * Makes the world as the object says; undefined: it is gone. A rejection is tried again with back-off; an answer says when to look again
   * though nothing changed, in milliseconds.
   */
  readonly reconcile: (
    object: T | undefined,
    key: { readonly name: string; readonly namespace: string },
    context: AppContext & { readonly informer: Informer<T> },
  ) => Promise<{ readonly afterMs: number } | undefined>;
}
