import { badRequest, basePathOf } from "@dataplane/meta";
import type { ObjectRef, ResourceRef } from "./api-client.js";

/** Where a resource is listed and created; across all namespaces when there is none. */
export function collectionPath(resource: ResourceRef, namespace: string | undefined): string {
  const scope = resource.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : "";
  return `${basePathOf(resource)}${scope}/${resource.resource}`;
}

/** Where one object is. */
export function objectPath(resource: ResourceRef, { name, namespace, subresource }: ObjectRef): string {
  if (name === "") throw badRequest(`a name is needed to address one of ${resource.resource}`);
  requireNamespace(resource, namespace);
  const path = `${collectionPath(resource, namespace)}/${encodeURIComponent(name)}`;
  return subresource === undefined ? path : `${path}/${subresource}`;
}

/** One object of a namespaced resource is in a namespace: without it the path would mean something else. */
export function requireNamespace(resource: ResourceRef, namespace: string | undefined): void {
  if (resource.namespaced && (namespace === undefined || namespace === ""))
    throw badRequest(`a namespace is needed to address one of ${resource.resource}`);
}
