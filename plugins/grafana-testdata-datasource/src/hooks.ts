import {
  type AdmissionHandlers,
  type AdmissionRequest,
  type ConversionHandler,
  isJsonObject,
  type JsonObject,
  PluginError,
} from "@dataplane/plugin-sdk";

const annotation = "testdata.datasource.grafana.app/admitted";

/** Hooks on objects of any kind, for trying out how a host calls them: `spec.deny` refuses with that text, `spec.warn` is a warning. */
export const admission: AdmissionHandlers = {
  validate: (request) => ({ warnings: warningsOf(request) }),
  mutate: (request) => {
    const warnings = warningsOf(request);
    const { object, operation } = request;
    if (operation === "delete") return { warnings };
    const metadata = objectOr(object["metadata"]);
    const annotations = { ...objectOr(metadata["annotations"]), [annotation]: operation.toUpperCase() };
    return { warnings, object: { ...object, metadata: { ...metadata, annotations } } };
  },
};

/** Throws PluginError for an object that asks to be refused. */
function warningsOf({ object }: AdmissionRequest): readonly string[] {
  const { deny, warn } = objectOr(object["spec"]);
  if (typeof deny === "string") throw new PluginError(deny, { status: 403, source: "downstream" });
  return typeof warn === "string" ? [warn] : [];
}

/** Between two versions of a kind that differ in one name: `spec.title` in v1 is `spec.name` in any other. */
export const conversion: ConversionHandler = ({ objects, targetVersion: { group, version } }) => {
  const apiVersion = group === "" ? version : `${group}/${version}`;
  return objects.map((object) => ({ ...object, apiVersion, ...(isJsonObject(object["spec"]) ? { spec: renamed(object["spec"], version) } : {}) }));
};

function renamed(spec: JsonObject, version: string): JsonObject {
  const [from, to] = version === "v1" ? ["name", "title"] : ["title", "name"];
  const { [from]: value, ...rest } = spec;
  return value === undefined ? rest : { ...rest, [to]: value };
}

const objectOr = (value: unknown): JsonObject => (isJsonObject(value) ? value : {});
