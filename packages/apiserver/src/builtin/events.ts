import { type ApiObject, isJsonObject } from "@dataplane/meta";
import type { ResourceDefinition } from "../resource.js";
import type { StructuralSchema } from "../schema/structural-schema.js";
import { eventColumns } from "./event-columns.js";
import { eventCauses, newEventCauses } from "./event-rules.js";

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

const newerNames: ReadonlyMap<string, string> = new Map(renamed);
const coreNames: ReadonlyMap<string, string> = new Map(renamed.map(([core, newer]) => [newer, core]));

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

/** Who saw it: the component of older clients, the controller of newer ones. */
function sourceOf({ source, reportingComponent }: ApiObject): string {
  const component = source !== undefined && isJsonObject(source) ? source["component"] : undefined;
  if (typeof component === "string" && component !== "") return component;
  return typeof reportingComponent === "string" ? reportingComponent : "";
}

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
  selectableValues: { source: sourceOf },
  storage: { prefix: "/events" },
  ttlSeconds: () => ttlSeconds,
  validate: (event) => eventCauses(event, "reportingComponent"),
  columns: eventColumns(new Map()),
  nameColumn: false,
  ageColumn: false,
};

/** Event of events.k8s.io/v1: the same objects under newer names. */
export const events: ResourceDefinition = {
  ...coreEvents,
  group: "events.k8s.io",
  canonical: false,
  schema: {
    type: "object",
    properties: Object.fromEntries(Object.entries(coreFields).map(([key, schema]) => [newerNames.get(key) ?? key, schema])),
  },
  selectableFields: ["reason", "reportingController", "type", ...referenceFields.map((field) => `regarding.${field}`)],
  selectableValues: {},
  storage: {
    prefix: "/events",
    project: (object) => withNames(object, newerNames),
    unproject: (object) => withNames(object, coreNames),
  },
  validate: (event, old) => {
    const core = withNames(event, coreNames);
    return [...eventCauses(core, "reportingController"), ...(old === undefined ? newEventCauses(core) : [])];
  },
  columns: eventColumns(newerNames),
};

function withNames(object: ApiObject, names: ReadonlyMap<string, string>): ApiObject {
  const { apiVersion, kind, metadata, ...rest } = object;
  return { apiVersion, kind, metadata, ...Object.fromEntries(Object.entries(rest).map(([key, value]) => [names.get(key) ?? key, value])) };
}
