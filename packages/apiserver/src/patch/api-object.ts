import { type ApiObject, badRequest, isJsonObject, type JsonObject, type JsonValue, type ManagedFieldsEntry } from "@dataplane/meta";

/** The object as plain JSON, without metadata.managedFields; an empty object for none. */
export function withoutManagedFields(object: ApiObject | undefined): JsonObject {
  const json = jsonOf(object);
  const metadata = json["metadata"];
  if (!isJsonObject(metadata)) return json;
  const kept = Object.fromEntries(Object.entries(metadata).filter(([key]) => key !== "managedFields"));
  return { ...json, metadata: kept };
}

/** The object with these managedFields; none when there are none. */
export function withManagedFields(object: JsonValue, entries: readonly ManagedFieldsEntry[]): ApiObject {
  if (!isJsonObject(object) || !isJsonObject(object["metadata"])) throw badRequest("metadata is required");
  const metadata = entries.length === 0 ? object["metadata"] : { ...object["metadata"], managedFields: entries };
  const whole: unknown = { ...object, metadata };
  if (!isApiObject(whole)) throw badRequest("apiVersion, kind and metadata are required");
  return whole;
}

export function managedFieldsOf(object: ApiObject | undefined): JsonValue | undefined {
  const metadata = jsonOf(object)["metadata"];
  return isJsonObject(metadata) ? metadata["managedFields"] : undefined;
}

function jsonOf(object: ApiObject | undefined): JsonObject {
  const json: unknown = object ?? {};
  return isJsonObject(json) ? json : {};
}

function isApiObject(value: unknown): value is ApiObject {
  return isJsonObject(value) && typeof value["apiVersion"] === "string" && typeof value["kind"] === "string" && isJsonObject(value["metadata"]);
}
