import { type ApiObject, isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import { plainText } from "../plain-text.js";
import type { ResourceDefinition } from "../resource.js";
import { kindSchema } from "./message-schema.js";

const specOf = ({ spec }: ApiObject): JsonObject => (isJsonObject(spec) ? spec : {});

/** A field that stays as the server first filled it in when a PUT leaves it out. */
const text = (value: unknown): string => (typeof value === "string" ? value : "");

/** Service of core/v1: a name for an address. Without nodes only ExternalName leads anywhere. */
export const services: ResourceDefinition = {
  group: "",
  version: "v1",
  kind: "Service",
  plural: "services",
  shortNames: ["svc"],
  categories: ["all"],
  scope: "namespaced",
  nameRule: "dnsLabel",
  description: "A name for an address; ExternalName names another host.",
  strategicMerge: true,
  hasGeneration: false,
  hasStatus: true,
  statusWritesMetadata: true,
  schema: kindSchema("core.v1.Service", {
    spec: "How the service is reached.",
    "spec.type": "ClusterIP, NodePort, LoadBalancer or ExternalName.",
    "spec.externalName": "The host that a service of type ExternalName stands for.",
    "spec.ports": "The ports that it has, each with a name of its own when there are several.",
    "spec.selector": "Labels of the pods behind it.",
    "spec.clusterIP": "The address of it, or None.",
    status: "What was last seen of the service. Written by controllers.",
  }),
  selectableFields: ["spec.clusterIP", "spec.type"],
  prepare: ({ object }) => ({ object: { ...object, spec: withDefaults(specOf(object)), status: object["status"] ?? { loadBalancer: {} } } }),
  columns: [
    { name: "Type", description: "How the service is reached.", value: (it) => text(specOf(it)["type"]) },
    { name: "Cluster-IP", description: "Its address.", value: (it) => text(specOf(it)["clusterIP"]) || "<none>" },
    { name: "External-IP", description: "The host that it stands for.", value: (it) => text(specOf(it)["externalName"]) || "<none>" },
    { name: "Port(s)", description: "The ports.", value: portsOf },
  ],
};

function withDefaults(spec: JsonObject): JsonObject {
  const type = text(spec["type"]) === "" ? "ClusterIP" : text(spec["type"]);
  const shared = { ...spec, type, sessionAffinity: spec["sessionAffinity"] ?? "None" };
  const ports = Array.isArray(spec["ports"]) ? { ports: (spec["ports"] as readonly JsonValue[]).map(withTargetPort) } : {};
  return { ...shared, ...ports };
}

/** What is no port is for validation to refuse. */
const withTargetPort = (port: JsonValue): JsonValue => (isJsonObject(port) ? { protocol: "TCP", targetPort: port["port"] ?? 0, ...port } : port);

function portsOf(service: ApiObject): string {
  const { ports } = specOf(service);
  if (!Array.isArray(ports) || ports.length === 0) return "<none>";
  return (ports as readonly JsonObject[]).map(({ port, protocol }) => `${plainText(port)}/${text(protocol) || "TCP"}`).join(",");
}
