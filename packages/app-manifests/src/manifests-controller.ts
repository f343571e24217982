import { type AppHooks, appManifestsRef } from "@dataplane/aggregator";
import type { AdmissionHook, HookConcern, ResourceRegistry, WebhookClient } from "@dataplane/apiserver";
import { type ApiClient, createInformer } from "@dataplane/client";
import { dataPlaneServicesRef } from "@dataplane/clientset";
import { type Controller, createController, type WhileLeading } from "@dataplane/controller";
import { type ApiObject, aborted, type Clock, elderFirst, type GroupVersionKind, type JsonObject, type Logger } from "@dataplane/meta";
import type { PluginSource } from "@dataplane/plugin-host";
import { pluginOf } from "./access/plugin-label.js";
import { type ManifestSpec, manifestSpecFrom } from "./app-manifest-spec.js";
import { keepServices, manifestServices } from "./data-plane-services.js";
import type { KindHook } from "./hooks/kind-admission.js";
import { manifestHooks } from "./hooks/manifest-hooks.js";
import { kindsOf } from "./kinds/kind-definition.js";
import { type KindsProblem, ServedKinds } from "./kinds/served-kinds.js";
import { writeStatusPart } from "./write-status.js";

export interface ManifestsControllerOptions {
  readonly client: ApiClient;
  readonly registry: ResourceRegistry;
  readonly plugins: PluginSource;
  readonly hooks: AppHooks;
  readonly webhooks: WebhookClient;
  readonly dataplaneAggregator: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Judged {
  readonly manifest: ApiObject;
  readonly spec: ManifestSpec;
  readonly pluginId: string | undefined;
  readonly problem: KindsProblem | { readonly reason: "GroupConflict" | "DryRun"; readonly message: string } | undefined;
}

const fieldManager = "dataplane-app-manifests";
const key = "all";

/** Keeps what is served, DataPlaneServices, and the status of manifests equal to the stored manifests. */
export class ManifestsController {
  readonly #options: ManifestsControllerOptions;
  readonly #kinds: ServedKinds;
  readonly #controller: Controller;
  /** By `<group>/<version>/<kind>`; replaced whole. */
  #hooks: ReadonlyMap<string, KindHook> = new Map();
  /** Whether another server of the store writes what follows from manifests. */
  #isFollowedElsewhere = false;
  /** Somebody's write came here, and waits until it is obeyed. */
  #isAwaited = false;

