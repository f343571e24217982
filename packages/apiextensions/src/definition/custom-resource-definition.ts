import type { StructuralSchema, ValidationRule } from "@dataplane/apiserver";
import type { ResourceRef } from "@dataplane/client";
import { type ApiObject, type Condition, isJsonObject, type JsonObject, type JsonValue, type ObjectMeta } from "@dataplane/meta";

export const definitionsRef: ResourceRef = {
  group: "apiextensions.k8s.io",
  version: "v1",
  resource: "customresourcedefinitions",
  namespaced: false,
};

/** Holds a definition until its objects are gone; the name is Kubernetes' own. */
export const cleanupFinalizer = "customresourcecleanup.apiextensions.k8s.io";

export interface DefinitionNames {
  readonly plural: string;
  readonly kind: string;
  readonly singular?: string;
  readonly listKind?: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
}

/** A schema as a definition may hold it: with the keywords that validation refuses. */
export interface JsonSchemaProps {
  readonly id?: string;
  readonly $schema?: string;
  readonly $ref?: string;
  readonly description?: string;
  readonly type?: string;
  readonly format?: string;
  readonly title?: string;
  readonly default?: JsonValue;
  readonly maximum?: number;
  readonly exclusiveMaximum?: boolean;
  readonly minimum?: number;
  readonly exclusiveMinimum?: boolean;
  readonly maxLength?: number;
  readonly minLength?: number;
  readonly pattern?: string;
  readonly maxItems?: number;
  readonly minItems?: number;
  readonly uniqueItems?: boolean;
  readonly multipleOf?: number;
  readonly enum?: readonly JsonValue[];
  readonly maxProperties?: number;
  readonly minProperties?: number;
  readonly required?: readonly string[];
  readonly items?: JsonSchemaProps | readonly JsonSchemaProps[];
  readonly allOf?: readonly JsonSchemaProps[];
  readonly oneOf?: readonly JsonSchemaProps[];
  readonly anyOf?: readonly JsonSchemaProps[];
  readonly not?: JsonSchemaProps;
  readonly properties?: Readonly<Record<string, JsonSchemaProps>>;
  readonly additionalProperties?: JsonSchemaProps | boolean;
  readonly patternProperties?: Readonly<Record<string, JsonSchemaProps>>;
  readonly dependencies?: Readonly<Record<string, JsonSchemaProps | readonly string[]>>;
  readonly additionalItems?: JsonSchemaProps | boolean;
  readonly definitions?: Readonly<Record<string, JsonSchemaProps>>;
  readonly externalDocs?: JsonValue;
  readonly example?: JsonValue;
  readonly nullable?: boolean;
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
  readonly "x-kubernetes-embedded-resource"?: boolean;
  readonly "x-kubernetes-int-or-string"?: boolean;
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  readonly "x-kubernetes-list-type"?: string;
  readonly "x-kubernetes-map-type"?: string;
  readonly "x-kubernetes-validations"?: readonly ValidationRule[];
}

export interface Subresources {
  readonly status?: object;
  readonly scale?: { readonly specReplicasPath: string; readonly statusReplicasPath: string; readonly labelSelectorPath?: string };
}

export interface PrinterColumn {
  readonly name: string;
  readonly type: string;
  readonly format?: string;
  readonly description?: string;
  readonly priority?: number;
  readonly jsonPath: string;
}

export interface SelectableField {
  readonly jsonPath: string;
}

export interface DefinitionVersion {
  readonly name: string;
  readonly served: boolean;
  readonly storage: boolean;
  readonly deprecated?: boolean;
  readonly deprecationWarning?: string;
  readonly schema?: { readonly openAPIV3Schema?: JsonSchemaProps };
  readonly subresources?: Subresources;
  readonly additionalPrinterColumns?: readonly PrinterColumn[];
  readonly selectableFields?: readonly SelectableField[];
}

export interface Conversion {
  readonly strategy: string;
  readonly webhook?: {
    readonly clientConfig?: {
      readonly url?: string;
      readonly caBundle?: string;
      readonly service?: { readonly namespace: string; readonly name: string; readonly path?: string; readonly port?: number };
    };
    readonly conversionReviewVersions?: readonly string[];
  };
}

export interface DefinitionSpec {
  readonly group: string;
  readonly names: DefinitionNames;
  readonly scope: string;
  readonly versions: readonly DefinitionVersion[];
  readonly conversion?: Conversion;
  readonly preserveUnknownFields?: boolean;
}

export interface DefinitionStatus {
  readonly conditions: readonly Condition[];
  readonly acceptedNames: DefinitionNames;
  readonly storedVersions: readonly string[];
  readonly observedGeneration?: number;
}

/** A CustomResourceDefinition as code reads it. */
export interface CustomResourceDefinition {
  readonly metadata: ObjectMeta;
  readonly spec: DefinitionSpec;
  readonly status: DefinitionStatus;
}

const noNames: DefinitionNames = { plural: "", kind: "" };

/** Reads an object that has passed the schema of definitions. */
export function definitionFrom({ metadata, ...object }: ApiObject): CustomResourceDefinition {
  const { spec, status } = object;
  if (!isSpec(spec)) throw new Error(`the definition ${metadata.name} has no spec`);
  const known: Partial<DefinitionStatus> = isStatus(status) ? status : {};
  const { conditions = [], acceptedNames = noNames, storedVersions = [], ...others } = known;
  return { metadata, spec, status: { ...others, conditions, acceptedNames, storedVersions } };
}

const isSpec = (value: unknown): value is DefinitionSpec =>
  isJsonObject(value) && isJsonObject(value["names"]) && Array.isArray(value["versions"]) && typeof value["group"] === "string";

const isStatus = (value: unknown): value is JsonObject & Partial<DefinitionStatus> => isJsonObject(value);

export const hasStatus = ({ subresources }: Pick<DefinitionVersion, "subresources">): boolean => subresources?.status !== undefined;

export const conditionOf = ({ status }: Pick<CustomResourceDefinition, "status">, type: string): Condition | undefined =>
  status.conditions.find((it) => it.type === type);

export const isTrue = (definition: Pick<CustomResourceDefinition, "status">, type: string): boolean =>
  conditionOf(definition, type)?.status === "True";

export const storageVersionOf = ({ versions }: DefinitionSpec): string | undefined => versions.find(({ storage }) => storage)?.name;

/** A validated schema: what refuses to be one has been refused before. */
export function structuralOf(schema: JsonSchemaProps): StructuralSchema {
  if (!isStructural(schema)) throw new Error("the schema is not structural");
  return schema;
}

const types = new Set(["object", "array", "string", "integer", "number", "boolean"]);
export const isStructural = (schema: JsonSchemaProps): schema is JsonSchemaProps & StructuralSchema =>
  (schema.type === undefined || types.has(schema.type)) && !Array.isArray(schema.items) && schema.$ref === undefined;
