import type { AppHooks } from "@dataplane/aggregator";
import type { AdmissionHook, ResourceRegistry, WebhookClient } from "@dataplane/apiserver";
import type { ApiClient } from "@dataplane/client";
import type { Clock, GroupVersion, GroupVersionKind, Logger } from "@dataplane/meta";
import type { PluginSource } from "@dataplane/plugin-host";

export interface AppManifestsOptions {
  /** As the control plane. */
  readonly client: ApiClient;
  readonly registry: ResourceRegistry;
  /** Who has the manifests on disk, and answers for the kinds of those that are stored. */
  readonly plugins: PluginSource;
  readonly hooks: AppHooks;
  /** For manifests whose `operator.url` answers in place of a plugin. */
  readonly webhooks: WebhookClient;
  /** Whether DataPlaneServices are served here: without them none is made. */
  readonly dataplaneAggregator: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What AppManifests declare, as long as they are stored: kinds, hooks, a DataPlaneService a version, roles. */
export interface AppManifests {
  /** Serves the kinds that are stored already; before it none is known. */
  serveStored(): Promise<void>;
  /** The say of apps in writes of their own kinds: mutate, then validate, on the operations that the manifest lists. */
  readonly admission: AdmissionHook;
  /** True for a kind of a manifest: what a DataPlaneService of the group and version lists is then no hook of it. */
  owns(kind: GroupVersionKind): boolean;
  /** True for a group and version that a manifest has kinds in. */
  serves(groupVersion: GroupVersion): boolean;
  /** Applies the manifests in plugin folders, and keeps all that follows from manifests true, until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
}
