import { appManifestsRef } from "@dataplane/aggregator";
import type { ApiClient } from "@dataplane/client";
import { type ApiObject, type Condition, type JsonObject, setCondition, tolerating } from "@dataplane/meta";
import { conditionsIn } from "./app-manifest-status.js";

export interface StatusPart {
  readonly condition: Omit<Condition, "lastTransitionTime" | "observedGeneration">;
  /** Other fields of the status. */
  readonly fields?: JsonObject;
  readonly fieldManager: string;
  readonly now: Date;
}

/**
 * Sets one condition of a manifest, and fields beside it; writes nothing where nothing changes. One that was changed or deleted meanwhile
 * stays as it is: the watch brings it, and it is looked at again.
 */
export async function writeStatusPart(client: ApiClient, manifest: ApiObject, part: StatusPart, signal: AbortSignal): Promise<void> {
  const { name, resourceVersion, generation } = manifest.metadata;
  const before = conditionsIn(manifest);
  const observed = generation === undefined ? {} : { observedGeneration: generation };
  const conditions = setCondition(before, { ...part.condition, ...observed }, part.now);
  const status: JsonObject = { ...part.fields, conditions: conditions.map((it): JsonObject => ({ ...it })) };
  const had = fieldsOf(manifest);
  const isSame = JSON.stringify(conditions) === JSON.stringify(before);
  if (isSame && Object.entries(part.fields ?? {}).every(([key, value]) => JSON.stringify(had[key]) === JSON.stringify(value))) return;
  const patch: JsonObject = { metadata: resourceVersion === undefined ? {} : { resourceVersion }, status };
  const { fieldManager } = part;
  const written = client.patch(appManifestsRef, { name, subresource: "status" }, "application/merge-patch+json", patch, { fieldManager }, signal);
  await tolerating(written, "NotFound", "Conflict");
}

const fieldsOf = ({ status }: ApiObject): JsonObject => (typeof status === "object" && status !== null ? (status as JsonObject) : {});
