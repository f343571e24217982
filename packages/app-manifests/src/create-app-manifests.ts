import { appManifestsRef } from "@dataplane/aggregator";
import { obeyingWrites } from "@dataplane/apiextensions";
import type { AdmissionHook } from "@dataplane/apiserver";
import type { WhileLeading } from "@dataplane/controller";
import type { GroupVersion, GroupVersionKind, Handler } from "@dataplane/meta";
import { kindAdmission } from "./hooks/kind-admission.js";
import { ManifestsController, type ManifestsControllerOptions } from "./manifests-controller.js";

/** `client` is the control plane's; without `dataplaneAggregator` no DataPlaneService is made. */
export type AppManifestsOptions = ManifestsControllerOptions;

/** What AppManifests declare, as long as they are stored: kinds, hooks, a DataPlaneService a version. */
export interface AppManifests {
  /** Serves the kinds that are stored already; before it none is known. */
  serveStored(): Promise<void>;
  /** Passes on to `delegate`; the answer to a write of a manifest comes when it is obeyed. */
  obeying(delegate: Handler): Handler;
  /** The say of apps in writes of their own kinds: mutate, then validate, on the operations that the manifest lists. */
  readonly admission: AdmissionHook;
  /** True for a kind of a manifest: what a DataPlaneService of the group and version lists is then no hook of it. */
  owns(kind: Pick<GroupVersionKind, "group" | "kind">): boolean;
  /** True for a group and version that a manifest has kinds in. */
  serves(groupVersion: GroupVersion): boolean;
  /**
   * Keeps all that follows from manifests true, until `signal` aborts. What is written is written by this server, or, of several on one store,
   * by the one that leads and by the one that took the write of a manifest.
   */
  run(signal: AbortSignal, whileLeading?: WhileLeading): Promise<void>;
}

export function createAppManifests(options: AppManifestsOptions): AppManifests {
  const controller = new ManifestsController(options);
  let isRunning = false;
  return {
    serveStored: () => controller.serveStored(),
    obeying: (delegate) =>
      obeyingWrites({ ...appManifestsRef, kind: "AppManifest" }, delegate, () => (isRunning ? controller.settled() : Promise.resolve())),
    admission: kindAdmission((kind) => controller.hookOf(kind)),
    owns: (kind) => controller.owns(kind),
    serves: (groupVersion) => controller.kinds.serves(groupVersion),
    async run(signal, whileLeading) {
      isRunning = true;
      await controller.run(signal, whileLeading);
      isRunning = false;
    },
  };
}
