export { type AggregationController, type AggregationOptions, clusterRoleAggregationController } from "./aggregation-controller.js";
export type { RuleResolver } from "./escalation.js";
export { type PolicyRule, type RoleRef, rbacGroup, type Subject } from "./policy-rule.js";
export { createRbac, type Rbac, type RbacOptions, rbacResources } from "./rbac-authorizer.js";
export { reconcileDefaults } from "./reconcile-defaults.js";
export { type ServedRolesController, type ServedRolesOptions, servedRolesController } from "./served-roles-controller.js";
