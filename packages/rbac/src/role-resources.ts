import { objectSchema, type ResourceDefinition, s } from "@dataplane/apiserver";
import { type ApiObject, type Cause, isLabelKey, isLabelValue } from "@dataplane/meta";
import type { EscalationGuard } from "./escalation.js";
import { invalidValue, required } from "./field-causes.js";
import { aggregationRuleOf, type LabelSelectorSpec, type PolicyRule, rulesOf } from "./policy-rule.js";
import { rbacKind } from "./rbac-kind.js";

const texts = s.array(s.string()).nullable().optional();

// What is missing is told by `validate`, in the words of the field, and lists that Go left empty come as null.
const rules = s
  .array(
    s
      .object({
        verbs: texts.describe("What may be done; * is all."),
        apiGroups: texts.describe("Groups of the resources; the empty one is core, * is all."),
        resources: texts.describe("Resources, and subresources as resource/subresource or */subresource; * is all."),
        resourceNames: texts.describe("Names of the objects; all when empty."),
        nonResourceURLs: texts.describe("Paths outside of resources; * at the end stands for any rest. For ClusterRoles only."),
      })
      .component("PolicyRule")
      .publishedAsRequired("verbs")
      .describe("Rights to resources, or to paths outside of them."),
  )
  .nullable()
  .optional()
  .describe("All that the role allows.");

const requirement = s.object({ key: s.string(), operator: s.string(), values: s.array(s.string()).optional() }).component("LabelSelectorRequirement");

const labelSelector = s
  .object({ matchLabels: s.map(s.string()).optional(), matchExpressions: s.array(requirement).optional() })
  .component("LabelSelector");

const roleSchema = objectSchema({ rules }).json;

const clusterRoleSchema = objectSchema({
  aggregationRule: s
    .object({ clusterRoleSelectors: s.array(labelSelector).optional().describe("ClusterRoles whose rules this one gathers.") })
    .component("AggregationRule")
    .optional()
    .describe("Where the rules come from; they are then written by the server."),
  rules,
}).json;

const common = {
  ...rbacKind,
  zero: { rules: null },
} as const;

const columns: ResourceDefinition["columns"] = [
  { name: "Created At", description: "When the role was made.", value: ({ metadata }) => metadata.creationTimestamp },
];

/** Role and ClusterRole of rbac.authorization.k8s.io/v1. A write that would give more than its writer has is refused. */
export const roleResources = (guard: EscalationGuard): readonly ResourceDefinition[] => [
  {
    ...common,
    kind: "Role",
    plural: "roles",
    scope: "namespaced",
    description: "Rights within one namespace.",
    ageColumn: false,
    schema: roleSchema,
    columns,
    prepare: async (input) => {
      await guard.requireMayWriteRole("roles", input);
      return { object: withRules(input.object) };
    },
    validate: (role) => rulesOf(role).flatMap((rule, index) => ruleCauses(rule, `rules[${index}]`, "namespaced")),
  },
  {
    ...common,
    kind: "ClusterRole",
    plural: "clusterroles",
    scope: "cluster",
    description: "Rights that a binding gives in one namespace or in all.",
    ageColumn: false,
    schema: clusterRoleSchema,
    columns,
    prepare: async (input) => {
      await guard.requireMayWriteRole("clusterroles", input);
      return { object: withRules(input.object) };
    },
    validate: (role) => [...rulesOf(role).flatMap((rule, index) => ruleCauses(rule, `rules[${index}]`, "cluster")), ...aggregationCauses(role)],
  },
];

/** Readers written in Go expect the field: null is a list without items. */
const withRules = (role: ApiObject): ApiObject => Object.assign({ ...role }, rulesOf(role).length === 0 ? { rules: null } : {});

function ruleCauses(rule: PolicyRule, at: string, scope: "cluster" | "namespaced"): readonly Cause[] {
  const { verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
  const causes: Cause[] = verbs.length === 0 ? [required(`${at}.verbs`)] : [];
  if (nonResourceURLs.length > 0) {
    const urls = (why: string): Cause => invalidValue(`${at}.nonResourceURLs`, nonResourceURLs, why);
    if (scope === "namespaced") causes.push(urls("namespaced rules cannot apply to non-resource URLs"));
    if (apiGroups.length + resources.length + resourceNames.length > 0)
      causes.push(urls("rules cannot apply to both regular resources and non-resource URLs"));
    return causes;
  }
  if (apiGroups.length === 0) causes.push(required(`${at}.apiGroups`, "resource rules must supply at least one api group"));
  if (resources.length === 0) causes.push(required(`${at}.resources`, "resource rules must supply at least one resource"));
  return causes;
}

function aggregationCauses(role: ApiObject): readonly Cause[] {
  const aggregation = aggregationRuleOf(role);
  if (aggregation === undefined) return [];
  const { clusterRoleSelectors = [] } = aggregation;
  const at = "aggregationRule.clusterRoleSelectors";
  if (clusterRoleSelectors.length === 0) return [required(at, "at least one clusterRoleSelector required if aggregationRule is non-nil")];
  return clusterRoleSelectors.flatMap((selector, index) => selectorCauses(selector, `${at}[${index}]`));
}

const operators = ["In", "NotIn", "Exists", "DoesNotExist"] as const;

function selectorCauses({ matchLabels = {}, matchExpressions = [] }: LabelSelectorSpec, at: string): readonly Cause[] {
  const labels = Object.entries(matchLabels).flatMap(([key, value]) => [
    ...keyCauses(key, `${at}.matchLabels`),
    ...(isLabelValue(value) ? [] : [invalidValue(`${at}.matchLabels`, value, "it is not a valid label value")]),
  ]);
  const expressions = matchExpressions.flatMap((it, index) => expressionCauses(it, `${at}.matchExpressions[${index}]`));
  return [...labels, ...expressions];
}

const keyCauses = (key: string, at: string): readonly Cause[] =>
  isLabelKey(key) ? [] : [invalidValue(at, key, "name part must consist of alphanumeric characters, '-', '_' or '.'")];

type Expression = NonNullable<LabelSelectorSpec["matchExpressions"]>[number];

function expressionCauses({ key, operator, values = [] }: Expression, at: string): readonly Cause[] {
  if (!operators.some((it) => it === operator)) return [invalidValue(`${at}.operator`, operator, "not a valid selector operator")];
  const needsValues = operator === "In" || operator === "NotIn";
  if (needsValues && values.length === 0) return [required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'")];
  if (!needsValues && values.length > 0)
    return [
      {
        reason: "FieldValueForbidden",
        message: "Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
        field: `${at}.values`,
      },
    ];
  return [
    ...keyCauses(key, `${at}.key`),
    ...values.filter((it) => !isLabelValue(it)).map((it) => invalidValue(`${at}.values`, it, "it is not a valid label value")),
  ];
}
