import type { ResourceRef } from "@dataplane/client";
import { type ApiObject, isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import { queryServiceGroupVersion } from "../query-service/query-service.js";
import { type Escape, escapes } from "./escapes.js";

export const parameterTypes = ["string", "number", "integer", "boolean", "time", "duration"] as const;
export type ParameterType = (typeof parameterTypes)[number];

/** One hole in a query, and what may go into it. */
export interface QueryParameter {
  readonly name: string;
  readonly type: ParameterType;
  readonly description: string;
  readonly default: JsonValue | undefined;
  readonly required: boolean;
  /** RE2; the whole text must match. */
  readonly pattern: string | undefined;
  readonly enum: readonly string[] | undefined;
  readonly minimum: number | undefined;
  readonly maximum: number | undefined;
  readonly maxLength: number;
  /** How a text is written inside another one. */
  readonly escape: Escape | undefined;
}

/** Queries of one data source with a name, run by people who need not be allowed to query it. */
export interface NamedQuery {
  readonly name: string;
  readonly datasource: { readonly type: string; readonly uid: string };
  readonly queries: readonly JsonObject[];
  readonly parameters: readonly QueryParameter[];
  readonly from: JsonValue | undefined;
  readonly to: JsonValue | undefined;
  /** Who may run it; undefined for everyone whom the authorizer lets. */
  readonly allow: { readonly users: readonly string[]; readonly groups: readonly string[] } | undefined;
}

/** Named queries as a client names them. */
export const namedQueriesRef: ResourceRef = { ...queryServiceGroupVersion, resource: "queries", namespaced: true };

/** Of a text that says nothing of its length. */
export const defaultMaxLength = 1024;

/** Reads a stored object, whose schema was checked when it was written; what is not as it should be reads as empty. */
export function namedQueryFrom(object: ApiObject): NamedQuery {
  const spec = record(object["spec"]);
  const source = record(spec["datasource"]);
  return {
    name: object.metadata.name,
    datasource: { type: text(source["type"]), uid: text(source["uid"]) },
    queries: list(spec["queries"]).filter(isJsonObject),
    parameters: list(spec["parameters"]).map((it) => parameterFrom(record(it))),
    from: spec["from"],
    to: spec["to"],
    allow: isJsonObject(spec["allow"]) ? { users: texts(spec["allow"]["users"]), groups: texts(spec["allow"]["groups"]) } : undefined,
  };
}

function parameterFrom(raw: JsonObject): QueryParameter {
  return {
    name: text(raw["name"]),
    type: parameterTypes.find((it) => it === raw["type"]) ?? "string",
    description: text(raw["description"]),
    default: raw["default"],
    required: raw["required"] === true,
    pattern: optionalText(raw["pattern"]),
    enum: Array.isArray(raw["enum"]) ? texts(raw["enum"]) : undefined,
    minimum: optionalNumber(raw["minimum"]),
    maximum: optionalNumber(raw["maximum"]),
    maxLength: optionalNumber(raw["maxLength"]) ?? defaultMaxLength,
    escape: escapes.find((it) => it === raw["escape"]),
  };
}

const record = (value: unknown): JsonObject => (isJsonObject(value) ? value : {});
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const text = (value: JsonValue | undefined): string => (typeof value === "string" ? value : "");
const texts = (value: JsonValue | undefined): readonly string[] => list(value).filter((it): it is string => typeof it === "string");
const optionalText = (value: JsonValue | undefined): string | undefined => (typeof value === "string" ? value : undefined);
const optionalNumber = (value: JsonValue | undefined): number | undefined => (typeof value === "number" ? value : undefined);
