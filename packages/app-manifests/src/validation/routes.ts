import { declaredOperations, isDataPlanePath, parsePathPattern } from "@dataplane/aggregator";
import { type Cause, isJsonObject, type JsonObject } from "@dataplane/meta";
import type { ManifestSpec, ManifestVersion } from "../app-manifest-spec.js";
import { forbidden, invalidValue, requiredValue } from "./causes.js";

/** Routes of versions and of kinds. */
export const routeCauses = ({ versions }: ManifestSpec): readonly Cause[] =>
  versions.flatMap((version, index) => {
    const field = `spec.versions[${index}]`;
    return [
      ...scopeCauses(version, "namespaced", field),
      ...scopeCauses(version, "cluster", field),
      ...version.kinds.flatMap(({ routes }, kind) =>
        Object.entries(routes).flatMap(([path, item]) => itemCauses(`${field}.kinds[${kind}].routes[${JSON.stringify(path)}]`, path, item)),
      ),
    ];
  });

function scopeCauses({ kinds, routes }: ManifestVersion, scope: "namespaced" | "cluster", version: string): readonly Cause[] {
  const plurals = new Set(kinds.map(({ plural }) => plural));
  return Object.entries(routes[scope]).flatMap(([path, item]) => {
    const field = `${version}.routes.${scope}[${JSON.stringify(path)}]`;
    const bare = path.replaceAll("/", "").toLowerCase();
    return [
      ...itemCauses(field, path, item),
      ...(plurals.has(bare) ? [forbidden(field, `${JSON.stringify(bare)} is the plural of a kind of this version`)] : []),
      ...placeCauses(field, path, scope),
    ];
  });
}

function itemCauses(field: string, path: string, item: JsonObject[string]): readonly Cause[] {
  const { problem } = parsePathPattern(path);
  return [
    ...(problem === undefined ? [] : [invalidValue(field, path, problem)]),
    ...(isJsonObject(item) && declaredOperations(item).length > 0
      ? []
      : [requiredValue(field, "a route needs an operation: get, put, post, delete, options, head or patch")]),
  ];
}

/** A route where the data plane has a path of its own, or a namespace stands, would never be reached. */
function placeCauses(field: string, path: string, scope: "namespaced" | "cluster"): readonly Cause[] {
  const relative = path.replace(/^\//, "").split("/");
  if (scope === "cluster" && relative[0] === "namespaces") return [forbidden(field, "a route of the whole cluster cannot begin with namespaces")];
  if (scope === "namespaced" && /\{namespace\}/.test(path))
    return [forbidden(field, "the namespace stands before the route: name the parameter otherwise")];
  const whole = scope === "cluster" ? relative : ["namespaces", "{namespace}", ...relative];
  return isDataPlanePath(whole) ? [forbidden(field, "this is a path of the data plane itself")] : [];
}
