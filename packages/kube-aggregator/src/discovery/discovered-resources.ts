import type { DiscoveredResource } from "@dataplane/apiserver";
import { isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";

/** More than any server has; what lists more is not to be believed. */
const maxResources = 5_000;

const namePattern = /^[a-z0-9]([a-z0-9./-]*[a-z0-9])?$/;
const kindPattern = /^[A-Za-z][A-Za-z0-9]*$/;

/**
 * The resources in an APIResourceList of that group and version, as a server behind gives it; entries that make no sense are left out.
 * Undefined for any other document.
 */
export function discoveredResources(document: unknown, apiVersion: string): readonly DiscoveredResource[] | undefined {
  if (!isJsonObject(document) || document["kind"] !== "APIResourceList" || document["groupVersion"] !== apiVersion) return undefined;
  const { resources } = document;
  if (!Array.isArray(resources)) return resources === undefined || resources === null ? [] : undefined;
  return resources.slice(0, maxResources).flatMap((it: unknown) => (isJsonObject(it) ? resourceFrom(it) : []));
}

function resourceFrom(entry: JsonObject): readonly DiscoveredResource[] {
  const { name, kind, namespaced, group, version, singularName } = entry;
  if (typeof name !== "string" || !namePattern.test(name) || typeof kind !== "string" || !kindPattern.test(kind)) return [];
  const shortNames = textsOf(entry["shortNames"]);
  const categories = textsOf(entry["categories"]);
  const hash = entry["storageVersionHash"];
  return [
    {
      ...{ name, kind, namespaced: namespaced === true, singularName: typeof singularName === "string" ? singularName : "" },
      verbs: textsOf(entry["verbs"]),
      ...(typeof group === "string" && typeof version === "string" ? { responseKind: { group, version } } : {}),
      ...(shortNames.length === 0 ? {} : { shortNames }),
      ...(categories.length === 0 ? {} : { categories }),
      ...(typeof hash === "string" ? { storageVersionHash: hash } : {}),
    },
  ];
}

const textsOf = (value: JsonValue | undefined): readonly string[] =>
  Array.isArray(value) ? value.filter((it): it is string => typeof it === "string" && it.length > 0 && it.length < 256) : [];
