import type { HttpResponse, JsonObject } from "@dataplane/meta";
import { negotiate } from "../negotiate.js";
import { jsonBytes, rendered } from "../render.js";
import { partialMetadata } from "../table.js";
import { includeObjectOf, tableOf } from "./answer.js";
import { listOptions } from "./list-options.js";
import { selectionOf } from "./selection.js";
import { readSnapshot, type Snapshot } from "./snapshot.js";
import type { VerbCall } from "./verb-call.js";

const encoder = new TextEncoder();
const comma = encoder.encode(",");
const end = encoder.encode("]}\n");

/** GET of a collection. */
export async function list(call: VerbCall): Promise<HttpResponse> {
  const { request, resource, services } = call;
  const representation = negotiate(request);
  const snapshot = await readSnapshot(services, selectionOf(call), listOptions(request.query));
  const metadata = listMetadata(snapshot);
  const objects = (): readonly ReturnType<typeof shown>[] => snapshot.items.map(shown);
  const shown = (item: Snapshot["items"][number]) => item.shownBy(resource).object;
  const { kind, apiVersion } = { kind: resource.listKind, apiVersion: resource.apiVersion };
  switch (representation.as) {
    case "table": {
      const options = { version: representation.version, includeObject: includeObjectOf(request), now: services.clock.now(), metadata };
      return rendered(representation, 200, tableOf(resource, objects(), options));
    }
    case "metadata": {
      const { version } = representation;
      const items = objects().map((object) => partialMetadata(object, version));
      return rendered(representation, 200, { kind: "PartialObjectMetadataList", apiVersion: `meta.k8s.io/${version}`, metadata, items });
    }
    case "object":
      if (representation.mediaType === "application/json") return joinedList(call, snapshot, metadata);
      return rendered(representation, 200, { kind, apiVersion, metadata, items: objects() });
  }
}

const listMetadata = ({ revision, next, remaining }: Snapshot): JsonObject => ({
  resourceVersion: revision.toString(),
  ...(next === undefined ? {} : { continue: next }),
  ...(remaining === undefined ? {} : { remainingItemCount: remaining }),
});

/** The stored bytes side by side: no object is parsed. */
function joinedList({ resource }: VerbCall, { items }: Snapshot, metadata: JsonObject): HttpResponse {
  const { listKind, apiVersion } = resource;
  const head = `{"kind":${JSON.stringify(listKind)},"apiVersion":${JSON.stringify(apiVersion)},"metadata":${JSON.stringify(metadata)},"items":[`;
  const pieces: Uint8Array[] = [encoder.encode(head)];
  for (const [index, item] of items.entries()) {
    if (index > 0) pieces.push(comma);
    pieces.push(...item.shownBy(resource).bytes);
  }
  pieces.push(end);
  return jsonBytes(200, pieces);
}
