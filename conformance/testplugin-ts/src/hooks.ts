import {
  type AdmissionAnswer,
  type AdmissionRequest,
  type ConversionRequest,
  isJsonObject,
  type JsonObject,
  type MutationAnswer,
  PluginError,
} from "@dataplane/plugin-sdk";

const pluginId = "acme-testplugin-ts-datasource";

/** Refuses an object whose spec.deny is text, with that text; spec.warn becomes a warning. */
export function validate(request: AdmissionRequest): AdmissionAnswer {
  const spec = checkedSpec(request);
  return { warnings: typeof spec["warn"] === "string" ? [spec["warn"]] : [] };
}

/** Adds one annotation that names the operation. */
export function mutate(request: AdmissionRequest): MutationAnswer {
  checkedSpec(request);
  const { object, operation } = request;
  if (operation === "delete" && Object.keys(object).length === 0) return {};
  const metadata = objectOr(object["metadata"]);
  const annotations = { ...objectOr(metadata["annotations"]), "acme.example.com/mutated-by": `${pluginId}/${operation.toUpperCase()}` };
  return { object: { ...object, metadata: { ...metadata, annotations } } };
}

/** Gives each object the asked apiVersion and renames spec.title (v1) to spec.name (v2), or back. */
export function convert({ objects, targetVersion: { group, version } }: ConversionRequest): readonly JsonObject[] {
  const apiVersion = group === "" ? version : `${group}/${version}`;
  return objects.map((object) =>
    isJsonObject(object["spec"]) ? { ...object, apiVersion, spec: renamed(object["spec"], version) } : { ...object, apiVersion },
  );
}

function renamed(spec: JsonObject, version: string): JsonObject {
  const [from, to] = version === "v1" ? ["name", "title"] : ["title", "name"];
  const { [from]: value, ...rest } = spec;
  return value === undefined ? rest : { ...rest, [to]: value };
}

function checkedSpec({ object }: AdmissionRequest): JsonObject {
  const spec = objectOr(object["spec"]);
  if (typeof spec["deny"] === "string") throw new PluginError(spec["deny"], { status: 403, source: "downstream" });
  return spec;
}

const objectOr = (value: unknown): JsonObject => (isJsonObject(value) ? value : {});
