import { type ApiObject, isJsonObject } from "@dataplane/meta";
import { humanDuration } from "../human-duration.js";
import type { Column } from "../resource.js";

type Field = (event: ApiObject, name: string) => unknown;

/** The columns of `kubectl get events`. `names` are the kind's own for fields of core/v1, where they differ. */
export function eventColumns(names: ReadonlyMap<string, string>): readonly Column[] {
  const field: Field = (event, name) => event[names.get(name) ?? name];
  const wide = { priority: 1 };
  return [
    { name: "Last Seen", description: "When it last happened.", value: (event, now) => ago(lastSeen(event, field), now) },
    { name: "Type", description: "Normal, or Warning.", value: ({ type }) => text(type) },
    { name: "Reason", description: "Why, in one word.", value: ({ reason }) => text(reason) },
    { name: "Object", description: "What object it is about.", value: (event) => subjectOf(field(event, "involvedObject")) },
    { ...wide, name: "Subobject", description: "What part of it.", value: (event) => at(field(event, "involvedObject"), "fieldPath") },
    { ...wide, name: "Source", description: "Who reported it.", value: (event) => sourceOf(event, field) },
    { name: "Message", description: "What happened.", value: (event) => text(field(event, "message")).trim() },
    { ...wide, name: "First Seen", description: "When it first happened.", value: (event, now) => ago(firstSeen(event, field), now) },
    { ...wide, name: "Count", description: "How often it happened.", value: (event) => countOf(event, field) },
    { ...wide, name: "Name", format: "name", description: "The name of the event.", value: ({ metadata }) => metadata.name },
  ];
}

const firstSeen = (event: ApiObject, field: Field): string => text(field(event, "firstTimestamp")) || text(event["eventTime"]);

const lastSeen = (event: ApiObject, field: Field): string =>
  isJsonObject(event["series"]) ? at(event["series"], "lastObservedTime") : text(field(event, "lastTimestamp")) || firstSeen(event, field);

function countOf(event: ApiObject, field: Field): number {
  const { series } = event;
  const count = isJsonObject(series) ? series["count"] : field(event, "count");
  return typeof count === "number" && (count !== 0 || isJsonObject(series)) ? count : 1;
}

function subjectOf(subject: unknown): string {
  const kind = at(subject, "kind").toLowerCase();
  const name = at(subject, "name");
  return name === "" ? kind : `${kind}/${name}`;
}

function sourceOf(event: ApiObject, field: Field): string {
  const source = field(event, "source");
  const component = at(source, "component") || text(field(event, "reportingComponent"));
  const instance = at(source, "host") || text(event["reportingInstance"]);
  return instance === "" ? component : `${component}, ${instance}`;
}

function ago(time: string, now: Date): string {
  const then = Date.parse(time);
  return Number.isNaN(then) ? "<unknown>" : humanDuration(now.getTime() - then);
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");

const at = (value: unknown, key: string): string => (isJsonObject(value) ? text(value[key]) : "");
