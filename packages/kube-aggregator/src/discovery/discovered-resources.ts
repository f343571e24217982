import type { DiscoveredResource } from "@dataplane/apiserver";
import { isDnsLabel, isDnsSubdomain, isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";

/** More than any server has; what lists more is not to be believed. */
const maxResources = 5_000;
/** Of verbs, short names and categories of one resource. */
const maxWords = 64;

const kindPattern = /^[A-Za-z][A-Za-z0-9]{0,62}$/;
const hashPattern = /^[\w+/=-]{1,64}$/;

/**
 * The resources in an APIResourceList of that group and version, as a server behind gives it; entries and names that make no sense are left
 * out. They end up in everybody's terminal. Undefined for any other document.
 */
export function discoveredResources(document: unknown, apiVersion: string): readonly DiscoveredResource[] | undefined {
  if (!isJsonObject(document) || document["kind"] !== "APIResourceList" || document["groupVersion"] !== apiVersion) return undefined;
  const { resources } = document;
  if (!Array.isArray(resources)) return resources === undefined || resources === null ? [] : undefined;
  return resources.slice(0, maxResources).flatMap((it: unknown) => (isJsonObject(it) ? resourceFrom(it) : []));
}

function resourceFrom(entry: JsonObject): readonly DiscoveredResource[] {
  const { name, kind, namespaced, singularName, group, version, storageVersionHash: hash } = entry;
  if (typeof name !== "string" || !isResourceName(name) || typeof kind !== "string" || !kindPattern.test(kind)) return [];
  const shortNames = wordsOf(entry["shortNames"]);
  const categories = wordsOf(entry["categories"]);
  return [
    {
      ...{ name, kind, namespaced: namespaced === true, singularName: isWord(singularName) ? singularName : "" },
      verbs: wordsOf(entry["verbs"]),
      ...(isGroup(group) && isWord(version) ? { responseKind: { group, version } } : {}),
      ...(shortNames.length === 0 ? {} : { shortNames }),
      ...(categories.length === 0 ? {} : { categories }),
      ...(typeof hash === "string" && hashPattern.test(hash) ? { storageVersionHash: hash } : {}),
    },
  ];
}

/** `things`, or `things/status`; deeper ones are paths of subresources. */
const isResourceName = (name: string): boolean => name.length <= 253 && name.split("/").every(isDnsSubdomain);

const isWord = (value: JsonValue | undefined): value is string => typeof value === "string" && isDnsLabel(value);

const isGroup = (value: JsonValue | undefined): value is string => typeof value === "string" && (value === "" || isDnsSubdomain(value));

const wordsOf = (value: JsonValue | undefined): readonly string[] => (Array.isArray(value) ? value.slice(0, maxWords).filter(isWord) : []);
