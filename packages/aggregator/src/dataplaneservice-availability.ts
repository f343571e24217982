import { type Condition, setCondition } from "@dataplane/meta";
import type { Plugin, PluginProblem, PluginState } from "@dataplane/plugin-host";
import type { DataPlaneService } from "./dataplaneservice.js";
import type { BackendState } from "./http-backend/backend-probes.js";
import type { Conflict } from "./route-conflicts.js";
import { isServiceTypeName } from "./service-types/names.js";
import { namesNoDataSource } from "./service-types/route-target.js";
import { serviceTypes } from "./service-types/table.js";

type Verdict = Pick<Condition, "status" | "reason" | "message">;

/** What is known of a service's plugin and routes. */
export interface Surroundings {
  readonly plugin: Plugin | undefined;
  readonly conflict: Conflict | undefined;
  /** Why a plugin that is on disk was not loaded. */
  readonly problem?: PluginProblem | undefined;
  /** Of a service with a backend, once it was asked. */
  readonly backend?: BackendState | undefined;
}

/** The conditions that a service has now: Available, and unless it has a backend PluginLoaded and Healthy. The same list when nothing differs. */
export function conditionsOf(service: DataPlaneService, surroundings: Surroundings, now: Date): readonly Condition[] {
  const { generation } = service.metadata;
  const observed = generation === undefined ? {} : { observedGeneration: generation };
  const available = { Available: availability(service, surroundings) };
  const isBackend = service.spec.backend !== undefined;
  const verdicts = isBackend ? available : { ...available, PluginLoaded: loaded(service, surroundings), Healthy: healthy(service, surroundings) };
  return Object.entries(verdicts).reduce<readonly Condition[]>(
    (conditions, [type, verdict]) => {
      const next = { type, ...verdict, ...observed };
      const previous = conditions.find((it) => it.type === type);
      return previous !== undefined && same(previous, next) ? conditions : setCondition(conditions, next, now);
    },
    isBackend ? withoutPlugin(service.conditions) : service.conditions,
  );
}

/** What was said of the plugin that the service had before. */
const withoutPlugin = (conditions: readonly Condition[]): readonly Condition[] =>
  conditions.every(({ type }) => type === "Available") ? conditions : conditions.filter(({ type }) => type === "Available");

const same = (a: Omit<Condition, "lastTransitionTime">, b: Omit<Condition, "lastTransitionTime">): boolean =>
  a.status === b.status && a.reason === b.reason && a.message === b.message && a.observedGeneration === b.observedGeneration;

function availability(service: DataPlaneService, { plugin, conflict, backend, problem }: Surroundings): Verdict {
  const { pluginID, pluginType, services } = service.spec;
  if (conflict !== undefined) return { status: "False", ...conflict };
  if (service.spec.backend !== undefined) return answers(service, backend);
  if (plugin === undefined) return notLoaded(pluginID, problem);
  if (plugin.json.type !== pluginType)
    return no("PluginTypeMismatch", `plugin ${quoted(pluginID)} is of type ${plugin.json.type}, not ${pluginType}`);
  const unserved = services.filter((entry) => !isServiceTypeName(entry.type) || !serviceTypes[entry.type].served(entry, service.spec));
  if (unserved.length > 0) return no("ServiceTypeNotServed", cannotBeServed(unserved));
  return runs(plugin.state);
}

function cannotBeServed(entries: DataPlaneService["spec"]["services"]): string {
  const list = entries.map(({ type, path }) => (path === undefined ? type : `${type} ${path}`)).join(", ");
  const hint = entries.some(({ type }) => type === "route") ? `; ${namesNoDataSource}` : "";
  return `cannot be served of this plugin: ${list}${hint}`;
}

/** Dead data sources are no matter of the service: it answers, and says so in the results. */
function runs(state: PluginState): Verdict {
  if (state.phase === "running") return { status: "True", reason: "Passed", message: "all services are served" };
  return no(reasonOf(state), state.message);
}

/** Whether the plugin's process is there and answers its health check. Nothing is known of one that did not begin yet. */
function healthy({ spec: { pluginID } }: DataPlaneService, { plugin, problem }: Surroundings): Verdict {
  if (plugin === undefined) return { ...notLoaded(pluginID, problem), status: "Unknown" };
  const { state } = plugin;
  if (state.phase === "running") return { status: "True", reason: "Passed", message: "the process runs and answers its health check" };
  const reason = reasonOf(state);
  const isNews = reason !== "Starting" && state.phase !== "stopped";
  return { status: isNews ? "False" : "Unknown", reason, message: state.message };
}

function reasonOf({ phase, reason }: PluginState): string {
  const words = { starting: "Starting", running: "Running", backoff: "BackOff", failed: "Crashed", stopped: "Stopped" } as const;
  return /^[A-Z][A-Za-z]*$/.test(reason) ? reason : words[phase];
}

const aboutBackends = new Set(["Passed", "BackendUnavailable", "NotProbed"]);
const verdictOf = ({ status, reason, message }: Condition): Verdict => ({ status, reason, message });

/** What an earlier server found out holds until this one has asked. */
function answers({ conditions, metadata }: DataPlaneService, backend: BackendState | undefined): Verdict {
  const earlier = conditions.find(({ type, observedGeneration }) => type === "Available" && observedGeneration === metadata.generation);
  if (backend === undefined)
    return earlier !== undefined && aboutBackends.has(earlier.reason)
      ? verdictOf(earlier)
      : { status: "Unknown", reason: "NotProbed", message: "the backend was not asked yet" };
  return backend.available ? { status: "True", reason: "Passed", message: "the backend answers" } : no("BackendUnavailable", backend.message);
}

function loaded({ spec: { pluginID } }: DataPlaneService, { plugin, problem }: Surroundings): Verdict {
  if (plugin === undefined) return notLoaded(pluginID, problem);
  const { note } = plugin.state;
  const message = `version ${plugin.json.version}, signature ${plugin.signature}${note === undefined ? "" : `; ${note}`}`;
  return { status: "True", reason: "Loaded", message };
}

function notLoaded(pluginId: string, problem: PluginProblem | undefined): Verdict {
  if (problem === undefined) return no("PluginNotFound", `plugin ${quoted(pluginId)} is not installed`);
  return no(problem.reason ?? "NotLoaded", `plugin ${quoted(pluginId)} is not loaded: ${problem.message}`);
}

const no = (reason: string, message: string): Verdict => ({ status: "False", reason, message });
const quoted = (text: string): string => JSON.stringify(text);
