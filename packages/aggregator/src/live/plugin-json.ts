import { ApiError, type JsonValue } from "@dataplane/meta";
import type { ChannelKey } from "./channels.js";
import { singleLineJson } from "./single-line-json.js";

/** What a plugin made of something published. Throws BadGateway for what is no JSON: nobody is sent that. */
export function publishedValue(data: Uint8Array, { pluginId }: ChannelKey): JsonValue {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(data));
    if (isJson(value)) return value;
  } catch (cause) {
    throw new ApiError("BadGateway", `plugin ${JSON.stringify(pluginId)} published what is no JSON`, { cause });
  }
  throw new ApiError("BadGateway", `plugin ${JSON.stringify(pluginId)} published nothing that is JSON`);
}

/** What a plugin says to a new subscriber, as one line; undefined for nothing. Throws BadGateway for what is no JSON. */
export function initialOf(data: Uint8Array, { pluginId }: ChannelKey): Uint8Array | undefined {
  if (data.byteLength === 0) return undefined;
  try {
    return Buffer.from(singleLineJson(data));
  } catch (cause) {
    throw new ApiError("BadGateway", `plugin ${JSON.stringify(pluginId)} began a stream with what is no JSON`, { cause });
  }
}

// Whatever JSON.parse gave is JSON.
const isJson = (value: unknown): value is JsonValue => value !== undefined;
