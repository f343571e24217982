import { parseFieldSelector } from "@dataplane/meta";
import type { ServedResource } from "../define-resource.js";
import { negotiate } from "../negotiate.js";
import type { VerbCall } from "../verbs/verb-call.js";

const views = new WeakMap<ServedResource, ServedResource>();

/**
 * The resource as those see it who want metadata alone: as it is stored. A conversion might change labels and annotations, and yet nobody
 * is asked for it: garbage collectors and their like, which follow all kinds by their metadata, must not depend on everybody's converter.
 */
export function metadataView(resource: ServedResource): ServedResource {
  const { versioned } = resource.definition;
  if (versioned?.converter === undefined) return resource;
  const known = views.get(resource);
  if (known !== undefined) return known;
  const definition = {
    ...resource.definition,
    schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } as const,
    versioned: { storageVersion: versioned.storageVersion },
  };
  const view = { ...resource, definition };
  views.set(resource, view);
  return view;
}

/** True of a read that shows nothing but metadata, and selects by nothing else. */
export function readsMetadataOnly({ request, info, resource }: VerbCall): boolean {
  if (info.subresource !== "" || !["get", "list", "watch"].includes(info.verb)) return false;
  const offer = { protobuf: resource.hasProtobuf, transforms: true, yaml: info.verb !== "watch" };
  if (negotiate(request, offer).as !== "metadata") return false;
  return parseFieldSelector(request.query.get("fieldSelector") ?? "").every(({ path }) => path.startsWith("metadata."));
}
