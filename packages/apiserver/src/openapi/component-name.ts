import type { GroupVersionKind } from "@dataplane/meta";

/** Names of `components.schemas` in Kubernetes' form: the group's labels reversed, then version and kind. */
export function componentName({ group, version, kind }: GroupVersionKind): string {
  if (group === "") return `io.k8s.api.core.${version}.${kind}`;
  return `${group.split(".").toReversed().join(".")}.${version}.${kind}`;
}

/** A kind of meta/v1. */
export const metaComponent = (kind: string): string => `io.k8s.apimachinery.pkg.apis.meta.v1.${kind}`;

export const schemaRef = (name: string): { readonly $ref: string } => ({ $ref: `#/components/schemas/${name}` });
