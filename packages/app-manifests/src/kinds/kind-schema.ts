import { isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import type { ManifestKind } from "../app-manifest-spec.js";

/** Keywords of OpenAPI that a structural schema has too; others say nothing about what is stored. */
const keywords = new Set([
  ...["type", "format", "title", "description", "default", "nullable", "enum", "pattern", "minLength", "maxLength", "minimum", "maximum"],
  ...["exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties", "required"],
]);

const composed = ["allOf", "anyOf", "oneOf"] as const;

/** Deeper than this something refers to itself. */
const maxDepth = 64;

/**
 * The schema of a kind's whole object as a CustomResourceDefinition has it, out of any form in which a manifest may hold it: `schemas`
 * with one named as the kind, or in the older `schema` an OpenAPI document, its components, or the top-level fields. References are
 * resolved; what refers to itself may hold anything there. Undefined when there is none.
 */
export function kindSchema(kind: Pick<ManifestKind, "kind" | "schemas" | "schema">): JsonObject | undefined {
  const named = kind.schemas ?? componentsOf(kind.schema);
  const schemas = named !== undefined && Object.hasOwn(named, kind.kind) ? named : fieldsOf(kind);
  const root = schemas?.[kind.kind];
  return isJsonObject(root) && schemas !== undefined ? new Structure(schemas).of(root, []) : undefined;
}

/** Of an OpenAPI document, or of what stands in its `components`. */
function componentsOf(schema: JsonObject | undefined): JsonObject | undefined {
  const components = isJsonObject(schema?.["components"]) ? schema["components"] : schema;
  return isJsonObject(components?.["schemas"]) ? components["schemas"] : undefined;
}

/** The oldest form: `spec` and `status` side by side. */
function fieldsOf({ kind, schema }: Pick<ManifestKind, "kind" | "schema">): JsonObject | undefined {
  if (schema === undefined || !isJsonObject(schema["spec"])) return undefined;
  return { [kind]: { type: "object", required: ["spec"], properties: schema } };
}

class Structure {
  readonly #schemas: JsonObject;

  constructor(schemas: JsonObject) {
    this.#schemas = schemas;
  }

  of(schema: JsonObject, path: readonly string[]): JsonObject {
    const ref = schema["$ref"];
    if (typeof ref === "string") return this.#resolved(schema, ref, path);
    if (path.length > maxDepth) return anything(schema);
    return {
      ...Object.fromEntries(Object.entries(schema).filter(([key]) => keywords.has(key) || key.startsWith("x-kubernetes-"))),
      ...this.#fields(schema, path),
      ...(isJsonObject(schema["items"]) ? { items: this.of(schema["items"], path) } : {}),
      ...Object.fromEntries(composed.flatMap((key) => (Array.isArray(schema[key]) ? [[key, this.#all(schema[key], path)]] : []))),
      ...(isJsonObject(schema["not"]) ? { not: this.of(schema["not"], path) } : {}),
    };
  }

  #resolved({ description }: JsonObject, ref: string, path: readonly string[]): JsonObject {
    const name = decodeURIComponent(ref.split("/").at(-1) ?? "");
    const target = Object.hasOwn(this.#schemas, name) ? this.#schemas[name] : undefined;
    if (!isJsonObject(target) || path.includes(name)) return anything({});
    return { ...this.of(target, [...path, name]), ...(typeof description === "string" ? { description } : {}) };
  }

  /** Objects are closed but where a schema says otherwise, as in any definition. */
  #fields({ properties, additionalProperties, type }: JsonObject, path: readonly string[]): JsonObject {
    if (isJsonObject(properties)) {
      const fields = Object.entries(properties).flatMap(([name, it]) => (isJsonObject(it) ? [[name, this.of(it, path)] as const] : []));
      const open = additionalProperties === true || isJsonObject(additionalProperties) ? { [preserves]: true } : {};
      return { type: "object", properties: Object.fromEntries(fields), ...open };
    }
    if (isJsonObject(additionalProperties) && Object.keys(additionalProperties).length > 0) {
      return { type: "object", additionalProperties: this.of(additionalProperties, path) };
    }
    const isOpen = additionalProperties !== undefined && additionalProperties !== false;
    return isOpen ? { type: "object", [preserves]: true } : type === undefined ? {} : { type };
  }

  #all(schemas: readonly JsonValue[], path: readonly string[]): readonly JsonObject[] {
    return schemas.filter(isJsonObject).map((it) => this.of(it, path));
  }
}

const preserves = "x-kubernetes-preserve-unknown-fields";

const anything = ({ description }: JsonObject): JsonObject => ({
  ...(typeof description === "string" ? { description } : {}),
  type: "object",
  [preserves]: true,
});
