import { BadRequestError, isJsonObject, type JsonObject, readString } from "@dataplane/plugin-sdk";

/** One label matcher of PromQL. */
export interface LabelMatcher {
  readonly label: string;
  readonly operator: "=" | "!=" | "=~" | "!~";
  readonly value: string;
}

/** Operators of ad hoc filters, and of scopes by their names. */
const operators: ReadonlyMap<string, { readonly operator: LabelMatcher["operator"]; readonly oneOf?: true }> = new Map([
  ["=", { operator: "=" }],
  ["!=", { operator: "!=" }],
  ["=~", { operator: "=~" }],
  ["!~", { operator: "!~" }],
  ["=|", { operator: "=~", oneOf: true }],
  ["!=|", { operator: "!~", oneOf: true }],
  ["equals", { operator: "=" }],
  ["not-equals", { operator: "!=" }],
  ["regex-match", { operator: "=~" }],
  ["regex-not-match", { operator: "!~" }],
  ["one-of", { operator: "=~", oneOf: true }],
  ["not-one-of", { operator: "!~", oneOf: true }],
]);

/** The matchers of `scopes` and `adhocFilters` of a query. Throws BadRequestError for what cannot be obeyed, as ignoring a filter shows too much. */
export function filtersOf(json: JsonObject): readonly LabelMatcher[] {
  if (listOf(json, "groupByKeys").length > 0) throw new BadRequestError("groupByKeys are not supported");
  const scopes = listOf(json, "scopes").flatMap((scope) => {
    if (!isJsonObject(scope)) throw new BadRequestError("scopes must be a list of objects");
    return listOf(isJsonObject(scope["spec"]) ? scope["spec"] : scope, "filters");
  });
  return [...scopes, ...listOf(json, "adhocFilters")].map(matcherOf);
}

function listOf(json: JsonObject, name: string): readonly unknown[] {
  const list = json[name] ?? [];
  if (!Array.isArray(list)) throw new BadRequestError(`${name} must be a list`);
  return list;
}

function matcherOf(filter: unknown): LabelMatcher {
  if (!isJsonObject(filter)) throw new BadRequestError("a filter must be an object with key, operator and value");
  const label = readString(filter, "key", "");
  if (label === "") throw new BadRequestError("a filter has no key");
  const name = readString(filter, "operator", "=");
  const known = operators.get(name);
  if (known === undefined) throw new BadRequestError(`filter on ${label}: operator ${JSON.stringify(name)} is not known`);
  const value = readString(filter, "value", "");
  if (known.oneOf === undefined) return { label, operator: known.operator, value };
  const given = listOf(filter, "values");
  const values = given.length === 0 ? [value] : given.map(String);
  return { label, operator: known.operator, value: values.map(escapeRegex).join("|") };
}

const escapeRegex = (text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
