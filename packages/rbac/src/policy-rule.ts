import { type ApiObject, isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";

export const rbacGroup = "rbac.authorization.k8s.io";
export const rbacVersion = "v1";
export const rbacApiVersion = `${rbacGroup}/${rbacVersion}`;

/** What may be done (https://kubernetes.io/docs/reference/access-authn-authz/rbac/#api-overview): resources or paths, never both. */
export interface PolicyRule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  /** Empty or absent: all names. */
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
}

export interface RoleRef {
  readonly apiGroup: string;
  readonly kind: string;
  readonly name: string;
}

export interface Subject {
  readonly kind: string;
  readonly apiGroup?: string;
  readonly name: string;
  /** Of a ServiceAccount; the binding's own unless told. */
  readonly namespace?: string;
}

export interface AggregationRule {
  readonly clusterRoleSelectors?: readonly LabelSelectorSpec[];
}

export interface LabelSelectorSpec {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] }[];
}

/** The rules of a Role or ClusterRole, whatever else may be in its place: also of one that was not validated yet. */
export const rulesOf = (role: Pick<ApiObject, "metadata"> | JsonObject): readonly PolicyRule[] => objectsAt(role, "rules").map(ruleOf);

export const subjectsOf = (binding: ApiObject): readonly Subject[] => objectsAt(binding, "subjects").map(subjectOf);

export function roleRefOf(binding: ApiObject): RoleRef {
  const { roleRef } = fieldsOf(binding);
  const ref = isJsonObject(roleRef) ? roleRef : {};
  return { apiGroup: textOf(ref["apiGroup"]), kind: textOf(ref["kind"]), name: textOf(ref["name"]) };
}

export function aggregationRuleOf(role: ApiObject): AggregationRule | undefined {
  const { aggregationRule: rule } = fieldsOf(role);
  if (!isJsonObject(rule)) return undefined;
  return { clusterRoleSelectors: objectsIn(rule["clusterRoleSelectors"]).map(selectorOf) };
}

function ruleOf(rule: JsonObject): PolicyRule {
  return {
    verbs: textsOf(rule["verbs"]),
    ...some("apiGroups", textsOf(rule["apiGroups"])),
    ...some("resources", textsOf(rule["resources"])),
    ...some("resourceNames", textsOf(rule["resourceNames"])),
    ...some("nonResourceURLs", textsOf(rule["nonResourceURLs"])),
  };
}

function subjectOf(subject: JsonObject): Subject {
  const [apiGroup, namespace] = [textOf(subject["apiGroup"]), textOf(subject["namespace"])];
  return {
    kind: textOf(subject["kind"]),
    name: textOf(subject["name"]),
    ...(apiGroup === "" ? {} : { apiGroup }),
    ...(namespace === "" ? {} : { namespace }),
  };
}

function selectorOf(selector: JsonObject): LabelSelectorSpec {
  const { matchLabels } = selector;
  const labels = Object.entries(isJsonObject(matchLabels) ? matchLabels : {}).map(([key, value]) => [key, textOf(value)] as const);
  const matchExpressions = objectsIn(selector["matchExpressions"]).map((it) => ({
    key: textOf(it["key"]),
    operator: textOf(it["operator"]),
    values: textsOf(it["values"]),
  }));
  return { matchLabels: Object.fromEntries(labels), matchExpressions };
}

type Field = "apiGroups" | "resources" | "resourceNames" | "nonResourceURLs";

const some = (field: Field, values: readonly string[]): Partial<PolicyRule> => (values.length === 0 ? {} : { [field]: values });

/** An object of the API is JSON, of which its type names only some fields. */
const fieldsOf = (object: object): JsonObject => (isJsonObject(object) ? object : {});

const objectsAt = (object: object, field: string): readonly JsonObject[] => objectsIn(fieldsOf(object)[field]);

const objectsIn = (value: JsonValue | undefined): readonly JsonObject[] => (Array.isArray(value) ? value.filter(isJsonObject) : []);

const textOf = (value: JsonValue | undefined): string => (typeof value === "string" ? value : "");

const textsOf = (value: JsonValue | undefined): readonly string[] => (Array.isArray(value) ? value.filter((it) => typeof it === "string") : []);
