import type { ResourceRef } from "@dataplane/client";
import { rbacGroup, rbacVersion } from "./policy-rule.js";

const ref = (resource: string, namespaced: boolean): ResourceRef => ({ group: rbacGroup, version: rbacVersion, resource, namespaced });

export const rolesRef = ref("roles", true);
export const clusterRolesRef = ref("clusterroles", false);
export const roleBindingsRef = ref("rolebindings", true);
export const clusterRoleBindingsRef = ref("clusterrolebindings", false);
