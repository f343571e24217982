import { appManifestsRef } from "@dataplane/aggregator";
import { type ApiClient, createInformer, type Informer, type ResourceRef } from "@dataplane/client";
import { createController } from "@dataplane/controller";
import { type ApiObject, type Clock, type Logger, tolerating } from "@dataplane/meta";
import type { PluginSource } from "@dataplane/plugin-host";
import { conditionsIn } from "../app-manifest-status.js";
import { writeStatusPart } from "../write-status.js";
import { type AccessObject, accessKinds, accessObjects, accessRefs, appsNamespace } from "./access-objects.js";
import { dropObject, keepObject } from "./keep-object.js";
import { pluginOf } from "./plugin-label.js";

export interface ManifestAccessOptions {
  /** As the control plane, which may give any right. */
  readonly client: ApiClient;
  /** Whose processes act for manifests. */
  readonly plugins: Pick<PluginSource, "get" | "onChange">;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Keeps roles, bindings and the ServiceAccounts of apps as their manifests have them, until `signal` aborts: what is changed or deleted is
 * put back, what a manifest has no more goes. The condition RolesBound of a manifest names what belongs to somebody else.
 */
export interface ManifestAccessController {
  run(signal: AbortSignal): Promise<void>;
}

const namespacesRef: ResourceRef = { group: "", version: "v1", resource: "namespaces", namespaced: false };

export function manifestAccessController({ client, plugins, clock, logger }: ManifestAccessOptions): ManifestAccessController {
  const informerOf = (resource: ResourceRef): Informer<ApiObject> => createInformer<ApiObject>({ client, resource, clock, logger });
  const manifests = informerOf(appManifestsRef);
  const kinds = accessKinds.map((kind) => ({ kind, informer: informerOf(accessRefs[kind]) }));

  const knownOf = ({ kind, object: { metadata } }: AccessObject): ApiObject | undefined =>
    kinds.find((it) => it.kind === kind)?.informer.get(metadata.name, metadata.namespace);

  const ownedBy = (uid: string | undefined): readonly AccessObject[] =>
    kinds.flatMap(({ kind, informer }) =>
      informer
        .list()
        .filter((object) => controllerOf(object)?.uid === uid)
        .map((object) => ({ kind, object })),
    );

  const settle = async (manifest: ApiObject, signal: AbortSignal): Promise<void> => {
    const wanted = isRefused(manifest) ? [] : accessObjects(manifest, pluginOf(manifest, plugins));
    if (wanted.some(({ object }) => object.metadata.namespace === appsNamespace)) await makeNamespace(client, signal);
    const taken: string[] = [];
    for (const it of wanted) {
      if ((await keepObject(client, it, knownOf(it), signal)) === "another's")
        taken.push(`${it.object.kind} ${JSON.stringify(it.object.metadata.name)}`);
    }
    const names = new Set(wanted.map(keyOf));
    for (const it of ownedBy(manifest.metadata.uid)) if (!names.has(keyOf(it))) await dropObject(client, it, signal);
    const condition = { type: "RolesBound", ...verdictOf(taken) } as const;
    await writeStatusPart(client, manifest, { condition, fieldManager: "appmanifest-access", now: clock.now() }, signal);
  };

  const controller = createController({
    name: "appmanifest-access",
    clock,
    logger,
    async reconcile(name, signal) {
      const manifest = manifests.get(name);
      // The garbage collector takes what a manifest leaves behind.
      if (manifest === undefined || manifest.metadata.deletionTimestamp !== undefined) return undefined;
      if (kinds.every(({ informer }) => informer.hasSynced)) await settle(manifest, signal);
      return undefined;
    },
  });
  const lookAtAll = (): void => {
    for (const { metadata } of manifests.list()) controller.enqueue(metadata.name);
  };
  /** What somebody else leaves may be ours to make, so that all are looked at when one goes. */
  const lookAtOwner = (object: ApiObject, isGone: boolean): void => {
    const owner = controllerOf(object);
    if (owner !== undefined) controller.enqueue(owner.name);
    else if (isGone) lookAtAll();
  };
  return {
    async run(signal) {
      const stops = [
        manifests.onChange(({ object }) => controller.enqueue(object.metadata.name)),
        plugins.onChange(lookAtAll),
        ...kinds.map(({ informer }) =>
          informer.onChange(({ type, object, previous }) => {
            lookAtOwner(object, type === "deleted");
            if (previous !== undefined) lookAtOwner(previous, false);
          }),
        ),
      ];
      const informers = [manifests, ...kinds.map(({ informer }) => informer)];
      void Promise.all(informers.map(({ synced }) => synced)).then(lookAtAll);
      await Promise.all([...informers.map((informer) => informer.run(signal)), controller.run(signal)]);
      for (const stop of stops) stop();
    },
  };
}

/** One that lost its group to another has no kinds either. */
const isRefused = (manifest: ApiObject): boolean => conditionsIn(manifest).some(({ type, status }) => type === "Accepted" && status === "False");

/** The manifest that an object belongs to. */
const controllerOf = ({ metadata }: ApiObject): { readonly name: string; readonly uid: string } | undefined =>
  metadata.ownerReferences?.find(({ kind, controller }) => kind === "AppManifest" && controller === true);

const keyOf = ({ kind, object: { metadata } }: AccessObject): string => `${kind}/${metadata.namespace ?? ""}/${metadata.name}`;

function verdictOf(taken: readonly string[]): { readonly status: "True" | "False"; readonly reason: string; readonly message: string } {
  if (taken.length === 0) return { status: "True", reason: "Bound", message: "" };
  return { status: "False", reason: "NameTaken", message: `there is another's object of the same name: ${taken.join(", ")}` };
}

async function makeNamespace(client: ApiClient, signal: AbortSignal): Promise<void> {
  const found = await tolerating(client.get<ApiObject>(namespacesRef, { name: appsNamespace }, signal), "NotFound");
  if (found !== undefined) return;
  const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: appsNamespace } };
  await tolerating(client.create<ApiObject>(namespacesRef, namespace, { fieldManager: "appmanifest-access" }, signal), "AlreadyExists");
}
