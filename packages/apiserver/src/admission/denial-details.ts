import { type Cause, isJsonObject, type JsonObject, type JsonValue, type StatusDetails } from "@dataplane/meta";

/** `details` of the Status by which a hook refuses: what has the types of meta/v1 StatusDetails; undefined when it is none, or empty. */
export function denialDetails(value: JsonValue | undefined): StatusDetails | undefined {
  if (!isJsonObject(value)) return undefined;
  const { causes, retryAfterSeconds } = value;
  const details: StatusDetails = {
    ...textsOf(value, ["name", "group", "kind", "uid"]),
    ...(Array.isArray(causes) ? { causes: (causes as readonly JsonValue[]).filter(isJsonObject).map(causeOf) } : {}),
    ...(isCount(retryAfterSeconds) ? { retryAfterSeconds } : {}),
  };
  return Object.keys(details).length === 0 ? undefined : details;
}

const causeOf = (cause: JsonObject): Cause => ({ reason: "", message: "", field: "", ...textsOf(cause, ["reason", "message", "field"]) });

const textsOf = <K extends string>(value: JsonObject, keys: readonly K[]): { readonly [key in K]?: string } =>
  Object.fromEntries(keys.flatMap((key) => (typeof value[key] === "string" && value[key] !== "" ? [[key, value[key]]] : []))) as {
    readonly [key in K]?: string;
  };

const isCount = (value: JsonValue | undefined): value is number => typeof value === "number" && Number.isInteger(value) && value > 0;
