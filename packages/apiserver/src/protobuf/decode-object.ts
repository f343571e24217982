import { badRequest, isJsonObject, type JsonObject } from "@dataplane/meta";
import { unsupportedMediaType } from "../read-body.js";
import { messageNameOf } from "./api-message.js";
import { decodeMessage } from "./decode-message.js";
import { magic } from "./encode-object.js";
import { malformed, WireReader } from "./wire.js";

export { protobufMediaType } from "./media-type.js";

/** The object of a protobuf body. Throws BadRequest, and UnsupportedMediaType for a kind that is not taken in this form. */
export function decodeObject(body: Uint8Array): JsonObject {
  if (!magic.every((byte, index) => body[index] === byte)) throw badRequest("the body does not begin as Kubernetes protobuf does");
  const { apiVersion, kind, raw } = unwrapped(body.subarray(magic.length));
  // Of any group and version.
  const name = kind === "DeleteOptions" ? "meta.v1.DeleteOptions" : messageNameOf(apiVersion, kind);
  if (name === undefined) throw unsupportedMediaType(["application/json", "application/yaml"]);
  return { ...decodeMessage(raw, name), apiVersion, kind };
}

interface Unwrapped {
  readonly apiVersion: string;
  readonly kind: string;
  readonly raw: Uint8Array;
}

/** `runtime.Unknown`, in which each object is wrapped: 1 its type, 2 its bytes. */
function unwrapped(envelope: Uint8Array): Unwrapped {
  const reader = new WireReader(envelope);
  let type: JsonObject = {};
  let raw = new Uint8Array();
  for (let tag = reader.tag(); tag !== undefined; tag = reader.tag()) {
    const value = reader.value(tag.wireType);
    if (tag.number > 2) continue;
    if (typeof value === "bigint") throw malformed();
    if (tag.number === 1) type = decodeMessage(value, "runtime.TypeMeta");
    else raw = new Uint8Array(value);
  }
  const { apiVersion, kind } = type;
  if (typeof apiVersion !== "string" || typeof kind !== "string" || !isJsonObject(type)) throw badRequest("the protobuf body does not say its kind");
  return { apiVersion, kind, raw };
}
