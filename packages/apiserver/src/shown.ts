import { type ApiObject, apiVersionOf, isJsonObject, type JsonObject } from "@dataplane/meta";
import type { BareObject, StoredValue } from "./codec.js";
import { withOriginalMetadata } from "./conversion/check-converted.js";
import type { SharedConversion } from "./conversion/convert-stored.js";
import type { ServedResource } from "./define-resource.js";
import { encodeItem } from "./protobuf/encode-object.js";
import { applyDefaults } from "./schema/apply-defaults.js";
import { wholeObjectSchema } from "./schema/object-meta-schema.js";
import { prune } from "./schema/prune.js";
import { jsonOf } from "./table.js";
import { type Cell, cellsOf } from "./table-cells.js";

const encoder = new TextEncoder();

/**
 * A stored value as one definition shows it. Lists join its bytes, watches frame them. Where the kind has a converter and the value is
 * of another version, it shows nothing before `accept`: see `convertStored`.
 */
export class Shown {
  readonly resource: ServedResource;
  readonly stored: StoredValue;
  /** The conversion that is under way, for all who wait for it. */
  converting: SharedConversion | undefined;
  #converted: JsonObject | undefined;
  #object: ApiObject | undefined;
  #protobuf: Uint8Array | undefined;
  #cells: readonly Cell[] | undefined;
  #included: boolean | undefined;
  #isAsStored: boolean | undefined;

  constructor(resource: ServedResource, stored: StoredValue) {
    this.resource = resource;
    this.stored = stored;
  }

  /** With apiVersion, kind and resourceVersion. */
  get object(): ApiObject {
    this.#object ??= this.#made();
    return this.#object;
  }

  get bytes(): readonly Uint8Array[] {
    return this.bytesAt(this.stored.revision);
  }

  /** True when answers may hold the very bytes that are stored: the fields of the object behind those that say its kind and revision. */
  get isVerbatim(): boolean {
    return this.resource.definition.storage?.project === undefined && this.isAsStored;
  }

  /** True when that is so of the object's metadata, whose form no version changes. */
  get hasVerbatimMetadata(): boolean {
    const { storage, versioned } = this.resource.definition;
    return storage?.project === undefined && versioned?.converter === undefined;
  }

  /** The object, as `object` has it, for one look: nothing of it is kept. */
  glance(): ApiObject {
    return this.#object ?? (this.isVerbatim ? this.#inStoredVersion(this.stored.glance()) : this.object);
  }

  /** The cells of the object's row in a table. */
  get cells(): readonly Cell[] {
    this.#cells ??= cellsOf(this.resource.definition, this.glance());
    return this.#cells;
  }

  /** As an item of a list. Those of built-in kinds do not repeat what the list says of their kind, as Kubernetes has it. */
  get item(): JsonObject {
    const object = jsonOf(this.object);
    if (!this.resource.hasProtobuf) return object;
    const { kind: _kind, apiVersion: _apiVersion, ...item } = object;
    return item;
  }

  /** As an item of a list in protobuf; of kinds that have that form. */
  get protobuf(): Uint8Array {
    this.#protobuf ??= encodeItem(jsonOf(this.object));
    return this.#protobuf;
  }

  /** False when the definition does not let this object be seen. */
  get included(): boolean {
    const includes = this.resource.definition.storage?.includes;
    this.#included ??= includes === undefined || includes(this.inStoredVersion, this.stored.hidden);
    return this.#included;
  }

  /** The object at a revision that may be that of its deletion. */
  objectAt(revision: bigint): ApiObject {
    if (revision === this.stored.revision) return this.object;
    const { kind, apiVersion, metadata, ...rest } = this.object;
    return { kind, apiVersion, metadata: { ...metadata, resourceVersion: revision.toString() }, ...rest };
  }

  /** The same as JSON, without parsing where the definition shows what is stored. */
  bytesAt(revision: bigint): readonly Uint8Array[] {
    if (!this.isVerbatim) return [encoder.encode(JSON.stringify(this.objectAt(revision)))];
    return [encoder.encode(`${objectOpening(this.resource)}${String(revision)}",`), this.stored.fields];
  }

