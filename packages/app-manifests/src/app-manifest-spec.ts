import { type ApiObject, isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";

/** A kind as a manifest declares it, its defaults filled in. */
export interface ManifestKind {
  readonly kind: string;
  readonly plural: string;
  readonly scope: string;
  readonly userReadable: boolean;
  readonly folderScoped: boolean;
  readonly conversion: boolean;
  /** Operations that the plugin is asked about. */
  readonly admission: { readonly validation: readonly string[]; readonly mutation: readonly string[] };
  /** OpenAPI schemas by name; undefined where there are none. */
  readonly schemas: JsonObject | undefined;
  /** The older form, as it was written. */
  readonly schema: JsonObject | undefined;
  /** Path items by path: subresources of the kind's objects. */
  readonly routes: JsonObject;
  readonly selectableFields: readonly string[];
  /** As a CustomResourceDefinition has them. */
  readonly additionalPrinterColumns: readonly JsonObject[];
}

export interface ManifestVersion {
  readonly name: string;
  readonly served: boolean;
  readonly kinds: readonly ManifestKind[];
  /** Path items by path. */
  readonly routes: { readonly namespaced: JsonObject; readonly cluster: JsonObject; readonly schemas: JsonObject };
}

export interface ManifestRole {
  readonly name: string;
  readonly kinds: readonly JsonObject[];
}

export interface ManifestSpec {
  readonly appName: string;
  readonly group: string;
  readonly preferredVersion: string;
  readonly dryRunKinds: boolean;
  /** Who answers by webhooks where no plugin does; no url, nobody. */
  readonly operator: { readonly url: string; readonly mutationPath: string; readonly validationPath: string; readonly conversionPath: string };
  readonly versions: readonly ManifestVersion[];
  readonly roles: readonly ManifestRole[];
  /** Names of roles, by the field of `roleBindings` that they stand in. */
  readonly roleBindings: ReadonlyMap<string, readonly string[]>;
}

/** Reads the spec of an AppManifest, of either version; what is not as it should be reads as empty. */
export function manifestSpecFrom(object: ApiObject): ManifestSpec {
  const spec = record(object["spec"]);
  return {
    appName: text(spec["appName"]),
    group: text(spec["group"]),
    preferredVersion: text(spec["preferredVersion"]),
    dryRunKinds: spec["dryRunKinds"] === true,
    operator: operatorFrom(spec),
    versions: records(spec["versions"]).map(versionFrom),
    roles: Object.entries(record(spec["roles"])).map(([name, role]) => ({ name, kinds: records(record(role)["kinds"]) })),
    roleBindings: bindingsFrom(record(spec["roleBindings"])),
  };
}

function operatorFrom(spec: JsonObject): ManifestSpec["operator"] {
  const operator = record(spec["operator"]);
  const paths = record(operator["webhooks"]);
  return {
    url: text(operator["url"]) || text(spec["operatorURL"]),
    mutationPath: text(paths["mutationPath"]) || "/mutate",
    validationPath: text(paths["validationPath"]) || "/validate",
    conversionPath: text(paths["conversionPath"]) || "/convert",
  };
}

function versionFrom(version: JsonObject): ManifestVersion {
  const routes = record(version["routes"]);
  return {
    name: text(version["name"]),
    served: version["served"] !== false,
    kinds: records(version["kinds"]).map(kindFrom),
    routes: { namespaced: record(routes["namespaced"]), cluster: record(routes["cluster"]), schemas: record(routes["schemas"]) },
  };
}

function kindFrom(raw: JsonObject): ManifestKind {
  const kind = text(raw["kind"]);
  const admission = record(raw["admission"]);
  return {
    kind,
    plural: text(raw["plural"]) || `${kind.toLowerCase()}s`,
    scope: text(raw["scope"]),
    userReadable: raw["userReadable"] === true,
    folderScoped: raw["folderScoped"] === true,
    conversion: raw["conversion"] === true,
    admission: {
      validation: texts(record(admission["validation"])["operations"]),
      mutation: texts(record(admission["mutation"])["operations"]),
    },
    schemas: isJsonObject(raw["schemas"]) ? raw["schemas"] : undefined,
    schema: isJsonObject(raw["schema"]) ? raw["schema"] : undefined,
    routes: record(raw["routes"]),
    selectableFields: texts(raw["selectableFields"]),
    additionalPrinterColumns: records(raw["additionalPrinterColumns"]),
  };
}

function bindingsFrom({ additional, ...own }: JsonObject): ReadonlyMap<string, readonly string[]> {
  const groups = Object.entries(record(additional)).map(([group, names]): [string, JsonValue] => [`additional[${JSON.stringify(group)}]`, names]);
  return new Map([...Object.entries(own), ...groups].map(([field, names]) => [field, texts(names)]));
}

const text = (value: JsonValue | undefined): string => (typeof value === "string" ? value : "");
const record = (value: unknown): JsonObject => (isJsonObject(value) ? value : {});
const list = (value: JsonValue | undefined): readonly JsonValue[] => (Array.isArray(value) ? (value as readonly JsonValue[]) : []);
const records = (value: JsonValue | undefined): readonly JsonObject[] => list(value).map(record);
const texts = (value: JsonValue | undefined): readonly string[] => list(value).filter((it): it is string => typeof it === "string");
