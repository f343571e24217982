import { type ApiObject, isJsonObject, type JsonObject } from "@dataplane/meta";
import type { ServedResource } from "./define-resource.js";
import type { Hidden } from "./resource.js";

// A stored value is the object's JSON without apiVersion, kind and resourceVersion, with metadata first; then, where something is kept
// beside the object, a NUL byte (which JSON cannot hold) and its JSON. An answer is a prefix and the stored bytes: nothing is printed again.
const opening = '{"metadata":{';
const separator = 0;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The value to store. */
export function encode(object: ApiObject, hidden: Hidden | undefined): Uint8Array {
  const { apiVersion: _apiVersion, kind: _kind, metadata, ...rest } = object;
  const { resourceVersion: _resourceVersion, ...meta } = metadata;
  const json = JSON.stringify({ metadata: meta, ...rest });
  return encoder.encode(hidden === undefined ? json : `${json}\0${JSON.stringify(hidden)}`);
}

/** A stored value; parsed when first looked into. Throws a plain Error when the store holds something that `encode` did not make. */
export class StoredValue {
  readonly key: string;
  readonly revision: bigint;
  /** The object's JSON, as `encode` made it. */
  readonly json: Uint8Array;
  readonly #hiddenBytes: Uint8Array | undefined;
  /** Most values are shown by one definition only: a map for each of them would cost more than it holds. */
  #first: Shown | undefined;
  #others: WeakMap<ServedResource, Shown> | undefined;
  #bare: BareObject | undefined;

  constructor(key: string, revision: bigint, value: Uint8Array) {
    const end = value.indexOf(separator);
    this.key = key;
    this.revision = revision;
    this.json = end < 0 ? value : value.subarray(0, end);
    this.#hiddenBytes = end < 0 ? undefined : value.subarray(end + 1);
  }

  /** The object without apiVersion, kind and resourceVersion. */
  get bare(): BareObject {
    this.#bare ??= parseBare(this.key, this.json);
    return this.#bare;
  }

  get hidden(): Hidden | undefined {
    return this.#hiddenBytes === undefined ? undefined : parseObject(this.key, this.#hiddenBytes);
  }

  /** What one definition sees; made once per revision. */
  shownBy(resource: ServedResource): Shown {
    this.#first ??= new Shown(resource, this);
    if (this.#first.resource === resource) return this.#first;
    this.#others ??= new WeakMap();
    const shown = this.#others.get(resource) ?? new Shown(resource, this);
    this.#others.set(resource, shown);
    return shown;
  }
}

type BareObject = Pick<ApiObject, "metadata"> & JsonObject;

/** A stored value as one definition shows it. Lists join these bytes, watches frame them. */
export class Shown {
  readonly resource: ServedResource;
  readonly stored: StoredValue;
  #object: ApiObject | undefined;
  #bytes: readonly Uint8Array[] | undefined;
  #included: boolean | undefined;

  constructor(resource: ServedResource, stored: StoredValue) {
    this.resource = resource;
    this.stored = stored;
  }

  /** With apiVersion, kind and resourceVersion. */
  get object(): ApiObject {
    this.#object ??= objectAt(this.resource, this.stored, this.stored.revision);
    return this.#object;
  }

  get bytes(): readonly Uint8Array[] {
    this.#bytes ??= bytesAt(this.resource, this.stored, this.stored.revision);
    return this.#bytes;
  }

  /** False when the definition does not let this object be seen. */
  get included(): boolean {
    const includes = this.resource.definition.storage?.includes;
    this.#included ??= includes === undefined || includes(storedForm(this.resource, this.stored, this.stored.revision), this.stored.hidden);
    return this.#included;
  }
}

function storedForm({ definition, apiVersion }: ServedResource, { bare }: StoredValue, revision: bigint): ApiObject {
  const { metadata, ...rest } = bare;
  return { kind: definition.kind, apiVersion, metadata: { ...metadata, resourceVersion: revision.toString() }, ...rest };
}

/** The object as a definition shows it, at a revision that may be that of its deletion. */
export function objectAt(resource: ServedResource, stored: StoredValue, revision: bigint): ApiObject {
  const object = storedForm(resource, stored, revision);
  const project = resource.definition.storage?.project;
  if (project === undefined) return object;
  const { kind: _kind, apiVersion: _apiVersion, metadata, ...rest } = project(object);
  return { kind: object.kind, apiVersion: object.apiVersion, metadata: { ...metadata, resourceVersion: revision.toString() }, ...rest };
}

/** The same as JSON, without parsing where the definition shows what is stored. */
export function bytesAt(resource: ServedResource, stored: StoredValue, revision: bigint): readonly Uint8Array[] {
  const { definition, apiVersion } = resource;
  if (definition.storage?.project !== undefined) return [encoder.encode(JSON.stringify(objectAt(resource, stored, revision)))];
  const head = `{"kind":${JSON.stringify(definition.kind)},"apiVersion":${JSON.stringify(apiVersion)},"metadata":{"resourceVersion":"${String(revision)}",`;
  return [encoder.encode(head), stored.json.subarray(opening.length)];
}

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
