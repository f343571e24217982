import { compileDefinition } from "@dataplane/apiextensions";
import type { ComputedSubresource, Converter, ResourceDefinition } from "@dataplane/apiserver";
import type { ApiObject } from "@dataplane/meta";
import type { ManifestSpec } from "../app-manifest-spec.js";
import { type KindVersions, kindDefinition, subresourceFields } from "./kind-definition.js";
import { kindSchema } from "./kind-schema.js";

/** The served versions of a kind, each as a resource of the API server. */
export function kindResources(spec: ManifestSpec, kind: KindVersions, converter: Converter | undefined): readonly ResourceDefinition[] {
  const definition = kindDefinition(spec, kind);
  return kind.versions.flatMap(({ version, kind: ofVersion }) => {
    const found = definition.spec.versions.find(({ name }) => name === version.name);
    if (found?.served !== true) return [];
    const compiled = compileDefinition({ definition, version: found, converter, isTerminating: () => false });
    return [withSubresources(compiled, subresourceFields(kindSchema(ofVersion) ?? {}))];
  });
}

/** Each further top-level field is as `status` is: the object itself is written without it, and it alone by the subresource of its name. */
function withSubresources(definition: ResourceDefinition, fields: readonly string[]): ResourceDefinition {
  if (fields.length === 0) return definition;
  return {
    ...definition,
    computed: fields.map((field) => subresource(definition, field)),
    prepare: async (input) => {
      const prepared = (await definition.prepare?.(input)) ?? { object: input.object };
      return { ...prepared, object: withFieldsOf(prepared.object, input.old, fields) };
    },
  };
}

const subresource = ({ kind, schema }: ResourceDefinition, name: string): ComputedSubresource<ApiObject> => ({
  ...{ name, kind, schema, internal: false },
  get: ({ object }) => object,
  update: ({ object, body }) => withFieldsOf(object, body, [name]),
});

/** The object with those fields as `source` has them, which may be not at all. */
function withFieldsOf(object: ApiObject, source: ApiObject | undefined, fields: readonly string[]): ApiObject {
  const { apiVersion, kind, metadata, ...content } = object;
  const others = Object.entries(content).filter(([key]) => !fields.includes(key));
  const taken = fields.flatMap((field) => (source?.[field] === undefined ? [] : [[field, source[field]] as const]));
  return { apiVersion, kind, metadata, ...Object.fromEntries([...others, ...taken]) };
}
