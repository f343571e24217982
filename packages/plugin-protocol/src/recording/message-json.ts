/** A message as JSON that reads well: bytes that are text stay text. */
export type MessageJson = string | number | boolean | null | readonly MessageJson[] | { readonly [key: string]: MessageJson };

const textKey = "$text";
const base64Key = "$base64";

/** Bytes become `{"$text": …}` where they are UTF-8, else `{"$base64": …}`; a key of a map that begins with "$" gets one more. */
export function messageToJson(value: unknown): MessageJson {
  if (value instanceof Uint8Array) return bytesToJson(value);
  if (Array.isArray(value)) return value.map(messageToJson);
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    return Object.fromEntries(members.map(([key, member]) => [key.startsWith("$") ? `$${key}` : key, messageToJson(member)]));
  }
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : null;
}

/** The way back, byte for byte. */
export function messageFromJson(json: MessageJson): unknown {
  if (isList(json)) return json.map(messageFromJson);
  if (typeof json !== "object" || json === null) return json;
  const { [textKey]: text, [base64Key]: base64 } = json;
  if (typeof text === "string") return new TextEncoder().encode(text);
  if (typeof base64 === "string") return new Uint8Array(Buffer.from(base64, "base64"));
  return Object.fromEntries(Object.entries(json).map(([key, member]) => [key.startsWith("$$") ? key.slice(1) : key, messageFromJson(member)]));
}

// Array.isArray does not narrow a readonly list.
const isList = (json: MessageJson): json is readonly MessageJson[] => Array.isArray(json);

function bytesToJson(bytes: Uint8Array): MessageJson {
  try {
    // A byte order mark would be lost on the way back.
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return { [textKey]: text };
  } catch {
    return { [base64Key]: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64") };
  }
}
