import type { PolicyRule } from "./policy-rule.js";

/** A Role that every server has in a namespace of its own. */
export interface DefaultNamespacedRole {
  readonly namespace: string;
  readonly name: string;
  readonly rules: readonly PolicyRule[];
}

/** Those that API servers behind this one are bound to, by the name that their manifests say. */
export const defaultNamespacedRoles: readonly DefaultNamespacedRole[] = [
  {
    namespace: "kube-system",
    name: "extension-apiserver-authentication-reader",
    rules: [
      {
        verbs: ["get", "list", "watch"],
        apiGroups: [""],
        resources: ["configmaps"],
        resourceNames: ["extension-apiserver-authentication"],
      },
    ],
  },
];
