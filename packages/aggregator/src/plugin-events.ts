import type { ApiClient, Informer } from "@dataplane/client";
import type { ApiObject, Clock, Logger } from "@dataplane/meta";
import type { PluginSource, PluginState } from "@dataplane/plugin-host";
import { type DataPlaneService, dataPlaneServiceFrom } from "./dataplaneservice.js";
import { createEventRecorder, type ObjectEvent } from "./event-recorder.js";

export interface PluginEventsOptions {
  readonly client: ApiClient;
  readonly services: Informer<ApiObject>;
  readonly plugins: PluginSource;
  readonly instance: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Tells of a plugin's life, and of changes of a DataPlaneService, in Events on the DataPlaneServices. */
export interface PluginEvents {
  /** Starts, crashes, back-offs and reloads, on each service of the plugin. */
  pluginChanged(pluginId: string, signal: AbortSignal): void;
  /** `service` as it was before it was judged: a spec that is new since then is told of. */
  serviceJudged(object: ApiObject, service: DataPlaneService, signal: AbortSignal): void;
}

export function pluginEvents(options: PluginEventsOptions): PluginEvents {
  const { services, plugins } = options;
  const recorder = createEventRecorder(options);
  const told = new Map<string, string>();

  return {
    pluginChanged(pluginId, signal) {
      const state = plugins.get(pluginId)?.state;
      if (state === undefined) return;
      const reloadIsNews = state.reload !== undefined && !(told.get(pluginId)?.endsWith(`@${state.reload.at.getTime()}`) ?? false);
      const event = (reloadIsNews ? reloadEvent(pluginId, state) : undefined) ?? lifeEvent(pluginId, state);
      if (event === undefined) return;
      // A host may report one crash in several steps; each start of a crash loop is news.
      const key = `${state.phase}/${state.reason}/${state.restarts}@${state.reload?.at.getTime() ?? ""}`;
      if (told.get(pluginId) === key) return;
      told.set(pluginId, key);
      for (const service of services.list()) {
        if (dataPlaneServiceFrom(service).spec.pluginID === pluginId) recorder.record(service, event, signal);
      }
    },
    serviceJudged(object, { metadata: { generation }, conditions, spec }, signal) {
      const seen = conditions.find(({ type }) => type === "Available")?.observedGeneration;
      if (seen === undefined || generation === undefined || seen >= generation) return;
      const types = spec.services.map(({ type, path }) => (path === undefined ? type : `${type} ${path}`)).join(", ");
      recorder.record(
        object,
        { type: "Normal", reason: "ConfigChanged", note: `generation ${generation}: ${spec.group}/${spec.version} serves ${types}` },
        signal,
      );
    },
  };
}

function reloadEvent(pluginId: string, { reload }: PluginState): ObjectEvent | undefined {
  if (reload === undefined) return undefined;
  const plugin = `plugin ${JSON.stringify(pluginId)}`;
  return reload.outcome === "Reloaded"
    ? { type: "Normal", reason: "PluginReloaded", note: `${plugin}: ${reload.message}` }
    : { type: "Warning", reason: "PluginReloadFailed", note: `${plugin} goes on as it was: ${reload.message}` };
}

function lifeEvent(pluginId: string, { phase, reason, message, restarts }: PluginState): ObjectEvent | undefined {
  const plugin = `plugin ${JSON.stringify(pluginId)}`;
  switch (phase) {
    case "running":
      return {
        type: "Normal",
        reason: "PluginStarted",
        note: restarts === 0 ? `${plugin} runs` : `${plugin} runs again, after ${restarts} ${restarts === 1 ? "restart" : "restarts"}`,
      };
    case "backoff":
      return { type: "Warning", reason: "PluginBackOff", note: `${plugin}: ${message}` };
    case "failed":
      return { type: "Warning", reason: "PluginFailed", note: `${plugin} is not started again: ${message}` };
    case "starting":
      return reason === "Starting" ? undefined : { type: "Warning", reason: "PluginCrashed", note: `${plugin}: ${message}` };
    case "stopped":
      return undefined;
  }
}
