import { badRequest, type JsonObject } from "@dataplane/meta";
import { unsupportedMediaType } from "../read-body.js";
import { shapeOf } from "./kind-shapes.js";
import { decodeMessage, type MessageShape } from "./message.js";

/** Kubernetes' own media type; typed clients send the older kinds in it and do not fall back to JSON. */
export const protobufMediaType = "application/vnd.kubernetes.protobuf";

/** Before the `runtime.Unknown` that wraps each object. */
const magic = [0x6b, 0x38, 0x73, 0x00];

const unknown: MessageShape = new Map([
  [
    1,
    {
      name: "typeMeta",
      shape: new Map([
        [1, { name: "apiVersion", shape: "string" as const }],
        [2, { name: "kind", shape: "string" as const }],
      ]),
    },
  ],
]);

const rawField = 2;

/** The object of a protobuf body. Throws BadRequest, and UnsupportedMediaType for a kind that is not taken in this form. */
export function decodeObject(body: Uint8Array): JsonObject {
  if (!magic.every((byte, index) => body[index] === byte)) throw badRequest("the body does not begin as Kubernetes protobuf does");
  const envelope = body.subarray(magic.length);
  const { apiVersion, kind } = typeOf(envelope);
  const shape = shapeOf(apiVersion, kind);
  if (shape === undefined) throw unsupportedMediaType(["application/json", "application/yaml"]);
  const { object } = decodeMessage(envelope, new Map([[rawField, { name: "object", shape }]]));
  return { ...(object as JsonObject | undefined), apiVersion, kind };
}

function typeOf(envelope: Uint8Array): { readonly apiVersion: string; readonly kind: string } {
  const { typeMeta } = decodeMessage(envelope, unknown);
  const { apiVersion, kind } = (typeMeta ?? {}) as JsonObject;
  if (typeof apiVersion !== "string" || typeof kind !== "string") throw badRequest("the protobuf body does not say its kind");
  return { apiVersion, kind };
}
