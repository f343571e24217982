import { exceedsDepth, maxDepth, parseJson } from "@dataplane/apiserver";
import { isJsonObject, type JsonObject } from "@dataplane/meta";

/** JSON text of an object; undefined for anything else, and for what is nested too deep to be walked. */
export function parsedObject(bytes: Uint8Array): JsonObject | undefined {
  try {
    const value = parseJson(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return isJsonObject(value) && !exceedsDepth(value, maxDepth) ? value : undefined;
  } catch {
    return undefined;
  }
}
