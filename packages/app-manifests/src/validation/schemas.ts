import { type CustomResourceDefinition, validateDefinition } from "@dataplane/apiextensions";
import { checkRules } from "@dataplane/apiserver";
import type { Cause } from "@dataplane/meta";
import type { ManifestKind, ManifestSpec } from "../app-manifest-spec.js";
import { type KindVersions, kindDefinition, kindsOf } from "../kinds/kind-definition.js";

/**
 * Schemas, columns and selectable fields of kinds, as those of a CustomResourceDefinition are judged. A kind that stands as it was before is
 * let be: what was once taken can be labelled, and mended in another place, whatever rules came since.
 */
export function schemaCauses(spec: ManifestSpec, old?: ManifestSpec): readonly Cause[] {
  const before = new Set((old === undefined ? [] : kindsOf(old)).map((kind) => JSON.stringify(kind)));
  return kindsOf(spec).flatMap((kind) => (before.has(JSON.stringify(kind)) ? [] : causesOf(spec, kind)));
}

function causesOf(spec: ManifestSpec, kind: KindVersions): readonly Cause[] {
  const definition = kindDefinition(spec, kind);
  return kind.versions.flatMap((it, index) => {
    const place = `spec.versions[${spec.versions.indexOf(it.version)}].kinds[${it.version.kinds.indexOf(it.kind)}]`;
    return validateDefinition({ definition: alone(definition, index), old: undefined, checkRules }).flatMap((cause) => {
      const field = inManifest(cause.field, it.kind);
      return field === undefined ? [] : [{ ...cause, field: `${place}.${field}` }];
    });
  });
}

/** One version by itself: what all versions share would be told once, of none of them. */
function alone({ metadata, spec, status }: CustomResourceDefinition, index: number): CustomResourceDefinition {
  const versions = spec.versions.slice(index, index + 1).map((version) => ({ ...version, served: true, storage: true }));
  return { metadata, spec: { ...spec, versions }, status: { ...status, storedVersions: versions.map(({ name }) => name) } };
}

const definitionField =
  /^spec\.(?:versions\[0\]\.)?(?:(?:validation|schema)\.openAPIV3Schema\b(.*)|((?:additionalPrinterColumns|selectableFields)\b.*))$/s;

/**
 * Where the manifest has what the definition has there; within what a reference names, the place where that is used. Undefined for names and
 * versions, which have causes of their own, in the manifest's words.
 */
function inManifest(field: string, { kind, schemas }: ManifestKind): string | undefined {
  const [, inSchema, beside] = definitionField.exec(field) ?? [];
  if (inSchema !== undefined) return `${schemas === undefined ? "schema" : `schemas[${kind}]`}${inSchema}`;
  return beside?.replace(/^(selectableFields\[\d+\])\.jsonPath$/, "$1").replace(/\.JSONPath$/, ".jsonPath");
}
