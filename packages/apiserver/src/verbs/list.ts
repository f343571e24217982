import type { ApiObject, HttpResponse, JsonObject } from "@dataplane/meta";
import type { StoredValue } from "../codec.js";
import type { Representation } from "../negotiate.js";
import { encodeItem, encodeList } from "../protobuf/encode-object.js";
import { protobufMediaType } from "../protobuf/media-type.js";
import { jsonBytes, protobufBytes, rendered } from "../render.js";
import { partialMetadata } from "../table.js";
import { includeObjectOf, representationFor, tableOf } from "./answer.js";
import { listOptions } from "./list-options.js";
import { selectionOf } from "./selection.js";
import { readSnapshot, type Snapshot } from "./snapshot.js";
import type { VerbCall } from "./verb-call.js";

const encoder = new TextEncoder();
const comma = encoder.encode(",");
const end = encoder.encode("]}\n");

/** GET of a collection. */
export async function list(call: VerbCall): Promise<HttpResponse> {
  const representation = representationFor(call);
  const snapshot = await readSnapshot(call.services, selectionOf(call), listOptions(call.request.query));
  return answerList(call, representation, snapshot.items, listMetadata(snapshot));
}

/** Objects of the resource as one list, in the form that was negotiated. */
export async function answerList(
  call: VerbCall,
  representation: Representation,
  items: readonly StoredValue[],
  metadata: JsonObject,
): Promise<HttpResponse> {
  const { request, resource, services } = call;
  const { version } = representation;
  if (representation.as === "table") {
    const options = { version, includeObject: includeObjectOf(request), now: services.clock.now(), metadata };
    return rendered(representation, 200, tableOf(resource, objectsIn(call, items), options));
  }
  if (representation.as === "metadata") return answerMetadata(call, representation, items, metadata);
  const { listKind: kind, apiVersion } = resource;
  if (representation.mediaType === "application/json") return joinedList(call, items, metadata);
  if (representation.mediaType === protobufMediaType) {
    const encoded = items.map((item) => item.shownBy(resource).protobuf);
    return protobufBytes(200, encodeList({ apiVersion, kind }, metadata, encoded));
  }
  return rendered(representation, 200, { kind, apiVersion, metadata, items: items.map((item) => item.shownBy(resource).item) });
}

function answerMetadata(
  call: VerbCall,
  representation: Representation,
  items: readonly StoredValue[],
  metadata: JsonObject,
): Promise<HttpResponse> | HttpResponse {
  const { version } = representation;
  const type = { kind: "PartialObjectMetadataList", apiVersion: `meta.k8s.io/${version}` };
  const objects = objectsIn(call, items).map((object) => partialMetadata(object, version));
  if (representation.mediaType === protobufMediaType) return protobufBytes(200, encodeList(type, metadata, objects.map(encodeItem)));
  return rendered(representation, 200, { ...type, metadata, items: objects });
}

const objectsIn = ({ resource }: VerbCall, items: readonly StoredValue[]): readonly ApiObject[] => items.map((item) => item.shownBy(resource).object);

const listMetadata = ({ revision, next, remaining }: Snapshot): JsonObject => ({
  resourceVersion: revision.toString(),
  ...(next === undefined ? {} : { continue: next }),
  ...(remaining === undefined ? {} : { remainingItemCount: remaining }),
});

/** The stored bytes side by side: no object is parsed. */
function joinedList({ resource }: VerbCall, items: readonly StoredValue[], metadata: JsonObject): HttpResponse {
  const { listKind, apiVersion } = resource;
  const head = `{"kind":${JSON.stringify(listKind)},"apiVersion":${JSON.stringify(apiVersion)},"metadata":${JSON.stringify(metadata)},"items":[`;
  const pieces: Uint8Array[] = [encoder.encode(head)];
  for (const [index, item] of items.entries()) {
    if (index > 0) pieces.push(comma);
    pieces.push(...item.shownBy(resource).itemBytes);
  }
  pieces.push(end);
  return jsonBytes(200, pieces);
}
