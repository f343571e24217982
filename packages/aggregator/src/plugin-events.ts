import { createHash } from "node:crypto";
import type { ApiClient, Informer, ResourceRef } from "@dataplane/client";
import { ApiError, type ApiObject, type Clock, type Logger } from "@dataplane/meta";
import type { PluginSource, PluginState } from "@dataplane/plugin-host";
import { dataPlaneServiceFrom } from "./dataplaneservice.js";

const events: ResourceRef = { group: "events.k8s.io", version: "v1", resource: "events", namespaced: true };

export interface PluginEventsOptions {
  readonly client: ApiClient;
  readonly services: Informer<ApiObject>;
  readonly plugins: PluginSource;
  readonly instance: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Tells of a plugin's starts, crashes and back-offs in Events, on each DataPlaneService that it serves. */
export function pluginEvents(options: PluginEventsOptions): { pluginChanged(pluginId: string, signal: AbortSignal): void } {
  const { client, services, plugins, clock, logger } = options;
  const told = new Map<string, string>();
  /** False for what was told before. */
  const isNews = (subject: string, key: string): boolean => {
    const before = told.get(subject);
    told.set(subject, key);
    return before !== key;
  };

  const tell = async (service: ApiObject, event: PluginEvent, signal: AbortSignal): Promise<void> => {
    try {
      await client.create(events, eventObject(service, event, { now: clock.now(), instance: options.instance }), {}, signal);
    } catch (thrown) {
      // An event is news, not state: one that is lost is not worth another try.
      if (!signal.aborted) logger.warn({ service: service.metadata.name, reason: ApiError.from(thrown).reason }, "an event could not be written");
    }
  };

  return {
    pluginChanged(pluginId, signal) {
      const state = plugins.get(pluginId)?.state;
      if (state === undefined) return;
      const event = eventOf(pluginId, state);
      const reload = reloadEventOf(pluginId, state);
      // A host may report one crash in several steps; each back-off of a crash loop is news.
      const key = state.phase === "backoff" ? `${event?.reason ?? ""}/${state.restarts}` : (event?.reason ?? "");
      const news = [
        ...(event !== undefined && isNews(pluginId, key) ? [event] : []),
        ...(reload !== undefined && isNews(`${pluginId}/reload`, String(state.reload?.at.getTime())) ? [reload] : []),
      ];
      for (const service of services.list()) {
        if (dataPlaneServiceFrom(service).spec.pluginID === pluginId) for (const it of news) void tell(service, it, signal);
      }
    },
  };
}

interface PluginEvent {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly note: string;
}

function eventOf(pluginId: string, { phase, reason, message, restarts }: PluginState): PluginEvent | undefined {
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
      // PluginCrashed, PluginOOM, PluginHealthCheckFailed.
      return reason === "Starting" ? undefined : { type: "Warning", reason: `Plugin${reason}`, note: `${plugin}: ${message}` };
    case "stopped":
      return undefined;
  }
}

function reloadEventOf(pluginId: string, { reload }: PluginState): PluginEvent | undefined {
  if (reload === undefined) return undefined;
  const plugin = `plugin ${JSON.stringify(pluginId)}`;
  if (reload.outcome === "Reloaded") return { type: "Normal", reason: "PluginReloaded", note: `${plugin} is reloaded: ${reload.message}` };
  return { type: "Warning", reason: "ReloadFailed", note: `${plugin} goes on as it was: ${reload.message}` };
}

/** https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/ */
function eventObject(
  service: ApiObject,
  { type, reason, note }: PluginEvent,
  { now, instance }: { readonly now: Date; readonly instance: string },
): ApiObject {
  const { name, uid = "" } = service.metadata;
  const suffix = createHash("sha256").update(`${uid}/${reason}/${now.getTime()}`).digest("hex").slice(0, 16);
  return {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    // Objects without a namespace have theirs in default.
    metadata: { name: `${name}.${suffix}`, namespace: "default" },
    eventTime: now.toISOString().replace(/Z$/, "000Z"),
    reportingController: "dataplane.grafana.app/aggregator",
    reportingInstance: instance,
    action: reason,
    reason,
    type,
    // The field holds 1 KiB.
    note: note.slice(0, 1000),
    regarding: { apiVersion: service.apiVersion, kind: service.kind, name, uid },
  };
}
