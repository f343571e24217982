import type { ApiObject, HttpResponse, JsonObject } from "@dataplane/meta";
import type { StoredValue } from "../codec.js";
import type { Representation } from "../negotiate.js";
import { encodeItem, encodeList } from "../protobuf/encode-object.js";
import { protobufMediaType } from "../protobuf/media-type.js";
import { protobufBytes, rendered } from "../render.js";
import { partialMetadata } from "../table.js";
import { includeObjectOf, representationFor, tableOf } from "./answer.js";
import { joinedMetadata, joinedObjects, joinedTable } from "./joined-list.js";
import { listOptions } from "./list-options.js";
import { selectionOf } from "./selection.js";
import { readSnapshot, type Snapshot } from "./snapshot.js";
import type { VerbCall } from "./verb-call.js";

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
  const { resource } = call;
  if (representation.mediaType === "application/json") return joinedIn(call, representation, items, metadata);
  if (representation.as === "table")
    return rendered(representation, 200, tableOf(resource, objectsIn(call, items), tableOptions(call, representation.version, metadata)));
  if (representation.as === "metadata") return answerMetadata(call, representation, items, metadata);
  const { listKind: kind, apiVersion } = resource;
  if (representation.mediaType === protobufMediaType) {
    const encoded = items.map((item) => item.shownBy(resource).protobuf);
    return protobufBytes(200, encodeList({ apiVersion, kind }, metadata, encoded));
  }
  return rendered(representation, 200, { kind, apiVersion, metadata, items: items.map((item) => item.shownBy(resource).item) });
}

function joinedIn(call: VerbCall, { as, version }: Representation, items: readonly StoredValue[], metadata: JsonObject): HttpResponse {
  const { resource } = call;
  if (as === "table") return joinedTable(resource, items, tableOptions(call, version, metadata));
  if (as === "metadata") return joinedMetadata(resource, { ...metadataList(version), metadata }, items, version);
  const { listKind: kind, apiVersion } = resource;
  return joinedObjects(resource, { kind, apiVersion, metadata }, items);
}

const tableOptions = ({ request, services }: VerbCall, version: Representation["version"], metadata: JsonObject) => ({
  ...{ version, metadata, includeObject: includeObjectOf(request), now: services.clock.now() },
});

const metadataList = (version: string) => ({ kind: "PartialObjectMetadataList", apiVersion: `meta.k8s.io/${version}` });

function answerMetadata(
  call: VerbCall,
  representation: Representation,
  items: readonly StoredValue[],
  metadata: JsonObject,
): Promise<HttpResponse> | HttpResponse {
  const { version } = representation;
  const type = metadataList(version);
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
