import { type ApiObject, isJsonObject, type JsonObject } from "@dataplane/meta";
import type { ServedResource } from "./define-resource.js";
import { objectEnd } from "./object-end.js";
import type { Hidden } from "./resource.js";
import { Shown } from "./shown.js";

// A stored value is the object's JSON without apiVersion, kind and resourceVersion, with metadata first. What is kept beside it follows
// behind NUL bytes, which JSON cannot hold: `<object>`, `<object>\0<hidden>`, or `<object>\0[<hidden>]\0<version> [<shape>]` of a kind with
// several versions. An answer is a prefix and the stored bytes: nothing is printed again.
/** How each value begins. */
export const opening = '{"metadata":{';
const separator = 0;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Of a kind with versions: the version a value is written in, and the shape (see `ServedResource`) that it was given; "" when none. */
export interface WrittenAs {
  readonly version: string;
  readonly shape: string;
}

/** The value to store. */
export function encode(object: ApiObject, hidden: Hidden | undefined, writtenAs?: WrittenAs): Uint8Array {
  const { apiVersion: _apiVersion, kind: _kind, metadata, ...rest } = object;
  const { resourceVersion: _resourceVersion, ...meta } = metadata;
  const json = JSON.stringify({ metadata: meta, ...rest });
  const beside = hidden === undefined ? "" : JSON.stringify(hidden);
  if (writtenAs !== undefined) return encoder.encode(`${json}\0${beside}\0${writtenAs.version} ${writtenAs.shape}`);
  return encoder.encode(hidden === undefined ? json : `${json}\0${beside}`);
}

/** A stored value; parsed when first looked into. Throws a plain Error when the store holds something that `encode` did not make. */
export class StoredValue {
  readonly key: string;
  readonly revision: bigint;
  /** The object's JSON, as `encode` made it. */
  readonly json: Uint8Array;
  /** What follows the first NUL byte. */
  readonly #beside: Uint8Array | undefined;
  /** Why there is nothing to show; whoever looks into the value gets it thrown. */
  readonly #damage: Error | undefined;
  /** Most values are shown by one definition only: a map for each of them would cost more than it holds. */
  #first: Shown | undefined;
  #others: WeakMap<ServedResource, Shown> | undefined;
  #bare: BareObject | undefined;
  #labels: Labels | undefined;
  /** 0 until it is asked for. */
  #metadataEnd = 0;

  constructor(key: string, revision: bigint, value: Uint8Array, damage?: Error) {
    this.#damage = damage;
    const end = value.indexOf(separator);
    this.key = key;
    this.revision = revision;
    this.json = end < 0 ? value : value.subarray(0, end);
    this.#beside = end < 0 ? undefined : value.subarray(end + 1);
  }

  /** False when the store could not read it. */
  get isReadable(): boolean {
    return this.#damage === undefined;
  }

  /** The object without apiVersion, kind and resourceVersion. */
  get bare(): BareObject {
    if (this.#damage !== undefined) throw this.#damage;
    this.#bare ??= parseBare(this.key, this.json);
    return this.#bare;
  }

  /** The same, parsed for once and not kept: of many objects, what is looked for in them is smaller than they are. */
  glance(): BareObject {
    if (this.#damage !== undefined) throw this.#damage;
    return this.#bare ?? parseBare(this.key, this.json);
  }

  /** The object's labels; metadata alone is parsed for them. */
  get labels(): Labels {
    this.#labels ??= labelsIn(this.#bare?.metadata ?? this.#parsedMetadata());
    return this.#labels;
  }

  /** The fields of the object's metadata without the first brace and with the last: what may stand behind another field. */
  get metadataFields(): Uint8Array {
    if (this.#damage !== undefined) throw this.#damage;
    if (this.#metadataEnd === 0) this.#metadataEnd = objectEnd(this.json, opening.length - 1);
    return this.json.subarray(opening.length, this.#metadataEnd);
  }

  /** The fields of the object behind the first brace of its metadata. */
  get fields(): Uint8Array {
    if (this.#damage !== undefined) throw this.#damage;
    return this.json.subarray(opening.length);
  }

  get hidden(): Hidden | undefined {
    if (this.#beside === undefined) return undefined;
    const end = this.#beside.indexOf(separator);
    const bytes = end < 0 ? this.#beside : this.#beside.subarray(0, end);
    return bytes.byteLength === 0 ? undefined : parseObject(this.key, bytes);
  }

  /** Undefined of a kind with one version, and of what was stored before its kind had versions. */
  get writtenAs(): WrittenAs | undefined {
    const start = this.#beside?.indexOf(separator) ?? -1;
    if (this.#beside === undefined || start < 0) return undefined;
    const [version = "", shape = ""] = decoder.decode(this.#beside.subarray(start + 1)).split(" ");
    return { version, shape };
  }

  /** What one definition sees; made once per revision. */
  shownBy(resource: ServedResource): Shown {
    if (this.#damage !== undefined) throw this.#damage;
    this.#first ??= new Shown(resource, this);
    if (this.#first.resource === resource) return this.#first;
    this.#others ??= new WeakMap();
    const shown = this.#others.get(resource) ?? new Shown(resource, this);
    this.#others.set(resource, shown);
    return shown;
  }

  #parsedMetadata(): JsonObject {
    const { metadataFields } = this;
    return parseObject(this.key, this.json.subarray(opening.length - 1, opening.length + metadataFields.byteLength));
  }
}

type Labels = Readonly<Record<string, string>>;

/** Of all objects that have none. */
const noLabels: Labels = {};

const labelsIn = ({ labels }: { readonly labels?: unknown }): Labels => (isLabels(labels) ? labels : noLabels);

const isLabels = (value: unknown): value is Labels => isJsonObject(value) && Object.values(value).every((each) => typeof each === "string");

export type BareObject = Pick<ApiObject, "metadata"> & JsonObject;

function parseBare(key: string, json: Uint8Array): BareObject {
  const value = parseObject(key, json);
  if (!hasMetadata(value)) throw new Error(`the value of ${key} has no metadata`);
  return value;
}

const hasMetadata = (value: JsonObject): value is BareObject => isJsonObject(value["metadata"]) && typeof value["metadata"]["name"] === "string";

function parseObject(key: string, json: Uint8Array): JsonObject {
  const value: unknown = JSON.parse(decoder.decode(json));
  if (!isJsonObject(value)) throw new Error(`the value of ${key} is no object`);
  return value;
}
