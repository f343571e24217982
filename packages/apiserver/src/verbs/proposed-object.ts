import { isJsonObject, type JsonObject } from "@dataplane/meta";
import { changedMetadata, newMetadata } from "./system-metadata.js";
import type { VerbCall } from "./verb-call.js";

/** What a client sent as it begins: identity and times are the server's, and so is the status of a kind that has one. */
export function asNew({ resource, services }: VerbCall, sent: JsonObject): JsonObject {
  const { status, metadata, ...rest } = sent;
  const isKept = resource.definition.hasStatus !== true && status !== undefined;
  const meta = newMetadata(metadataOf({ metadata: metadata ?? {} }), {
    uid: services.newUid(),
    now: services.clock.now(),
    hasGeneration: resource.definition.hasGeneration !== false,
  });
  return { ...rest, metadata: meta, ...(isKept ? { status } : {}) };
}

/** What a client sent in place of `live`: through the status subresource the status changes (and the metadata of some), through the object all else. */
export function asChanged({ resource, info }: VerbCall, sent: JsonObject, live: JsonObject): JsonObject {
  const { hasStatus, statusWritesMetadata, computed } = resource.definition;
  if (info.subresource === "status") {
    const { status: _old, ...rest } = live;
    const { managedFields } = metadataOf(sent);
    const metadata =
      statusWritesMetadata === true
        ? changedMetadata(metadataOf(sent), metadataOf(live))
        : { ...metadataOf(live), ...(managedFields === undefined ? {} : { managedFields }) };
    return { ...rest, metadata, ...(sent["status"] === undefined ? {} : { status: sent["status"] }) };
  }
  const { status, ...desired } = sent;
  const writesStatus = hasStatus !== true || computed?.find(({ name }) => name === info.subresource)?.writesStatus === true;
  const kept = writesStatus ? status : live["status"];
  return { ...desired, metadata: changedMetadata(metadataOf(sent), metadataOf(live)), ...(kept === undefined ? {} : { status: kept }) };
}

const metadataOf = ({ metadata }: JsonObject): JsonObject => (isJsonObject(metadata) ? metadata : {});
