import { ApiError, apiVersionOf, type GroupVersion, type GroupVersionResource, isJsonObject, type JsonObject } from "@dataplane/meta";
import type { Converter } from "../../conversion/converter.js";
import type { ServedResource } from "../../define-resource.js";
import type { ResourceRegistry } from "../../registry.js";
import type { AdmissionAttributes } from "../admission-hook.js";
import type { Invocation } from "./admission-review.js";

/** The other versions in which a resource is served. */
export const equivalentsOf = (registry: ResourceRegistry, { group, version, resource }: GroupVersionResource): readonly ServedResource[] =>
  registry.resources().filter(({ definition }) => definition.group === group && definition.plural === resource && definition.version !== version);

/** The write as the other version shows it. Subresources of a kind of their own, such as Scale, are the same in all. */
export async function inVersion({ definition }: ServedResource, attributes: AdmissionAttributes, signal: AbortSignal): Promise<Invocation> {
  const { group, version, plural, kind, versioned } = definition;
  const resource = { group, version, resource: plural };
  const { object, oldObject } = attributes;
  if (attributes.kind.kind !== kind) return { kind: attributes.kind, resource, object, oldObject };
  const convert = async (it: JsonObject | undefined): Promise<JsonObject | undefined> =>
    it === undefined ? undefined : convertedObject(it, { group, version }, versioned?.converter, signal);
  const [converted, convertedOld] = await Promise.all([convert(object), convert(oldObject)]);
  return { kind: { group, version, kind }, resource, object: converted, oldObject: convertedOld };
}

/** The object in another version of its group. Throws InternalError when its converter fails. */
export async function convertedObject(
  object: JsonObject,
  { group, version }: GroupVersion,
  converter: Converter | undefined,
  signal: AbortSignal,
): Promise<JsonObject> {
  const apiVersion = apiVersionOf({ group, version });
  if (object["apiVersion"] === apiVersion) return object;
  if (converter === undefined) return { ...object, apiVersion };
  const outcome = await converter.convert([object], { group, version }, signal);
  if ("failure" in outcome) throw new ApiError("InternalError", outcome.failure.message);
  const [converted] = outcome.converted;
  if (!isJsonObject(converted)) throw new ApiError("InternalError", "the conversion gave no object");
  return converted;
}