  constructor(options: ManifestsControllerOptions) {
    this.#options = options;
    this.#kinds = new ServedKinds(options.registry);
    this.#controller = createController({
      name: "appmanifests",
      // All are judged together: an old look at the world never undoes a newer one.
      concurrency: 1,
      clock: options.clock,
      logger: options.logger,
      reconcile: async (_key, signal) => {
        await this.#settle(signal);
        return undefined;
      },
    });
  }

  owns(kind: Pick<GroupVersionKind, "group" | "kind">): boolean {
    return this.#kinds.owns(kind);
  }

  get kinds(): Pick<ServedKinds, "serves"> {
    return this.#kinds;
  }

  hookOf({ group, version, kind }: HookConcern["kind"]): KindHook | undefined {
    return this.#hooks.get(`${group}/${version}/${kind}`);
  }

  /** Serves the kinds that are stored, and writes nothing. */
  async serveStored(): Promise<void> {
    const { items } = await this.#options.client.list<ApiObject>(appManifestsRef);
    this.#serve(items);
  }

  /** Resolves when what is stored now is served. */
  async settled(): Promise<void> {
    this.#isAwaited = true;
    this.#controller.enqueue(key);
    await this.#controller.drained();
  }

  async run(signal: AbortSignal, whileLeading?: WhileLeading): Promise<void> {
    if (whileLeading !== undefined) {
      this.#isFollowedElsewhere = true;
      whileLeading("what follows from AppManifests", () => ({ run: (held) => this.#follows(held) }));
    }
    const { client, registry, plugins, clock, logger } = this.#options;
    const manifests = createInformer<ApiObject>({ client, resource: appManifestsRef, clock, logger });
    const look = (): void => this.#controller.enqueue(key);
    const stops = [manifests.onChange(look), registry.onChange(look), plugins.onChange(look)];
    const services = this.#options.dataplaneAggregator ? [createInformer<ApiObject>({ client, resource: dataPlaneServicesRef, clock, logger })] : [];
    for (const informer of services) stops.push(informer.onChange(look));
    look();
    await Promise.all([this.#controller.run(signal), manifests.run(signal), ...services.map((informer) => informer.run(signal))]);
    for (const stop of stops) stop();
  }

  async #follows(signal: AbortSignal): Promise<void> {
    this.#isFollowedElsewhere = false;
    this.#controller.enqueue(key);
    await aborted(signal);
    this.#isFollowedElsewhere = true;
  }

  async #settle(signal: AbortSignal): Promise<void> {
    const { client, dataplaneAggregator } = this.#options;
    const isWritten = !this.#isFollowedElsewhere || this.#isAwaited;
    this.#isAwaited = false;
    const { items } = await client.list<ApiObject>(appManifestsRef, {}, signal);
    const all = this.#serve(items);
    if (!isWritten) return;
    const stored = dataplaneAggregator ? (await client.list<ApiObject>(dataPlaneServicesRef, {}, signal)).items : [];
    const failures: unknown[] = [];
    for (const judged of all) {
      // What cannot be done for one manifest is tried again, and holds up no other.
      await this.#follow(judged, stored, signal).catch((thrown: unknown) => failures.push(thrown));
    }
    if (failures.length > 0) throw failures[0];
  }

  /** Makes of a manifest what is no kind: its status, and its DataPlaneServices. */
  async #follow({ manifest, spec, pluginId, problem }: Judged, stored: readonly ApiObject[], signal: AbortSignal): Promise<void> {
    const { client, dataplaneAggregator, plugins, clock } = this.#options;
    const condition = { type: "KindsServed", ...verdictOf(problem) } as const;
    const fields = { resources: { crds: resourcesOf(spec, problem) } };
    await writeStatusPart(client, manifest, { condition, fields, fieldManager, now: clock.now() }, signal);
    const isRefused = problem !== undefined && problem.reason !== "DryRun";
    const plugin = { id: pluginId ?? "", type: plugins.get(pluginId ?? "")?.json.type === "datasource" ? "datasource" : "app" } as const;
    const wanted = isRefused || pluginId === undefined || !dataplaneAggregator ? [] : manifestServices(manifest, spec, plugin);
    await keepServices(client, manifest.metadata.uid, { wanted, stored }, signal);
  }

  /** Elder manifests come first: of two that want one name the elder has it. */
  #serve(items: readonly ApiObject[]): readonly Judged[] {
    const living = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined).toSorted(elderFirst);
    const names = new Set(living.map(({ metadata }) => metadata.name));
    for (const name of this.#kinds.owners) if (!names.has(name)) this.#kinds.withdraw(name);
    const groups = new Map<string, string>();
    const hooks = new Map<string, KindHook>();
    const judged = living.map((manifest): Judged => {
      const spec = manifestSpecFrom(manifest);
      const pluginId = pluginOf(manifest, this.#options.plugins);
      const elder = groups.get(spec.group);
      if (elder === undefined) groups.set(spec.group, manifest.metadata.name);
      const problem = elder === undefined ? this.#serveOne(manifest, { spec, pluginId }, hooks) : this.#lost(manifest, spec, elder);
      return { manifest, spec, pluginId, problem };
    });
    this.#hooks = hooks;
    return judged;
  }

  #lost({ metadata }: ApiObject, { group }: ManifestSpec, elder: string): Judged["problem"] {
    this.#kinds.withdraw(metadata.name);
    return { reason: "GroupConflict", message: `group ${JSON.stringify(group)} is that of AppManifest ${JSON.stringify(elder)}, which is older` };
  }

  #serveOne(
    { metadata: { name } }: ApiObject,
    { spec, pluginId }: Pick<Judged, "spec" | "pluginId">,
    hooks: Map<string, KindHook>,
  ): Judged["problem"] {
    const { hooks: calls, webhooks, plugins } = this.#options;
    const pluginVersion = plugins.get(pluginId ?? "")?.json.version ?? "";
    const { admission, conversion, who } = manifestHooks({ spec, pluginId, pluginVersion, hooks: calls, webhooks });
    if (spec.dryRunKinds) {
      const problem = this.#kinds.problemOf({ name, spec });
      this.#kinds.withdraw(name);
      return problem ?? { reason: "DryRun", message: "the kinds are sound; none is served, as dryRunKinds says" };
    }
    const problem = this.#kinds.serve({ name, spec, converter: conversion, who });
    if (problem === undefined) noteHooks(hooks, spec, admission);
    return problem;
  }
}

function noteHooks(hooks: Map<string, KindHook>, spec: ManifestSpec, hook: AdmissionHook): void {
  for (const { kind, versions } of kindsOf(spec)) {
    for (const it of versions) hooks.set(`${spec.group}/${it.version.name}/${kind}`, { admission: it.kind.admission, hook });
  }
}

function verdictOf(problem: Judged["problem"]): { readonly status: "True" | "False"; readonly reason: string; readonly message: string } {
  return problem === undefined ? { status: "True", reason: "Served", message: "" } : { status: "False", ...problem };
}

/** What was made of the kinds, as the app SDK's own operator reports it. */
function resourcesOf(spec: ManifestSpec, problem: Judged["problem"]): JsonObject {
  if (problem !== undefined) return { status: problem.reason === "DryRun" ? "success" : "failure", details: problem.message, managedResources: [] };
  const managedResources = spec.versions
    .filter(({ served }) => served)
    .flatMap(({ name, kinds }) => kinds.map(({ kind, plural }) => ({ kind, apiVersion: `${spec.group}/${name}`, name: plural })));
  return { status: "success", details: "", managedResources };
}