  /** True when the value was written in this version, by a schema that prunes and defaults as this one does. */
  get isAsStored(): boolean {
    this.#isAsStored ??= this.resource.definition.versioned === undefined || this.#isOwnShape();
    return this.#isAsStored;
  }

  /** Whether a converter must be asked before anything can be shown. */
  get isWaiting(): boolean {
    const { versioned, version } = this.resource.definition;
    return versioned?.converter !== undefined && this.#converted === undefined && this.#storedVersion !== version;
  }

  /** What the converter gave. */
  accept(converted: JsonObject): void {
    this.#converted = converted;
  }

  /** The object as it is stored, in the version in which it was written. */
  get inStoredVersion(): ApiObject {
    return this.#inStoredVersion(this.stored.bare);
  }

  #inStoredVersion({ metadata, ...rest }: BareObject): ApiObject {
    const { definition, apiVersion } = this.resource;
    const version = definition.versioned === undefined ? apiVersion : apiVersionOf({ group: definition.group, version: this.#storedVersion });
    return { kind: definition.kind, apiVersion: version, metadata: { ...metadata, resourceVersion: this.stored.revision.toString() }, ...rest };
  }

  /** What was stored before the kind had versions is of the version that is stored now. */
  get #storedVersion(): string {
    const { versioned, version } = this.resource.definition;
    return this.stored.writtenAs?.version ?? versioned?.storageVersion ?? version;
  }

  #isOwnShape(): boolean {
    const { writtenAs } = this.stored;
    return writtenAs?.version === this.resource.definition.version && writtenAs.shape === this.resource.shape;
  }

  #made(): ApiObject {
    if (this.isWaiting) throw new Error(`${this.stored.key} has not been converted`);
    const stored = this.inStoredVersion;
    const object = this.#converted === undefined ? stored : inOtherVersion(stored, this.#converted);
    return projected(this.resource, this.isAsStored ? object : reshaped(this.resource, object));
  }
}

/** What the JSON of an object of the resource begins with, up to its revision. */
export const objectOpening = ({ definition: { kind }, apiVersion }: ServedResource): string =>
  `{"kind":${JSON.stringify(kind)},"apiVersion":${JSON.stringify(apiVersion)},"metadata":{"resourceVersion":"`;

/** What a converter gave of an object, with the metadata that is no matter of versions as it was. */
export function inOtherVersion(stored: ApiObject, converted: JsonObject): ApiObject {
  const object = withOriginalMetadata(jsonOf(stored), converted);
  if (!isApiObject(object)) throw new Error("the converted object has no metadata");
  return object;
}

const isApiObject = (value: JsonObject): value is JsonObject & ApiObject =>
  isJsonObject(value["metadata"]) && typeof value["metadata"]["name"] === "string" && typeof value["kind"] === "string";

/** As Kubernetes reads custom resources: without what the schema no longer knows, with the defaults that it has got since. */
function reshaped({ definition, apiVersion }: ServedResource, object: ApiObject): ApiObject {
  const schema = wholeObjectSchema(definition.schema);
  const { metadata, ...content } = object;
  const shaped = applyDefaults(schema, prune(schema, jsonOf(content)).value);
  const { kind: _kind, apiVersion: _apiVersion, ...rest } = isJsonObject(shaped) ? shaped : {};
  return { kind: definition.kind, apiVersion, metadata, ...rest };
}

function projected({ definition }: ServedResource, object: ApiObject): ApiObject {
  const project = definition.storage?.project;
  if (project === undefined) return object;
  const { kind: _kind, apiVersion: _apiVersion, metadata, ...rest } = project(object);
  const { resourceVersion = "" } = object.metadata;
  return { kind: object.kind, apiVersion: object.apiVersion, metadata: { ...metadata, resourceVersion }, ...rest };
}
