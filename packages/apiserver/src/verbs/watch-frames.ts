import type { ApiObject, JsonObject, Status } from "@dataplane/meta";
import type { StoredValue } from "../codec.js";
import type { ServedResource } from "../define-resource.js";
import { negotiate, type Representation } from "../negotiate.js";
import { encodeObject, encodeWatchFrame } from "../protobuf/encode-object.js";
import { protobufMediaType } from "../protobuf/media-type.js";
import { columnDefinitions, type IncludeObject, jsonOf, partialMetadata } from "../table.js";
import { includeObjectOf, tableOf } from "./answer.js";
import { EncodedEvents, type EventType, type WatchedEvent } from "./encoded-events.js";
import type { VerbCall } from "./verb-call.js";

const encoder = new TextEncoder();
const frameEnd = encoder.encode("}\n");

/** Events of one watch as lines of JSON, or as protobuf behind their length, in the form that its client asked for. */
export class WatchFrames {
  readonly #call: VerbCall;
  readonly #representation: Representation;
  readonly #includeObject: IncludeObject;
  #columnsSent = false;

  /** Throws NotAcceptable. */
  constructor(call: VerbCall) {
    this.#call = call;
    this.#representation = negotiate(call.request, { protobuf: call.resource.hasProtobuf, transforms: true, yaml: false });
    this.#includeObject = includeObjectOf(call.request);
  }

  get contentType(): string {
    return this.#isProtobuf ? `${protobufMediaType};stream=watch` : "application/json";
  }

  /** `revision` is that of the change: a deletion has one of its own. */
  event(type: EventType, stored: StoredValue, revision: bigint): Uint8Array {
    const { resource } = this.#call;
    if (this.#representation.as !== "object") return this.#frame(type, this.#shown(stored.shownBy(resource).objectAt(revision)));
    const events = this.#isProtobuf ? protobufEvents : jsonEvents;
    return events.encoded(resource, { type, stored, revision });
  }

  /** The same of an object that is there when the watch begins: nobody else is sent it now, so it is not kept. */
  stateEvent(stored: StoredValue): Uint8Array {
    const event = { type: "ADDED", stored, revision: stored.revision } as const;
    const { resource } = this.#call;
    if (this.#representation.as !== "object") return this.event(event.type, stored, event.revision);
    return this.#isProtobuf ? protobufEvent(resource, event) : jsonEvent(resource, event);
  }

  /** An empty object of the resource with the revision that the watch has reached. */
  bookmark(revision: bigint, isEndOfState: boolean): Uint8Array {
    const { kind } = this.#call.resource.definition;
    const annotations = isEndOfState ? { annotations: { "k8s.io/initial-events-end": "true" } } : {};
    const metadata = { resourceVersion: revision.toString(), creationTimestamp: null, ...annotations };
    if (this.#representation.as === "table") return this.#frame("BOOKMARK", this.#table([], metadata, this.#bookmarkRow(metadata)));
    if (this.#representation.as === "metadata") {
      return this.#frame("BOOKMARK", { kind: "PartialObjectMetadata", apiVersion: `meta.k8s.io/${this.#representation.version}`, metadata });
    }
    return this.#frame("BOOKMARK", { kind, apiVersion: this.#call.resource.apiVersion, metadata });
  }

  error(status: Status): Uint8Array {
    return this.#frame("ERROR", jsonOf(status));
  }

  get #isProtobuf(): boolean {
    return this.#representation.mediaType === protobufMediaType;
  }

  #frame(type: string, object: JsonObject): Uint8Array {
    return this.#isProtobuf ? encodeWatchFrame(type, encodeObject(object)) : encoder.encode(`${JSON.stringify({ type, object })}\n`);
  }

  /** kubectl reads the version of a bookmark from the row's object. */
  #bookmarkRow(metadata: JsonObject): readonly JsonObject[] {
    const width = columnDefinitions(this.#call.resource.definition).length;
    const object = { kind: "PartialObjectMetadata", apiVersion: `meta.k8s.io/${this.#representation.version}`, metadata };
    return [{ cells: Array.from({ length: width }, () => ""), object }];
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
    return { ...table, ...(isFirst ? {} : { columnDefinitions: null }), ...(rows === undefined ? {} : { rows }) };
  }
}

const jsonEvents = new EncodedEvents(jsonEvent);
const protobufEvents = new EncodedEvents(protobufEvent);

function jsonEvent(resource: ServedResource, { type, stored, revision }: WatchedEvent): Uint8Array {
  return Buffer.concat([encoder.encode(`{"type":"${type}","object":`), ...stored.shownBy(resource).bytesAt(revision), frameEnd]);
}

function protobufEvent(resource: ServedResource, { type, stored, revision }: WatchedEvent): Uint8Array {
  return encodeWatchFrame(type, encodeObject(jsonOf(stored.shownBy(resource).objectAt(revision))));
}
