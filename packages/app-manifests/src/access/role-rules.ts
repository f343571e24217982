import { isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import type { ManifestSpec } from "../app-manifest-spec.js";
import type { PolicyRule } from "./policy-rule.js";
import { customSubresources, routeRules } from "./route-rules.js";

const viewer = ["get", "list", "watch"];
const verbsOfSets: ReadonlyMap<string, readonly string[]> = new Map([
  ["viewer", viewer],
  ["editor", [...viewer, "create", "update", "patch", "delete"]],
  ["admin", ["*"]],
]);

/** What a role of the manifest allows: its kinds, by set or verb by verb, and its routes. */
export function roleRules(spec: ManifestSpec, role: JsonObject): readonly PolicyRule[] {
  const byRoute = routeRules(spec);
  const kinds = records(role["kinds"]).flatMap((it) => kindRules(spec, it));
  return [...kinds, ...texts(role["routes"]).flatMap((operationId) => byRoute.get(operationId) ?? [])];
}

function kindRules(spec: ManifestSpec, { kind, permissionSet, verbs }: JsonObject): readonly PolicyRule[] {
  const allowed = typeof permissionSet === "string" ? (verbsOfSets.get(permissionSet) ?? []) : texts(verbs);
  const resources = resourcesOf(spec, (it) => it === kind, permissionSet === "admin");
  return resources.length === 0 || allowed.length === 0 ? [] : [{ apiGroups: [spec.group], resources, verbs: allowed }];
}

/** What an app itself may: all with its own kinds, and what the manifest asks for of others'. */
export function appRules(spec: ManifestSpec, extraPermissions: JsonObject): readonly PolicyRule[] {
  const resources = resourcesOf(spec, () => true, true);
  const extra = records(extraPermissions["accessKinds"]).map(({ group, resource, actions }) => ({
    apiGroups: [text(group)],
    resources: [text(resource)],
    verbs: texts(actions),
  }));
  return [...(resources.length === 0 ? [] : [{ apiGroups: [spec.group], resources, verbs: ["*"] }]), ...extra];
}

/** Plurals, and with `all` their subresources too. */
function resourcesOf({ versions }: ManifestSpec, includes: (kind: string) => boolean, all: boolean): readonly string[] {
  const kinds = versions.flatMap((version) => version.kinds).filter(({ kind }) => includes(kind));
  const names = kinds.flatMap(({ plural, routes }) => {
    const subresources = all ? ["status", "finalizers", ...customSubresources(routes)] : [];
    return [plural, ...subresources.map((it) => `${plural}/${it}`)];
  });
  return [...new Set(names)];
}

const text = (value: JsonValue | undefined): string => (typeof value === "string" ? value : "");
const items = (value: JsonValue | undefined): readonly JsonValue[] => (Array.isArray(value) ? (value as readonly JsonValue[]) : []);
const texts = (value: JsonValue | undefined): readonly string[] => items(value).filter((it): it is string => typeof it === "string");
const records = (value: JsonValue | undefined): readonly JsonObject[] => items(value).filter(isJsonObject);
