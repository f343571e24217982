import { type ApiObject, apiVersionOf, type GroupVersion, isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import { freeName } from "../free-name.js";
import { operationIdOf } from "../service-types/custom-operations.js";
import type { Operation } from "../service-types/service-type.js";
import { ComponentRefs } from "./component-refs.js";
import { declaredOperations } from "./path-item.js";
import { soundOperation } from "./sound-operation.js";
import { listOf, soundSchema } from "./sound-schema.js";

/** A custom route that a manifest declares for one version. */
export interface ManifestRoute {
  /** Relative to `/apis/G/V`, with `namespaces/{namespace}/` before a namespaced one; no leading slash. */
  readonly path: string;
  /** OpenAPI operation by method in upper case. */
  readonly operations: ReadonlyMap<string, Operation>;
}

/** What a manifest adds to one group and version. */
export interface ManifestRoutes {
  readonly routes: readonly ManifestRoute[];
  /** `components.schemas` that the operations refer to. */
  readonly schemas: JsonObject;
}

/**
 * The routes of each served version of an AppManifest, by `<group>/<version>`: those of the version, `routes.namespaced` and
 * `routes.cluster`, and those of its kinds, which stand below an object as its subresources do.
 */
export function manifestRoutesFrom(manifest: ApiObject): ReadonlyMap<string, ManifestRoutes> {
  const spec = objectIn(manifest, "spec");
  const { group, versions } = spec;
  if (typeof group !== "string" || !Array.isArray(versions)) return new Map();
  const entries = (versions as readonly JsonValue[]).flatMap((it): [string, ManifestRoutes][] => {
    if (!isJsonObject(it) || typeof it["name"] !== "string" || it["served"] === false) return [];
    const groupVersion = { group, version: it["name"] };
    return [[apiVersionOf(groupVersion), versionRoutes(it, groupVersion)]];
  });
  return new Map(entries);
}

function objectIn(object: ApiObject, field: string): JsonObject {
  const value = object[field];
  return isJsonObject(value) ? value : {};
}

function versionRoutes(version: JsonObject, groupVersion: GroupVersion): ManifestRoutes {
  const declared = isJsonObject(version["routes"]) ? version["routes"] : {};
  const schemas = isJsonObject(declared["schemas"]) ? declared["schemas"] : {};
  const refs = new ComponentRefs(groupVersion, Object.keys(schemas));
  const ids = new Set<string>();
  const inScope = (scope: "namespaced" | "cluster"): readonly ManifestRoute[] =>
    Object.entries(isJsonObject(declared[scope]) ? declared[scope] : {}).flatMap(([path, item]) => {
      if (!isJsonObject(item)) return [];
      const relative = path.replace(/^\/+/, "");
      // A route of the whole cluster stands nowhere below a namespace.
      if (scope === "cluster" && relative.split("/")[0] === "namespaces") return [];
      return [{ path: `${scope === "namespaced" ? "namespaces/{namespace}/" : ""}${relative}`, operations: operationsOf(item, { path, refs, ids }) }];
    });
  const ofKinds = listOf(version["kinds"]).flatMap((kind) => (isJsonObject(kind) ? kindRoutes(kind, { refs, ids }) : []));
  return {
    routes: [...inScope("namespaced"), ...inScope("cluster"), ...ofKinds],
    schemas: Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [refs.nameOf(name), soundSchema(schema, refs.refOf)])),
  };
}

/** Routes below each object of a kind. What a path of theirs refers to are schemas of the version's routes. */
function kindRoutes({ kind, plural, scope, routes }: JsonObject, { refs, ids }: Omit<Surroundings, "path">): readonly ManifestRoute[] {
  const resource = typeof plural === "string" && plural !== "" ? plural : `${typeof kind === "string" ? kind.toLowerCase() : ""}s`;
  const prefix = `${scope === "Cluster" ? "" : "namespaces/{namespace}/"}${resource}/{name}/`;
  return Object.entries(isJsonObject(routes) ? routes : {}).flatMap(([path, item]) => {
    const relative = path.replace(/^\/+/, "");
    if (!isJsonObject(item) || relative === "") return [];
    return [{ path: `${prefix}${relative}`, operations: operationsOf(item, { path: `${resource}/{name}/${relative}`, refs, ids }) }];
  });
}

interface Surroundings {
  readonly path: string;
  readonly refs: ComponentRefs;
  /** Operation ids of the version so far: each is there once. */
  readonly ids: Set<string>;
}

function operationsOf(item: JsonObject, { path, refs, ids }: Surroundings): ReadonlyMap<string, Operation> {
  return new Map(
    declaredOperations(item).map(({ method, operation }) => {
      const named = operation["operationId"];
      const operationId = freeName(typeof named === "string" && /^\w+$/.test(named) ? named : operationIdOf(method, path), ids);
      return [method, { ...soundOperation(operation, refs.refOf), operationId }];
    }),
  );
}
