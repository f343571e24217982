import type { CustomResourceDefinition } from "@dataplane/apiextensions";
import { isJsonObject, type JsonObject } from "@dataplane/meta";
import type { ManifestKind, ManifestSpec, ManifestVersion } from "../app-manifest-spec.js";
import { kindSchema } from "./kind-schema.js";

/** Top-level fields that are no subresource. */
const plainFields = new Set(["apiVersion", "kind", "metadata", "spec", "status"]);

/** The version in which objects are stored: the preferred one, else the last; empty when there is none. */
export const storageVersionOf = ({ preferredVersion, versions }: ManifestSpec): string =>
  preferredVersion === "" ? (versions.at(-1)?.name ?? "") : preferredVersion;

/** A kind of a manifest, in all its versions. */
export interface KindVersions {
  readonly kind: string;
  readonly versions: readonly { readonly version: ManifestVersion; readonly kind: ManifestKind }[];
}

export function kindsOf({ versions }: ManifestSpec): readonly KindVersions[] {
  const kinds = new Map<string, { version: ManifestVersion; kind: ManifestKind }[]>();
  for (const version of versions) {
    for (const kind of version.kinds) kinds.set(kind.kind, [...(kinds.get(kind.kind) ?? []), { version, kind }]);
  }
  return [...kinds].map(([kind, all]) => ({ kind, versions: all }));
}

/** A kind as the CustomResourceDefinition that it would be; none is stored. */
export function kindDefinition(spec: ManifestSpec, { kind, versions }: KindVersions): CustomResourceDefinition {
  const [first] = versions;
  if (first === undefined) throw new Error("a kind has a version");
  const { plural, scope } = first.kind;
  const singular = kind.toLowerCase();
  const names = { plural, kind, singular, listKind: `${kind}List`, categories: ["grafana-apps"] };
  const stored = storageVersionOf(spec);
  // A kind that the preferred version has not is stored as the last version that has it.
  const storage = versions.some(({ version }) => version.name === stored) ? stored : versions.at(-1)?.version.name;
  return {
    metadata: { name: `${plural}.${spec.group}` },
    spec: { group: spec.group, names, scope, versions: versions.map((it) => definitionVersion(it, storage)) },
    status: { conditions: [], acceptedNames: names, storedVersions: storage === undefined ? [] : [storage] },
  };
}

function definitionVersion(
  { version, kind }: KindVersions["versions"][number],
  storage: string | undefined,
): CustomResourceDefinition["spec"]["versions"][number] {
  const schema = kindSchema(kind) ?? { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  return {
    ...{ name: version.name, served: version.served, storage: version.name === storage },
    schema: { openAPIV3Schema: schema },
    ...(isJsonObject(fieldsOf(schema)["status"]) ? { subresources: { status: {} } } : {}),
    ...(kind.additionalPrinterColumns.length === 0 ? {} : { additionalPrinterColumns: kind.additionalPrinterColumns.map(printerColumn) }),
    ...(kind.selectableFields.length === 0 ? {} : { selectableFields: kind.selectableFields.map((field) => ({ jsonPath: dotted(field) })) }),
  };
}

/** Names of the fields that are written by a subresource of their name alone. */
export const subresourceFields = (schema: JsonObject): readonly string[] => Object.keys(fieldsOf(schema)).filter((name) => !plainFields.has(name));

const fieldsOf = ({ properties }: JsonObject): JsonObject => (isJsonObject(properties) ? properties : {});

const dotted = (field: string): string => (field.startsWith(".") ? field : `.${field}`);

function printerColumn(column: JsonObject) {
  const textOf = (key: string): string => (typeof column[key] === "string" ? column[key] : "");
  const optional = Object.fromEntries(["format", "description"].flatMap((key) => (textOf(key) === "" ? [] : [[key, textOf(key)]])));
  const priority = typeof column["priority"] === "number" ? { priority: column["priority"] } : {};
  return { name: textOf("name"), type: textOf("type") || "string", jsonPath: dotted(textOf("jsonPath")), ...optional, ...priority };
}
