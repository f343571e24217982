import { type Column, conditions, type ResourceDefinition, s } from "@dataplane/apiserver";
import type { ApiObject, Condition, ObjectMeta } from "@dataplane/meta";
import { dataPlaneServiceCauses } from "./dataplaneservice-validation.js";
import { serviceTypeNames } from "./service-types/names.js";
import { namesItsTarget, namesNoDataSource } from "./service-types/route-target.js";

/** One entry of `spec.services`: what the plugin serves under the group and version. */
export interface DataPlaneServiceEntry {
  readonly type: string;
  /** Comma list of HTTP methods; for `route` only, all methods when absent. */
  readonly method?: string;
  /** For `route` only: segments, `{name}`, or a trailing `*`, relative to `/apis/G/V/namespaces/{namespace}/`. */
  readonly path?: string;
}

/** A server that answers in place of a plugin, by HTTP. */
export interface HttpBackend {
  readonly type: "http";
  /** What the path of a request is appended to, `/apis/<group>/<version>` included. */
  readonly baseURL: string;
  /** PEM in base64; the system's certificate authorities when absent. */
  readonly caBundle?: string;
}

export interface DataPlaneServiceSpec {
  /** Empty with a backend. */
  readonly pluginID: string;
  /** Empty with a backend. */
  readonly pluginType: string;
  readonly backend?: HttpBackend;
  readonly group: string;
  readonly version: string;
  readonly services: readonly DataPlaneServiceEntry[];
}

/** Binds one plugin, or one backend, to one group and version of the API, and says what it serves there. */
export interface DataPlaneService {
  readonly metadata: ObjectMeta;
  readonly spec: DataPlaneServiceSpec;
  readonly conditions: readonly Condition[];
}

export const aggregationGroup = "aggregation.grafana.app";

/** Label of the services that the server keeps for each plugin's own group. */
export const managedLabel = "dataplane/managed";

const entry = {
  type: "object",
  description: "One thing that the plugin serves.",
  required: ["type"],
  properties: {
    type: { type: "string", enum: [...serviceTypeNames], description: "What the plugin serves." },
    method: { type: "string", description: "HTTP methods of a route, separated by commas; all when absent." },
    path: { type: "string", description: "Path of a route, relative to the namespace: segments, {name}, or * at the end." },
  },
} as const;

const backend = {
  type: "object",
  description: "A server that answers in place of a plugin, with the caller's identity in X-Remote-* headers.",
  required: ["type", "baseURL"],
  properties: {
    type: { type: "string", enum: ["http"], description: "How it is spoken to." },
    baseURL: { type: "string", minLength: 1, description: "What the path of a request is appended to, /apis/<group>/<version> included." },
    caBundle: { type: "string", description: "Certificates that verify it, PEM in base64; the system's when absent." },
  },
} as const;

const spec = {
  type: "object",
  description: "Which plugin or backend is served where, and what it serves. One of pluginID with pluginType, and backend.",
  required: ["group", "version", "services"],
  properties: {
    pluginID: { type: "string", minLength: 1, description: "Id of the plugin that answers." },
    pluginType: { type: "string", enum: ["app", "datasource"], description: "Type of that plugin." },
    backend,
    group: { type: "string", minLength: 1, description: "API group that the plugin is served in." },
    version: { type: "string", minLength: 1, description: "Version of that group." },
    // Apply merges by type, so that two owners may each add a service.
    services: {
      type: "array",
      description: "What the plugin serves there, one entry a type. Health, access and metrics come with any.",
      items: entry,
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["type"],
    },
  },
} as const;

const column = (name: string, value: (service: DataPlaneService) => string | undefined, rest: Partial<Column> = {}): Column => ({
  name,
  type: "string",
  ...rest,
  value: (object) => value(dataPlaneServiceFrom(object)),
});

