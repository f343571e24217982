import { type Converter, type ResourceDefinition, type ScalePaths, type StructuralSchema, validateSchema } from "@dataplane/apiserver";
import { ApiError, type ApiObject, isJsonObject } from "@dataplane/meta";
import {
  type CustomResourceDefinition,
  type DefinitionVersion,
  hasStatus,
  storageVersionOf,
  structuralOf,
} from "../definition/custom-resource-definition.js";
import { deprecationWarning } from "./deprecation.js";
import { printerColumn } from "./printer-column.js";

export interface CompileInput {
  readonly definition: Pick<CustomResourceDefinition, "spec" | "status">;
  readonly version: DefinitionVersion;
  /** Absent when the versions differ in apiVersion alone. */
  readonly converter: Converter | undefined;
  /** Whether the definition is being deleted: then no object is made any more. */
  readonly isTerminating: () => boolean;
}

/** One version of a definition, under the names that were accepted, as the server serves it. */
export function compileDefinition({ definition, version, converter, isTerminating }: CompileInput): ResourceDefinition {
  const { spec, status } = definition;
  const { plural, kind, singular, listKind, shortNames, categories } = status.acceptedNames;
  const { schema, metadata } = splitSchema(version, spec.preserveUnknownFields === true);
  const warning = deprecationWarning(version, spec);
  const columns = version.additionalPrinterColumns ?? [];
  const { scale } = version.subresources ?? {};
  return {
    group: spec.group,
    version: version.name,
    kind,
    plural,
    ...(singular === undefined ? {} : { singular }),
    ...(listKind === undefined ? {} : { listKind }),
    ...(shortNames === undefined ? {} : { shortNames }),
    ...(categories === undefined ? {} : { categories }),
    scope: spec.scope === "Cluster" ? "cluster" : "namespaced",
    schema,
    ...(hasStatus(version) ? { hasStatus: true } : {}),
    ...(scale === undefined ? {} : { scale: scalePaths(scale) }),
    versioned: { storageVersion: storageVersionOf(spec) ?? version.name, ...(converter === undefined ? {} : { converter }) },
    ...(warning === undefined ? {} : { deprecationWarning: warning }),
    ...(columns.length === 0 ? {} : { columns: columns.map(printerColumn), ageColumn: false }),
    selectableFields: (version.selectableFields ?? []).map(({ jsonPath }) => jsonPath.replace(/^\./, "")),
    prepare: ({ object, operation }) => {
      if (operation === "create" && isTerminating()) throw terminating(definition.spec.group, plural, object.metadata.name);
      return { object };
    },
    ...(metadata === undefined ? {} : { validate: (object: ApiObject) => metadataCauses(metadata, object) }),
  };
}

const scalePaths = ({ specReplicasPath, statusReplicasPath, labelSelectorPath = "" }: ScalePaths): ScalePaths => ({
  specReplicasPath,
  statusReplicasPath,
  ...(labelSelectorPath === "" ? {} : { labelSelectorPath }),
});

/** What the server itself knows of every object is not the schema's: it would hide metadata's own fields. */
function splitSchema(
  { schema: { openAPIV3Schema } = {} }: DefinitionVersion,
  preservesAll: boolean,
): { readonly schema: StructuralSchema; readonly metadata: StructuralSchema | undefined } {
  if (openAPIV3Schema === undefined || preservesAll) {
    return { schema: { ...openAPIV3Schema, type: "object", "x-kubernetes-preserve-unknown-fields": true } as StructuralSchema, metadata: undefined };
  }
  const schema = structuralOf(openAPIV3Schema);
  if (schema.properties === undefined) return { schema, metadata: undefined };
  const { apiVersion: _apiVersion, kind: _kind, metadata, ...properties } = schema.properties;
  // A schema of metadata restricts names, if anything.
  return { schema: { ...schema, properties }, metadata: metadata?.properties === undefined ? undefined : metadata };
}

function metadataCauses(schema: StructuralSchema, { metadata }: ApiObject): ReturnType<typeof validateSchema> {
  const value: unknown = metadata;
  return isJsonObject(value) ? validateSchema(schema, value, "metadata") : [];
}

const terminating = (group: string, plural: string, name: string): ApiError =>
  new ApiError(
    "Forbidden",
    `${plural}.${group} ${JSON.stringify(name)} is forbidden: create not allowed while custom resource definition is terminating`,
    { details: { name, group, kind: plural } },
  );
