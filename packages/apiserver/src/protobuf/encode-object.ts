import type { JsonObject } from "@dataplane/meta";
import { messageNameOf } from "./api-message.js";
import { encodeMessage } from "./encode-message.js";
import { WireWriter } from "./wire.js";

/** Before the `runtime.Unknown` that wraps each object. */
export const magic: readonly number[] = [0x6b, 0x38, 0x73, 0x00];

/** Whether objects of a kind can be given as protobuf. */
export const hasProtobuf = (apiVersion: string, kind: string): boolean => messageNameOf(apiVersion, kind) !== undefined;

/** An object as Kubernetes protobuf. Throws a plain Error for a kind without that form. */
export function encodeObject(object: JsonObject): Uint8Array {
  const { apiVersion, kind } = typeOf(object);
  return wrapped(apiVersion, kind, encodeItem(object));
}

/** A list, of items that are messages of one kind already: see `encodeItem`. */
export function encodeList(
  type: { readonly apiVersion: string; readonly kind: string },
  metadata: JsonObject,
  items: readonly Uint8Array[],
): Uint8Array {
  const writer = new WireWriter();
  writer.bytes(1, encodeMessage(metadata, "meta.v1.ListMeta"));
  for (const item of items) writer.bytes(2, item);
  return wrapped(type.apiVersion, type.kind, writer.done());
}

/** An object as an item of a list of its kind. */
export function encodeItem(object: JsonObject): Uint8Array {
  const { apiVersion, kind } = typeOf(object);
  const name = messageNameOf(apiVersion, kind);
  if (name === undefined) throw new Error(`${apiVersion} ${kind} has no protobuf form`);
  return encodeMessage(object, name);
}

function typeOf({ apiVersion, kind }: JsonObject): { readonly apiVersion: string; readonly kind: string } {
  if (typeof apiVersion !== "string" || typeof kind !== "string") throw new Error("the object does not say its kind");
  return { apiVersion, kind };
}

/** One frame of a watch: its length in four bytes, then the event; `object` is a whole object as `encodeObject` gives it. */
export function encodeWatchFrame(type: string, object: Uint8Array): Uint8Array {
  const raw = new WireWriter();
  raw.bytes(1, object);
  const event = new WireWriter();
  event.text(1, type);
  event.bytes(2, raw.done());
  const bytes = event.done();
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.byteLength);
  return Buffer.concat([length, bytes]);
}

function wrapped(apiVersion: string, kind: string, raw: Uint8Array): Uint8Array {
  const type = new WireWriter();
  type.text(1, apiVersion);
  type.text(2, kind);
  const unknown = new WireWriter();
  unknown.bytes(1, type.done());
  unknown.bytes(2, raw);
  unknown.text(3, "");
  unknown.text(4, "");
  return Buffer.concat([Uint8Array.from(magic), unknown.done()]);
}
