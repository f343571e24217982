import { type ApiObject, isJsonObject, type JsonValue } from "@dataplane/meta";

const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

/**
 * kubectl keeps the manifest that was applied in an annotation, secrets and all: they are taken out there too. Their keys stay, so that
 * kubectl sees which ones the next manifest leaves out.
 */
export function redactLastApplied(object: ApiObject): ApiObject {
  const text = object.metadata.annotations?.[lastApplied];
  if (text === undefined) return object;
  const annotations = { ...object.metadata.annotations, [lastApplied]: redacted(text) };
  return { ...object, metadata: { ...object.metadata, annotations } };
}

function redacted(text: string): string {
  const manifest = parsed(text);
  // Not JSON, so not kubectl's; what it holds is unknown, and it is not kept.
  if (!isJsonObject(manifest)) return "{}\n";
  const { secure } = manifest;
  if (secure === undefined) return text;
  const values = isJsonObject(secure) ? Object.entries(secure) : [];
  return `${JSON.stringify({ ...manifest, secure: Object.fromEntries(values.map(([key, value]) => [key, withoutSecret(value)])) })}\n`;
}

function withoutSecret(value: JsonValue): JsonValue {
  if (!isJsonObject(value)) return "[redacted]";
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, name === "name" || name === "remove" ? field : "[redacted]"]));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
