import { setTimeout as sleep } from "node:timers/promises";
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

/** Adds one annotation that names the operation; changes the object's name, which it must not, when spec.misbehave is "rename"; slow by spec.delayMs. */
export async function mutate(request: AdmissionRequest): Promise<MutationAnswer> {
  const { delayMs } = checkedSpec(request);
  if (typeof delayMs === "number") await sleep(delayMs);
  const { object, operation } = request;
  if (operation === "delete" && Object.keys(object).length === 0) return {};
  const metadata = { ...objectOr(object["metadata"]), ...misnamed(object) };
  const annotations = { ...objectOr(metadata["annotations"]), "acme.example.com/mutated-by": `${pluginId}/${operation.toUpperCase()}` };
  return { object: { ...object, metadata: { ...metadata, annotations } } };
}

/**
 * Gives each object the asked apiVersion and renames spec.title (v1) to spec.name (v2), or back. Refuses as the others do. Breaks the
 * rules when spec.misbehave asks for it: "drop" leaves the object out, "rename" changes its name, "version" keeps its apiVersion.
 */
export function convert({ objects, targetVersion: { group, version } }: ConversionRequest): readonly JsonObject[] {
  const target = group === "" ? version : `${group}/${version}`;
  return objects
    .filter((object) => misbehaviourOf(object) !== "drop")
    .map((object) => {
      const { spec, apiVersion = "" } = object;
      const metadata = { ...objectOr(object["metadata"]), ...misnamed(object) };
      const converted = { ...object, metadata, apiVersion: misbehaviourOf(object) === "version" ? apiVersion : target };
      return isJsonObject(spec) ? { ...converted, spec: renamed(checked(spec), version) } : converted;
    });
}

const misbehaviourOf = (object: JsonObject): unknown => objectOr(object["spec"])["misbehave"];
const misnamed = (object: JsonObject): JsonObject => (misbehaviourOf(object) === "rename" ? { name: "another" } : {});

function renamed(spec: JsonObject, version: string): JsonObject {
  const [from, to] = version === "v1" ? ["name", "title"] : ["title", "name"];
  const { [from]: value, ...rest } = spec;
  return value === undefined ? rest : { ...rest, [to]: value };
}

const checkedSpec = ({ object }: AdmissionRequest): JsonObject => checked(objectOr(object["spec"]));

function checked(spec: JsonObject): JsonObject {
  if (typeof spec["deny"] === "string") throw new PluginError(spec["deny"], { status: 403, source: "downstream" });
  return spec;
}

const objectOr = (value: unknown): JsonObject => (isJsonObject(value) ? value : {});
