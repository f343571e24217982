import { rbacGroup, rbacVersion } from "./policy-rule.js";

/** What the four kinds of rbac.authorization.k8s.io/v1 have in common. */
export const rbacKind = {
  group: rbacGroup,
  version: rbacVersion,
  nameRule: "pathSegment",
  strategicMerge: true,
  hasGeneration: false,
  createsOnUpdate: true,
} as const;
