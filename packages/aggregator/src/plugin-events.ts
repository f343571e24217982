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
      const event = state === undefined ? undefined : eventOf(pluginId, state);
      if (state === undefined || event === undefined) return;
      // A host may report one crash in several steps; each back-off of a crash loop is news.
      const key = state.phase === "backoff" ? `${event.reason}/${state.restarts}` : event.reason;
      if (told.get(pluginId) === key) return;
      told.set(pluginId, key);
      for (const service of services.list()) {
        if (dataPlaneServiceFrom(service).spec.pluginID === pluginId) void tell(service, event, signal);
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
      return reason === "Crashed" ? { type: "Warning", reason: "PluginCrashed", note: `${plugin}: ${message}` } : undefined;
    case "stopped":
      return undefined;
  }
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
