import { type ApiObject, apiVersionOf } from "@dataplane/meta";
import { hasProtobuf } from "./protobuf/encode-object.js";
import type { ResourceDefinition, Verb } from "./resource.js";
import type { ObjectWith } from "./schema/object-schema.js";
import { Schema } from "./schema/schema.js";
import { shapeOf } from "./schema/shape.js";

/** Every verb of a stored resource, in the order that discovery lists them. */
export const allVerbs: readonly Verb[] = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/** Declares a resource and holds the declaration to the type of its schema: `type Widget = ObjectOf<typeof widgets>`. */
export function defineResource<F>(
  definition: Omit<ResourceDefinition<ObjectWith<F>>, "schema"> & { readonly schema: Schema<F> },
): ResourceDefinition<ObjectWith<F>>;
export function defineResource<T extends ApiObject>(definition: ResourceDefinition<T>): ResourceDefinition<T>;
export function defineResource<T extends ApiObject>(
  definition: Omit<ResourceDefinition<T>, "schema"> & { readonly schema: Schema<unknown> | ResourceDefinition["schema"] },
): ResourceDefinition<T> {
  const { schema } = definition;
  return { ...definition, schema: schema instanceof Schema ? schema.json : schema };
}

/** A definition with all that it left to the defaults: what the verbs work on. */
export interface ServedResource {
  readonly definition: ResourceDefinition;
  readonly apiVersion: string;
  readonly singular: string;
  readonly listKind: string;
  readonly verbs: ReadonlySet<Verb>;
  /** Where its objects lie in the store; no trailing slash. */
  readonly prefix: string;
  /** Of a kind with versions: a mark of how its schema prunes and defaults. What was stored under the same mark is shown as it is stored. */
  readonly shape: string | undefined;
  /** True of Kubernetes' own kinds, which have a form in protobuf. */
  readonly hasProtobuf: boolean;
}

/** Fills in the defaults, and forgets the object type: what reaches a definition's functions has passed its schema. */
export function servedResource<T extends ApiObject>(typed: ResourceDefinition<T>): ServedResource {
  const definition = typed as unknown as ResourceDefinition;
  const { group, kind, plural } = definition;
  return {
    definition,
    apiVersion: apiVersionOf(definition),
    singular: definition.singular ?? kind.toLowerCase(),
    listKind: definition.listKind ?? `${kind}List`,
    verbs: new Set(definition.verbs ?? allVerbs),
    prefix: definition.storage?.prefix ?? `/${group === "" ? "core" : group}/${plural}`,
    hasProtobuf: hasProtobuf(apiVersionOf(definition), kind),
    shape: definition.versioned === undefined ? undefined : shapeOf(definition.schema),
  };
}

/** The key of an object. */
export const keyOf = ({ prefix, definition }: ServedResource, namespace: string, name: string): string =>
  definition.scope === "cluster" ? `${prefix}/${name}` : `${prefix}/${namespace}/${name}`;

/** The common beginning of the keys of a namespace's objects, or of all with an empty namespace. */
export const keyPrefixOf = ({ prefix, definition }: ServedResource, namespace: string): string =>
  definition.scope === "cluster" || namespace === "" ? `${prefix}/` : `${prefix}/${namespace}/`;
