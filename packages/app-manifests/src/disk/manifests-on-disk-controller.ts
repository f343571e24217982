import { appManifestsRef, managedLabel } from "@dataplane/aggregator";
import type { ApiClient, ResourceRef } from "@dataplane/client";
import { type Again, createController } from "@dataplane/controller";
import { ApiError, type ApiObject, aborted, type Clock, type JsonObject, type Logger, parseApiVersion, tolerating } from "@dataplane/meta";
import { type Plugin, type PluginSource, watchFolders } from "@dataplane/plugin-host";
import { pluginLabel } from "../access/plugin-label.js";
import { servicesAnnotation } from "./disk-labels.js";
import { manifestOnDisk, manifestPlaces } from "./manifest-on-disk.js";

export interface ManifestsOnDiskOptions {
  /** As the control plane. */
  readonly client: ApiClient;
  readonly plugins: PluginSource;
  /** Resolves when all plugins that are there are listed: before it nothing is taken for gone. */
  readonly found: Promise<void>;
  /** Of several servers on one store: whether another one has that plugin now; what it has is its own to withdraw. */
  readonly isElsewhere?: (pluginId: string) => boolean;
  /** How often the files are looked at; 1 s unless told. */
  readonly periodMs?: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Applies the manifests in plugin folders, again when they change, and removes those whose plugin is gone; until `signal` aborts. */
export interface ManifestsOnDiskController {
  run(signal: AbortSignal): Promise<void>;
}

const fieldManager = "dataplane-app-manifests";
const all = "all";
/**
 * Of several servers on one store: what no living one has any more, and none was seen to lose, belongs to one that is being restarted, or was
 * taken away. After so long it is withdrawn.
 */
const absenceMs = 10 * 60_000;

export function manifestsOnDiskController(options: ManifestsOnDiskOptions): ManifestsOnDiskController {
  const { client, plugins, clock, logger, periodMs = 1_000 } = options;
  /** What was said of a folder last: a problem is told once. */
  const told = new Map<string, string>();
  /** Plugins that were here, and since when others have been nowhere. */
  const hadHere = new Set<string>();
  const missingSince = new Map<string, number>();

  const tell = (plugin: Plugin, problems: readonly string[]): void => {
    const text = problems.join("\n");
    if ((told.get(plugin.id) ?? "") === text) return;
    told.set(plugin.id, text);
    for (const problem of problems) logger.warn({ plugin: plugin.id, problem }, "an app manifest cannot be used");
  };

  const load = async (plugin: Plugin, signal: AbortSignal): Promise<Loaded> => {
    const { manifest, file = "", problems } = manifestOnDisk(plugin.directory);
    const refusal = manifest === undefined ? undefined : await applied(client, withPlugin(manifest, plugin), signal);
    tell(plugin, refusal === undefined ? problems : [...problems, `${file}: ${refusal}`]);
    return { name: manifest?.metadata.name, isBroken: manifest === undefined && problems.length > 0 };
  };

  /** What was loaded from a file that cannot be read now stays as it was: a slip of the pen takes nobody's API away. */
  const removeOthers = async (kept: ReadonlyMap<string, string>, broken: ReadonlySet<string>, signal: AbortSignal): Promise<boolean> => {
    let isWaiting = false;
    const { items } = await client.list<ApiObject>(appManifestsRef, { labelSelector: `${managedLabel}=true,${pluginLabel}` }, signal);
    for (const { metadata } of items) {
      const plugin = metadata.labels?.[pluginLabel] ?? "";
      if (kept.get(metadata.name) === plugin || broken.has(plugin)) continue;
      const keeping = keptForOthers(plugin);
      isWaiting ||= keeping === "missing";
      if (keeping !== undefined) continue;
      logger.info({ manifest: metadata.name }, "the folder of an app has no manifest any more: its kinds are withdrawn, their objects stay");
      await tolerating(client.delete(appManifestsRef, { name: metadata.name }, signal), "NotFound");
    }
    return isWaiting;
  };

  /** Why a manifest of a plugin that is not here stays; undefined when it goes. */
  const keptForOthers = (plugin: string): "elsewhere" | "missing" | undefined => {
    const { isElsewhere } = options;
    if (isElsewhere === undefined) return undefined;
    if (isElsewhere(plugin)) {
      missingSince.delete(plugin);
      return "elsewhere";
    }
    if (hadHere.has(plugin)) return undefined;
    const now = clock.now().getTime();
    const since = missingSince.get(plugin) ?? now;
    missingSince.set(plugin, since);
    return now - since < absenceMs ? "missing" : undefined;
  };

  const controller = createController({
    name: "appmanifests-on-disk",
    clock,
    logger,
    async reconcile(_key, signal): Promise<Again | undefined> {
      const kept = new Map<string, string>();
      const broken = new Set<string>();
      for (const plugin of plugins.list()) {
        const { name, isBroken } = await load(plugin, signal);
        hadHere.add(plugin.id);
        if (isBroken) broken.add(plugin.id);
        if (name !== undefined && !kept.has(name)) kept.set(name, plugin.id);
      }
      return (await removeOthers(kept, broken, signal)) ? { afterMs: absenceMs / 10 } : undefined;
    },
  });

  return {
    async run(signal) {
      await Promise.race([options.found, aborted(signal)]);
      const look = (): void => controller.enqueue(all);
      const known = new Set<string>();
      const stop = plugins.onChange((id) => {
        // Most changes are of a process, and no matter of ours.
        if (known.has(id) === (plugins.get(id) !== undefined)) return;
        if (!known.delete(id)) known.add(id);
        look();
      });
      for (const { id } of plugins.list()) known.add(id);
      look();
      const paths = (): readonly string[] => plugins.list().flatMap(({ directory }) => manifestPlaces(directory));
      const onSettled = (): Promise<void> => {
        look();
        return Promise.resolve();
      };
      await Promise.all([controller.run(signal), watchFolders({ paths, onSettled, periodMs, clock }, signal)]);
      stop();
    },
  };
}

interface Loaded {
  readonly name: string | undefined;
  /** There are files, and none of them can be used. */
  readonly isBroken: boolean;
}

/** By which plugin.json says that a plugin answers queries (https://grafana.com/developers/plugin-tools/reference/plugin-json). */
const queryFlags = ["metrics", "logs", "tracing", "annotations"];

function withPlugin(manifest: ApiObject, { id, json }: Plugin): ApiObject {
  const { metadata } = manifest;
  const services = [
    ...(json.type === "datasource" || queryFlags.some((flag) => json.raw[flag] === true) ? ["query"] : []),
    ...(json.streaming ? ["stream"] : []),
    ...(json.routes.length === 0 ? [] : ["datasource-proxy"]),
  ];
  return {
    ...manifest,
    metadata: {
      name: metadata.name,
      labels: { ...metadata.labels, [pluginLabel]: id, [managedLabel]: "true" },
      annotations: { ...metadata.annotations, [servicesAnnotation]: services.join(",") },
    },
  };
}

/** Why it was not applied; undefined when it was. */
async function applied(client: ApiClient, manifest: ApiObject, signal: AbortSignal): Promise<string | undefined> {
  const { name, labels } = manifest.metadata;
  const known = await tolerating(client.get<ApiObject>(appManifestsRef, { name }, signal), "NotFound");
  const other = known?.metadata.labels?.[pluginLabel];
  if (known !== undefined && known.metadata.labels?.[managedLabel] !== "true") return `AppManifest ${name} is somebody else's, and stays as it is`;
  if (known !== undefined && other !== labels?.[pluginLabel])
    return `AppManifest ${name} is that of the plugin ${other ?? "?"}, which was found first`;
  const ref: ResourceRef = { ...appManifestsRef, version: parseApiVersion(manifest.apiVersion)?.version ?? appManifestsRef.version };
  try {
    const patch = manifest as ApiObject & JsonObject;
    await client.patch(ref, { name }, "application/apply-patch+yaml", patch, { fieldManager, force: true }, signal);
    return undefined;
  } catch (thrown) {
    // What is wrong with the manifest is said once; a server that is away is asked again.
    if (thrown instanceof ApiError && thrown.code < 500 && thrown.reason !== "Conflict") return thrown.message;
    throw thrown;
  }
}