/** The one declaration of the resource: verbs, discovery, validation, table and OpenAPI are derived from it. */
export const dataPlaneServices: ResourceDefinition = {
  group: aggregationGroup,
  version: "v0alpha1",
  kind: "DataPlaneService",
  plural: "dataplaneservices",
  shortNames: ["dps"],
  categories: ["grafana-plugins"],
  scope: "cluster",
  description: "DataPlaneService binds one plugin, or one backend by HTTP, to one group and version of the API, and says what it serves there.",
  schema: { type: "object", required: ["spec"], properties: { spec, status: s.object({ conditions }).json } },
  hasStatus: true,
  nameRule: "dnsSubdomain",
  selectableFields: ["spec.pluginID", "spec.group"],
  validate: (object) => dataPlaneServiceCauses(dataPlaneServiceFrom(object).spec),
  warn: (object) => ignoredFields(dataPlaneServiceFrom(object).spec),
  columns: [
    column("Plugin", ({ spec: { pluginID } }) => pluginID),
    column("Type", ({ spec: { pluginType, backend: server } }) => server?.type ?? pluginType),
    column("Group", ({ spec: { group } }) => group),
    column("Version", ({ spec: { version } }) => version),
    column("Services", ({ spec: { services } }) => services.map(({ type }) => type).join(",")),
    column("Available", (service) => available(service)?.status ?? "Unknown"),
    column("Reason", (service) => available(service)?.reason, { priority: 1 }),
    column("Backend", ({ spec: { backend: server } }) => server?.baseURL, { priority: 1 }),
    { name: "Age", type: "date", value: ({ metadata }) => metadata.creationTimestamp },
  ],
};

/** Reads a stored object, whose schema was checked when it was written; what is not as it should be reads as empty. */
export function dataPlaneServiceFrom(object: ApiObject): DataPlaneService {
  const raw = record(object["spec"]);
  return {
    metadata: object.metadata,
    spec: {
      pluginID: text(raw["pluginID"]),
      pluginType: text(raw["pluginType"]),
      group: text(raw["group"]),
      version: text(raw["version"]),
      ...backendFrom(raw["backend"]),
      services: list(raw["services"]).map(entryFrom),
    },
    conditions: list(record(object["status"])["conditions"]).map(conditionFrom),
  };
}

const available = ({ conditions }: DataPlaneService): Condition | undefined => conditions.find(({ type }) => type === "Available");

function ignoredFields(service: DataPlaneServiceSpec): readonly string[] {
  return service.services.flatMap(({ type, method, path }, index) => {
    const field = `spec.services[${index}]`;
    if (type === "route") return path === undefined || namesItsTarget(path, service) ? [] : [`${field}.path: ${namesNoDataSource}`];
    return [
      ...(method === undefined ? [] : [`${field}.method: ignored, it means something for type "route" only`]),
      ...(path === undefined ? [] : [`${field}.path: ignored, it means something for type "route" only`]),
    ];
  });
}

function backendFrom(value: unknown): { readonly backend?: HttpBackend } {
  if (typeof value !== "object" || value === null) return {};
  const { baseURL, caBundle } = record(value);
  return { backend: { type: "http", baseURL: text(baseURL), ...(typeof caBundle === "string" && caBundle !== "" ? { caBundle } : {}) } };
}

function entryFrom(value: unknown): DataPlaneServiceEntry {
  const { type, method, path } = record(value);
  return {
    type: text(type),
    ...(typeof method === "string" ? { method } : {}),
    ...(typeof path === "string" ? { path } : {}),
  };
}

function conditionFrom(value: unknown): Condition {
  const { type, status: state, reason, message, lastTransitionTime, observedGeneration } = record(value);
  return {
    type: text(type),
    status: state === "True" || state === "False" ? state : "Unknown",
    reason: text(reason),
    message: text(message),
    lastTransitionTime: text(lastTransitionTime),
    ...(typeof observedGeneration === "number" ? { observedGeneration } : {}),
  };
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const record = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
