import { type ApiObject, badRequest, type HttpRequest, type HttpResponse, type JsonObject } from "@dataplane/meta";
import type { StoredValue } from "../codec.js";
import type { ServedResource } from "../define-resource.js";
import { negotiate, type Representation } from "../negotiate.js";
import { hasProtobuf } from "../protobuf/encode-object.js";
import { jsonBytes, rendered } from "../render.js";
import { columnDefinitions, type IncludeObject, jsonOf, partialMetadata, tableRow } from "../table.js";
import type { VerbCall } from "./verb-call.js";

const newline = new TextEncoder().encode("\n");

/** How the resource's own objects are shown to this client. Throws NotAcceptable. */
export const representationFor = ({ request, resource }: Pick<VerbCall, "request" | "resource">): Representation =>
  negotiate(request, { protobuf: resource.hasProtobuf, transforms: true, yaml: true });

/** One stored object in the form the client asked for. */
export async function answerObject(call: VerbCall, stored: StoredValue, status = 200): Promise<HttpResponse> {
  const { resource } = call;
  const representation = representationFor(call);
  const shown = stored.shownBy(resource);
  const isPlain = representation.as === "object" && representation.mediaType === "application/json";
  // A dry run has no revision of its own.
  if (isPlain && stored.revision > 0n) return jsonBytes(status, [Buffer.concat([...shown.bytes, newline])]);
  return answerIn(call, representation, unrevised(shown.object, stored.revision), status);
}

/** One object that is not stored, or not under that revision. A view of an object has no columns but its name and age. */
export function answerValue(call: VerbCall, object: ApiObject, status = 200): Promise<HttpResponse> {
  const { request, resource } = call;
  const { kind, apiVersion } = object;
  const isOwn = kind === resource.definition.kind && apiVersion === resource.apiVersion;
  const representation = negotiate(request, {
    protobuf: hasProtobuf(apiVersion, kind),
    transforms: resource.definition.review === undefined,
    yaml: true,
  });
  const shown = isOwn ? resource : { ...resource, definition: { ...resource.definition, columns: [], ageColumn: true } };
  return answerIn({ ...call, resource: shown }, representation, object, status);
}

function answerIn(
  { request, resource, services }: VerbCall,
  representation: Representation,
  object: ApiObject,
  status: number,
): Promise<HttpResponse> {
  if (representation.as === "object") return rendered(representation, status, jsonOf(object));
  if (representation.as === "metadata") return rendered(representation, status, partialMetadata(object, representation.version));
  const table = tableOf(resource, [object], {
    version: representation.version,
    includeObject: includeObjectOf(request),
    now: services.clock.now(),
    metadata: { resourceVersion: object.metadata.resourceVersion ?? "" },
  });
  return rendered(representation, status, table);
}

function unrevised(object: ApiObject, revision: bigint): ApiObject {
  if (revision > 0n) return object;
  const { resourceVersion: _none, ...metadata } = object.metadata;
  return { ...object, metadata };
}

export interface TableOptions {
  readonly version: "v1" | "v1beta1";
  readonly includeObject: IncludeObject;
  readonly now: Date;
  readonly metadata: JsonObject;
}

/** `kind: Table` of these objects. */
export function tableOf({ definition }: ServedResource, objects: readonly ApiObject[], options: TableOptions): JsonObject {
  const { version, metadata } = options;
  return {
    kind: "Table",
    apiVersion: `meta.k8s.io/${version}`,
    metadata,
    columnDefinitions: columnDefinitions(definition),
    rows: objects.map((object) => tableRow(definition, object, options)),
  };
}

/** `includeObject` of the query; Metadata unless told. Throws BadRequest. */
export function includeObjectOf({ query }: HttpRequest): IncludeObject {
  const value = query.get("includeObject") ?? "";
  if (value === "") return "Metadata";
  if (value === "None" || value === "Metadata" || value === "Object") return value;
  throw badRequest(`includeObject must be None, Metadata or Object, not ${JSON.stringify(value)}`);
}
