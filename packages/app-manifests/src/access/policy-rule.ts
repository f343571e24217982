import type { JsonObject } from "@dataplane/meta";

/** `rbac.authorization.k8s.io/v1.PolicyRule`. */
export interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

export const ruleJson = ({ apiGroups, resources, resourceNames, verbs }: PolicyRule): JsonObject => ({
  apiGroups: [...apiGroups],
  resources: [...resources],
  ...(resourceNames === undefined ? {} : { resourceNames: [...resourceNames] }),
  verbs: [...verbs],
});
