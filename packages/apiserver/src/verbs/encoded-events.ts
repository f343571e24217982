import type { StoredValue } from "../codec.js";
import type { ServedResource } from "../define-resource.js";

export type EventType = "ADDED" | "MODIFIED" | "DELETED";

export interface WatchedEvent {
  readonly type: EventType;
  readonly stored: StoredValue;
  /** That of the change: a deletion has one of its own. */
  readonly revision: bigint;
}

interface Encoded extends Pick<WatchedEvent, "type" | "revision"> {
  readonly bytes: Uint8Array;
}

type Known = Map<StoredValue, Map<ServedResource, Encoded>>;

/** Of the newest events at least so many bytes are kept, and at most twice as many. */
const keptBytes = 4 * 1024 * 1024;

/** Encodes each event once for all its watches of one form: those that are told of it now, and those that come back soon. */
export class EncodedEvents {
  readonly #encode: (resource: ServedResource, event: WatchedEvent) => Uint8Array;
  #newer: Known = new Map();
  #older: Known = new Map();
  /** Of the newer ones. */
  #bytes = 0;

  constructor(encode: (resource: ServedResource, event: WatchedEvent) => Uint8Array) {
    this.#encode = encode;
  }

  encoded(resource: ServedResource, event: WatchedEvent): Uint8Array {
    const { type, stored, revision } = event;
    const known = this.#newer.get(stored)?.get(resource) ?? this.#older.get(stored)?.get(resource);
    if (known?.type === type && known.revision === revision) return known.bytes;
    const bytes = this.#encode(resource, event);
    this.#keep(resource, stored, { type, revision, bytes });
    return bytes;
  }

  #keep(resource: ServedResource, stored: StoredValue, encoded: Encoded): void {
    if (this.#bytes + encoded.bytes.byteLength > keptBytes) {
      this.#older = this.#newer;
      this.#newer = new Map();
      this.#bytes = 0;
    }
    this.#bytes += encoded.bytes.byteLength;
    const byResource = this.#newer.get(stored);
    if (byResource === undefined) this.#newer.set(stored, new Map([[resource, encoded]]));
    else byResource.set(resource, encoded);
  }
}
