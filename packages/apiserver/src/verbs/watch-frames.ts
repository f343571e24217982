import { ApiError, type ApiObject, type JsonObject, type Status } from "@dataplane/meta";
import type { StoredValue } from "../codec.js";
import type { ServedResource } from "../define-resource.js";
import { negotiate, type Representation } from "../negotiate.js";
import { type IncludeObject, partialMetadata } from "../table.js";
import { includeObjectOf, tableOf } from "./answer.js";
import type { VerbCall } from "./verb-call.js";

type EventType = "ADDED" | "MODIFIED" | "DELETED";

const encoder = new TextEncoder();
const frameEnd = encoder.encode("}\n");

/** Events of one watch as lines of JSON, in the form that its client asked for. */
export class WatchFrames {
  readonly #call: VerbCall;
  readonly #representation: Representation;
  readonly #includeObject: IncludeObject;
  #columnsSent = false;

  constructor(call: VerbCall) {
    this.#call = call;
    this.#representation = negotiate(call.request);
    if (this.#representation.mediaType !== "application/json") {
      throw new ApiError("NotAcceptable", "only the following media types are accepted for a watch: application/json");
    }
    this.#includeObject = includeObjectOf(call.request);
  }

  /** `revision` is that of the change: a deletion has one of its own. */
  event(type: EventType, stored: StoredValue, revision: bigint): Uint8Array {
    const { resource } = this.#call;
    if (this.#representation.as === "object") return encodedEvent(resource, type, stored, revision);
    return line(type, this.#shown(stored.shownBy(resource).objectAt(revision)));
  }

  /** An empty object of the resource with the revision that the watch has reached. */
  bookmark(revision: bigint, isEndOfState: boolean): Uint8Array {
    const { kind } = this.#call.resource.definition;
    const annotations = isEndOfState ? { annotations: { "k8s.io/initial-events-end": "true" } } : {};
    const metadata = { resourceVersion: revision.toString(), creationTimestamp: null, ...annotations };
    if (this.#representation.as === "table") return line("BOOKMARK", this.#table([], metadata, this.#bookmarkRow(metadata)));
    if (this.#representation.as === "metadata") {
      return line("BOOKMARK", { kind: "PartialObjectMetadata", apiVersion: `meta.k8s.io/${this.#representation.version}`, metadata });
    }
    return line("BOOKMARK", { kind, apiVersion: this.#call.resource.apiVersion, metadata });
  }

  error(status: Status): Uint8Array {
    return line("ERROR", status);
  }

  /** kubectl reads the version of a bookmark from the row's object. */
  #bookmarkRow(metadata: JsonObject): readonly JsonObject[] {
    const width = this.#call.resource.definition.columns?.length ?? 0;
    const object = { kind: "PartialObjectMetadata", apiVersion: `meta.k8s.io/${this.#representation.version}`, metadata };
    return [{ cells: Array.from({ length: width + 1 }, () => ""), object }];
  }

  #shown(object: ApiObject): JsonObject {
    const { version } = this.#representation;
    if (this.#representation.as === "metadata") return partialMetadata(object, version);
    return this.#table([object], { resourceVersion: object.metadata.resourceVersion ?? "" });
  }

  /** Columns stand in the first table only: the client remembers them. */
  #table(objects: readonly ApiObject[], metadata: JsonObject, rows?: readonly JsonObject[]): JsonObject {
    const { resource, services } = this.#call;
    const { version } = this.#representation;
    const table = tableOf(resource, objects, { version, includeObject: this.#includeObject, now: services.clock.now(), metadata });
    const isFirst = !this.#columnsSent;
    this.#columnsSent = true;
    return { ...table, ...(isFirst ? {} : { columnDefinitions: [] }), ...(rows === undefined ? {} : { rows }) };
  }
}

const line = (type: string, object: unknown): Uint8Array => encoder.encode(`${JSON.stringify({ type, object })}\n`);

interface EncodedEvent {
  readonly type: EventType;
  readonly revision: bigint;
  readonly bytes: Uint8Array;
}

/** An event is encoded once for all its watchers. */
const encodedEvents = new WeakMap<StoredValue, Map<ServedResource, EncodedEvent>>();

function encodedEvent(resource: ServedResource, type: EventType, stored: StoredValue, revision: bigint): Uint8Array {
  const known = encodedEvents.get(stored)?.get(resource);
  if (known?.type === type && known.revision === revision) return known.bytes;
  const bytes = Buffer.concat([encoder.encode(`{"type":"${type}","object":`), ...stored.shownBy(resource).bytesAt(revision), frameEnd]);
  const byResource = encodedEvents.get(stored) ?? new Map<ServedResource, EncodedEvent>();
  encodedEvents.set(stored, byResource.set(resource, { type, revision, bytes }));
  return bytes;
}
