import { basePathOf, isJsonObject, type JsonObject } from "@dataplane/meta";
import type { ResourceDefinition, Verb } from "../resource.js";
import type { StructuralSchema } from "../schema/structural-schema.js";
import { scaleKind, scaleSchema } from "../verbs/scale.js";
import { componentName, metaComponent, schemaRef } from "./component-name.js";
import { metaSchemas, plainSchema } from "./meta-schemas.js";
import { type OperationContext, operation } from "./operations.js";
import { nameParameter, namespaceParameter, pretty } from "./parameters.js";

export interface DescribedResource {
  /** OpenAPI v3 `paths`. */
  readonly paths: JsonObject;
  /** OpenAPI v3 `components.schemas`. */
  readonly schemas: JsonObject;
}

const allVerbs: readonly Verb[] = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];

/** The OpenAPI v3 description of one resource: its kind, its list, and an operation for each of its verbs. */
export function describeOpenApi(definition: ResourceDefinition): DescribedResource {
  return { paths: pathsOf(definition), schemas: schemasOf(definition) };
}

function pathsOf(definition: ResourceDefinition): JsonObject {
  const { plural, scope } = definition;
  const base = basePathOf(definition);
  const namespaced = scope === "namespaced";
  const collection = namespaced ? `${base}/namespaces/{namespace}/${plural}` : `${base}/${plural}`;
  const subject = namespaced ? `Namespaced${definition.kind}` : definition.kind;
  const scoped = namespaced ? [namespaceParameter] : [];
  const named = [nameParameter(definition.kind), ...scoped, pretty];
  const methods = (map: Readonly<Record<string, Verb>>, suffix = ""): JsonObject => methodsOf(definition, map, `${subject}${suffix}`);
  const paths: Record<string, JsonObject> = {
    [collection]: { ...methods({ get: "list", post: "create", delete: "deletecollection" }), parameters: [...scoped, pretty] },
    [`${collection}/{name}`]: { ...methods({ get: "get", put: "update", patch: "patch", delete: "delete" }), parameters: named },
  };
  if (definition.hasStatus === true) {
    paths[`${collection}/{name}/status`] = { ...methods({ get: "get", put: "update", patch: "patch" }, "Status"), parameters: named };
  }
  if (definition.scale !== undefined) {
    const context = { definition, subject: `${subject}Scale`, component: componentName(scaleKind), listComponent: "", answers: scaleKind };
    const own = Object.entries({ get: "get", put: "update", patch: "patch" } as const).map(
      ([method, verb]) => [method, operation(verb, context)] as const,
    );
    paths[`${collection}/{name}/scale`] = { ...Object.fromEntries(own), parameters: named };
  }
  if (namespaced) {
    const everywhere = methodsOf(definition, { get: "list" }, `${definition.kind}ForAllNamespaces`);
    paths[`${base}/${plural}`] = { ...everywhere, parameters: [pretty] };
  }
  return Object.fromEntries(Object.entries(paths).filter(([, item]) => Object.keys(item).length > 1));
}

function methodsOf(definition: ResourceDefinition, methods: Readonly<Record<string, Verb>>, subject: string): JsonObject {
  const served = new Set(definition.verbs ?? allVerbs);
  const context: OperationContext = { definition, subject, component: componentName(definition), listComponent: listName(definition) };
  return Object.fromEntries(Object.entries(methods).flatMap(([method, verb]) => (served.has(verb) ? [[method, operation(verb, context)]] : [])));
}

const listName = (definition: ResourceDefinition): string => componentName({ ...definition, kind: listKind(definition) });
const listKind = ({ kind, listKind: told }: ResourceDefinition): string => told ?? `${kind}List`;

function schemasOf(definition: ResourceDefinition): JsonObject {
  const { group, version, kind } = definition;
  const component = componentName(definition);
  const own: OwnComponents = { nameOf: (name) => componentName({ group, version, kind: name }), schemas: new Map() };
  const object = objectSchemaOf(definition, own);
  return {
    ...metaSchemas,
    ...Object.fromEntries(own.schemas),
    ...(definition.scale === undefined ? {} : { [componentName(scaleKind)]: scaleComponent() }),
    [component]: { ...object, "x-kubernetes-group-version-kind": [{ group, version, kind }] },
    [listName(definition)]: {
      type: "object",
      description: `A list of objects of kind ${kind}.`,
      required: ["items"],
      properties: {
        ...kindProperties,
        metadata: { description: "What every list has.", allOf: [schemaRef(metaComponent("ListMeta"))] },
        items: { type: "array", description: `Objects of kind ${kind}.`, items: schemaRef(component) },
      },
      "x-kubernetes-group-version-kind": [{ group, version, kind: listKind(definition) }],
    },
  };
}

/** As it is wherever it is served. */
const scaleComponent = (): JsonObject => ({
  ...objectSchemaOf({ schema: scaleSchema }, { nameOf: (name) => name, schemas: new Map() }),
  "x-kubernetes-group-version-kind": [scaleKind],
});

// They begin with the words that Kubernetes' own tests of `kubectl explain` look for.
const kindProperties: JsonObject = {
  apiVersion: { type: "string", description: "APIVersion defines the group and version of this representation of the object." },
  kind: { type: "string", description: "The kind of the object." },
};

function objectSchemaOf({ schema, description }: Pick<ResourceDefinition, "schema" | "description">, components: OwnComponents): JsonObject {
  const text = description ?? schema.description;
  const { properties, ...others } = published(schema, components);
  return {
    ...others,
    type: "object",
    ...(text === undefined ? {} : { description: text }),
    properties: {
      ...kindProperties,
      metadata: { description: "Standard object's metadata: its name, labels and bookkeeping.", allOf: [schemaRef(metaComponent("ObjectMeta"))] },
      ...(isJsonObject(properties) ? properties : {}),
    },
  };
}

/** As OpenAPI 3.0 has it: int-or-string is said by `oneOf`; what has a component of its own is referred to. */
function published(schema: StructuralSchema, components: OwnComponents): JsonObject {
  const { properties, items, additionalProperties, "x-dataplane-required": needed, ...others } = schema;
  const next: Record<string, JsonObject[string]> = { ...plainSchema(needed === undefined ? others : { ...others, required: needed }) };
  if (properties !== undefined) {
    next["properties"] = Object.fromEntries(Object.entries(properties).map(([name, field]) => [name, referredTo(field, components)]));
  }
  if (items !== undefined) next["items"] = referredTo(items, components);
  if (additionalProperties !== undefined) {
    next["additionalProperties"] = typeof additionalProperties === "object" ? referredTo(additionalProperties, components) : additionalProperties;
  }
  if (schema["x-kubernetes-int-or-string"] === true) next["oneOf"] = [{ type: "integer" }, { type: "string" }];
  return next;
}

/** Schemas that have a name of their own, as far as they have been met. */
interface OwnComponents {
  /** Full names are those of the kind's group and version. */
  readonly nameOf: (own: string) => string;
  readonly schemas: Map<string, JsonObject>;
}

function referredTo(schema: StructuralSchema, components: OwnComponents): JsonObject {
  const { "x-dataplane-component": own, ...others } = schema;
  if (own === undefined) return published(others, components);
  const name = components.nameOf(own);
  if (!components.schemas.has(name)) {
    // Known before it is published: it may contain itself.
    components.schemas.set(name, {});
    // Without a type it may be of several, which OpenAPI's readers do not understand: they are told what it is for alone.
    const told = schema.type === undefined ? plainSchema({ description: schema.description }) : published(others, components);
    components.schemas.set(name, told);
  }
  return schemaRef(name);
}
