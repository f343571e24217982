import { type ApiObject, isJsonObject, type JsonValue } from "@dataplane/meta";
import type { Column, ResourceDefinition } from "../resource.js";
import type { StructuralSchema } from "../schema/structural-schema.js";

/** How long an event is kept, as in kube-apiserver. */
const ttlSeconds = 3_600;

const text: StructuralSchema = { type: "string" };
const count: StructuralSchema = { type: "integer", format: "int32" };

// Null where it is unknown, as in kube-apiserver: a client that sorts by one of them needs the field in every event.
const time: StructuralSchema = { ...text, nullable: true, default: null };

const objectReference: StructuralSchema = {
  type: "object",
  description: "What object it is about.",
  properties: { apiVersion: text, kind: text, name: text, namespace: text, uid: text, resourceVersion: text, fieldPath: text },
};

const referenceFields = ["apiVersion", "fieldPath", "kind", "name", "namespace", "resourceVersion", "uid"];

const source: StructuralSchema = { type: "object", description: "Who reported it.", properties: { component: text, host: text } };

const series: StructuralSchema = { type: "object", description: "Of many alike.", properties: { count, lastObservedTime: text } };

const common = {
  action: text,
  eventTime: time,
  reason: text,
  related: objectReference,
  reportingInstance: text,
  series,
  type: text,
};

/** Field names of core/v1 and what events.k8s.io/v1 calls them. */
const renamed = [
  ["involvedObject", "regarding"],
  ["message", "note"],
  ["reportingComponent", "reportingController"],
  ["source", "deprecatedSource"],
  ["firstTimestamp", "deprecatedFirstTimestamp"],
  ["lastTimestamp", "deprecatedLastTimestamp"],
  ["count", "deprecatedCount"],
] as const;

const coreFields: Readonly<Record<string, StructuralSchema>> = {
  ...common,
  involvedObject: objectReference,
  message: text,
  reportingComponent: text,
  source,
  firstTimestamp: time,
  lastTimestamp: time,
  count,
};

/** Event of core/v1: something that happened to an object. The form that is stored. */
export const coreEvents: ResourceDefinition = {
  group: "",
  version: "v1",
  kind: "Event",
  plural: "events",
  shortNames: ["ev"],
  scope: "namespaced",
  description: "Something that happened to an object; forgotten after an hour.",
  strategicMerge: true,
  hasGeneration: false,
  schema: { type: "object", properties: coreFields },
  selectableFields: ["reason", "reportingComponent", "type", ...referenceFields.map((field) => `involvedObject.${field}`)],
  storage: { prefix: "/events" },
  ttlSeconds: () => ttlSeconds,
  columns: columns("involvedObject", "message", "lastTimestamp"),
};

/** Event of events.k8s.io/v1: the same objects under newer names. */
export const events: ResourceDefinition = {
  ...coreEvents,
  group: "events.k8s.io",
  canonical: false,
  schema: {
    type: "object",
    properties: Object.fromEntries(Object.entries(coreFields).map(([key, schema]) => [renamed.find(([core]) => core === key)?.[1] ?? key, schema])),
  },
  selectableFields: ["reason", "reportingController", "type", ...referenceFields.map((field) => `regarding.${field}`)],
  storage: {
    prefix: "/events",
    project: (object) => withNames(object, new Map(renamed)),
    unproject: (object) => withNames(object, new Map(renamed.map(([core, newer]) => [newer, core]))),
  },
  columns: columns("regarding", "note", "deprecatedLastTimestamp"),
};

function withNames(object: ApiObject, names: ReadonlyMap<string, string>): ApiObject {
  const { apiVersion, kind, metadata, ...rest } = object;
  return { apiVersion, kind, metadata, ...Object.fromEntries(Object.entries(rest).map(([key, value]) => [names.get(key) ?? key, value])) };
}

function columns(subject: string, message: string, last: string): readonly Column[] {
  return [
    { name: "Last Seen", type: "date", description: "When it last happened.", value: (event) => lastSeen(event, last) },
    { name: "Type", value: ({ type }) => scalar(type) },
    { name: "Reason", value: ({ reason }) => scalar(reason) },
    { name: "Object", value: (event) => subjectOf(event[subject]) },
    { name: "Message", value: (event) => scalar(event[message]) },
  ];
}

const lastSeen = (event: ApiObject, last: string): string | undefined =>
  lastOfSeries(event) ?? scalar(event[last]) ?? scalar(event["eventTime"]) ?? event.metadata.creationTimestamp;

function lastOfSeries({ series: many }: ApiObject): string | undefined {
  return isJsonObject(many) && typeof many["lastObservedTime"] === "string" ? many["lastObservedTime"] : undefined;
}

const scalar = (value: ApiObject[string]): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

function subjectOf(value: ApiObject[string] | JsonValue): string | undefined {
  if (!isJsonObject(value)) return undefined;
  const { kind, name } = value;
  return typeof kind === "string" && typeof name === "string" ? `${kind.toLowerCase()}/${name}` : undefined;
}
