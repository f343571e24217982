import { defineResource, type StructuralSchema } from "@dataplane/apiserver";
import type { ResourceRef } from "@dataplane/client";
import { type ApiObject, type Condition, type GroupVersion, isJsonObject } from "@dataplane/meta";
import { apiServiceProblems } from "./apiservice-validation.js";

export const apiServicesRef: ResourceRef = { group: "apiregistration.k8s.io", version: "v1", resource: "apiservices", namespaced: false };

/** Marks the APIServices that this server keeps for what it serves itself; the key is Kubernetes' own. */
export const automanagedLabel = "kube-aggregator.kubernetes.io/automanaged";

/** The fields of an APIService that are read here. */
export interface ApiService extends GroupVersion {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Undefined: served by this server's own delegates. */
  readonly service: { readonly namespace: string; readonly name: string; readonly port: number } | undefined;
  /** PEM of the authorities that its certificate may be of; undefined: the system's. */
  readonly caBundle: string | undefined;
  readonly insecureSkipTlsVerify: boolean;
  readonly groupPriorityMinimum: number;
  readonly versionPriority: number;
  readonly conditions: readonly Condition[];
}

const condition: StructuralSchema = {
  type: "object",
  required: ["type", "status"],
  properties: {
    type: { type: "string" },
    status: { type: "string" },
    reason: { type: "string" },
    message: { type: "string" },
    lastTransitionTime: { type: "string", format: "date-time" },
    observedGeneration: { type: "integer", format: "int64" },
  },
};

const schema: StructuralSchema = {
  type: "object",
  properties: {
    spec: {
      type: "object",
      description: "Which group and version is served, and by whom.",
      // Checked in kube-aggregator's words; what is not told is 0, and refused as such.
      "x-dataplane-required": ["groupPriorityMinimum", "versionPriority"],
      properties: {
        group: { type: "string", description: "The API group; empty for the core group." },
        version: { type: "string", description: "The version of the group." },
        service: {
          type: "object",
          nullable: true,
          description: "The server behind; absent when this server itself serves the group and version.",
          properties: {
            namespace: { type: "string" },
            name: { type: "string" },
            port: { type: "integer", format: "int32", default: 443 },
          },
        },
        caBundle: { type: "string", format: "byte", description: "PEM of the authority that signed the server's certificate, in base64." },
        insecureSkipTLSVerify: { type: "boolean", description: "Trust any certificate. Not together with caBundle." },
        groupPriorityMinimum: {
          type: "integer",
          format: "int32",
          description: "Groups with higher numbers come first.",
        },
        versionPriority: { type: "integer", format: "int32", description: "Versions with higher numbers come first." },
      },
    },
    status: {
      type: "object",
      properties: { conditions: { type: "array", items: condition, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"] } },
    },
  },
};

/** Says who serves a group and version (https://kubernetes.io/docs/tasks/extend-kubernetes/configure-aggregation-layer/). */
export const apiServices = defineResource({
  group: apiServicesRef.group,
  version: apiServicesRef.version,
  kind: "APIService",
  plural: apiServicesRef.resource,
  scope: "cluster",
  categories: ["api-extensions"],
  description: "APIService says who serves a group and version.",
  schema,
  hasStatus: true,
  // The core group gives `v1.`, which is no DNS name.
  nameRule: "pathSegment",
  columns: [
    { name: "Service", value: (object) => serviceColumn(apiServiceFrom(object)) },
    { name: "Available", value: (object) => availableColumn(apiServiceFrom(object)) },
    { name: "Age", type: "date", value: ({ metadata }) => metadata.creationTimestamp },
  ],
  validate: apiServiceProblems,
});

const serviceColumn = ({ service }: ApiService): string => (service === undefined ? "Local" : `${service.namespace}/${service.name}`);

function availableColumn({ conditions }: ApiService): string {
  const available = conditions.find(({ type }) => type === "Available");
  if (available === undefined) return "Unknown";
  return available.status === "True" ? "True" : `${available.status} (${available.reason})`;
}

/** Reads what the schema let through. */
export function apiServiceFrom(object: ApiObject): ApiService {
  const spec = isJsonObject(object["spec"]) ? object["spec"] : {};
  const status = isJsonObject(object["status"]) ? object["status"] : {};
  const service = isJsonObject(spec["service"]) ? spec["service"] : undefined;
  return {
    name: object.metadata.name,
    labels: object.metadata.labels ?? {},
    group: textOf(spec["group"]),
    version: textOf(spec["version"]),
    service:
      service === undefined
        ? undefined
        : {
            namespace: textOf(service["namespace"]),
            name: textOf(service["name"]),
            port: typeof service["port"] === "number" ? service["port"] : 443,
          },
    caBundle: caBundleOf(spec["caBundle"]),
    insecureSkipTlsVerify: spec["insecureSkipTLSVerify"] === true,
    groupPriorityMinimum: numberOf(spec["groupPriorityMinimum"]),
    versionPriority: numberOf(spec["versionPriority"]),
    conditions: Array.isArray(status["conditions"]) ? status["conditions"].filter(isCondition) : [],
  };
}

const caBundleOf = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? Buffer.from(value, "base64").toString("latin1") : undefined;

const numberOf = (value: unknown): number => (typeof value === "number" ? value : 0);

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

const isCondition = (value: unknown): value is Condition =>
  isJsonObject(value) && ["type", "status", "reason", "message", "lastTransitionTime"].every((name) => typeof value[name] === "string");
