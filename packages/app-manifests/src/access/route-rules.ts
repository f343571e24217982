import { declaredOperations } from "@dataplane/aggregator";
import { parseRequestInfo } from "@dataplane/apiserver";
import { isJsonObject, type JsonObject } from "@dataplane/meta";
import type { ManifestSpec } from "../app-manifest-spec.js";
import type { PolicyRule } from "./policy-rule.js";

/**
 * The rights that calls of routes need, by operationId: what the filters will ask for when such a request comes. A route whose first
 * segment is a parameter has none: a right to it would be one to everything in the group.
 */
export function routeRules({ group, versions }: ManifestSpec): ReadonlyMap<string, readonly PolicyRule[]> {
  const rules = new Map<string, PolicyRule[]>();
  const add = (path: string, item: JsonObject): void => {
    for (const { method, operation } of declaredOperations(item)) {
      const { operationId } = operation;
      const rule = typeof operationId === "string" ? ruleOf(group, method, path) : undefined;
      if (rule !== undefined && typeof operationId === "string") rules.set(operationId, [...(rules.get(operationId) ?? []), rule]);
    }
  };
  for (const { name, kinds, routes } of versions) {
    const root = `/apis/${group}/${name}`;
    for (const [path, item] of itemsOf(routes.namespaced)) add(`${root}/namespaces/${placeholder}${path}`, item);
    for (const [path, item] of itemsOf(routes.cluster)) add(`${root}${path}`, item);
    for (const kind of kinds) {
      const scope = kind.scope === "Cluster" ? "" : `/namespaces/${placeholder}`;
      for (const [path, item] of itemsOf(kind.routes)) add(`${root}${scope}/${kind.plural}/${placeholder}${path}`, item);
    }
  }
  return rules;
}

/** Subresources that the routes of a kind are. */
export const customSubresources = (routes: JsonObject): readonly string[] => [
  ...new Set(
    itemsOf(routes)
      .map(([path]) => path.split("/")[1] ?? "")
      .filter((it) => it !== "" && !isParameter(it)),
  ),
];

/** What no path segment of a manifest is. */
const placeholder = "-parameter-";

const isParameter = (segment: string): boolean => segment.startsWith("{") || segment.includes("*");

const itemsOf = (routes: JsonObject): readonly (readonly [string, JsonObject])[] =>
  Object.entries(routes).flatMap(([path, item]) => (isJsonObject(item) ? [[path.startsWith("/") ? path : `/${path}`, item] as const] : []));

function ruleOf(group: string, method: string, path: string): PolicyRule | undefined {
  const plain = path
    .split("/")
    .map((segment) => (isParameter(segment) ? placeholder : segment))
    .join("/");
  const { verb, resource, name, subresource } = parseRequestInfo(method, plain, new URLSearchParams());
  if (resource === "" || resource === placeholder) return undefined;
  // Below an object all is one right: RequestInfo has no more than one segment of it.
  if (subresource === placeholder) return undefined;
  return {
    apiGroups: [group],
    resources: [subresource === "" ? resource : `${resource}/${subresource}`],
    ...(name === "" || name === placeholder ? {} : { resourceNames: [name] }),
    verbs: [verb],
  };
}
