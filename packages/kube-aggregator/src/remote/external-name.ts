import { isIP } from "node:net";
import { defineResource, type StructuralSchema } from "@dataplane/apiserver";
import type { ResourceRef } from "@dataplane/client";
import { type ApiObject, type Cause, isDnsSubdomain, isJsonObject } from "@dataplane/meta";

export const externalNamesRef: ResourceRef = {
  group: "service.grafana.app",
  version: "v0alpha1",
  resource: "externalnames",
  namespaced: true,
};

const schema: StructuralSchema = {
  type: "object",
  required: ["spec"],
  properties: {
    spec: {
      type: "object",
      description: "Which host it stands for.",
      required: ["host"],
      properties: { host: { type: "string", minLength: 1, description: "A DNS name or an IP address, without a port." } },
    },
  },
};

/** A name for a host elsewhere, by which an APIService's `spec.service` finds it: what a Service of type ExternalName is, without the rest of a Service. */
export const externalNames = defineResource({
  group: externalNamesRef.group,
  version: externalNamesRef.version,
  kind: "ExternalName",
  plural: externalNamesRef.resource,
  scope: "namespaced",
  nameRule: "dnsLabel",
  description: "ExternalName is a name for a host elsewhere.",
  schema,
  columns: [
    { name: "Host", value: hostOf },
    { name: "Age", type: "date", value: ({ metadata }) => metadata.creationTimestamp },
  ],
  validate: hostProblems,
});

/** `spec.host`; empty when there is none. */
export function hostOf(object: ApiObject): string {
  const spec = isJsonObject(object["spec"]) ? object["spec"] : {};
  return typeof spec["host"] === "string" ? spec["host"] : "";
}

/** Whether a connection can be made to it: a DNS name, a final dot allowed, or an IP address. */
export const isHost = (host: string): boolean => isIP(host) !== 0 || isDnsSubdomain(host.replace(/\.$/, "").toLowerCase());

function hostProblems(object: ApiObject): readonly Cause[] {
  const host = hostOf(object);
  if (isHost(host)) return [];
  const message = `Invalid value: ${JSON.stringify(host)}: must be a DNS name or an IP address`;
  return [{ reason: "FieldValueInvalid", field: "spec.host", message }];
}
