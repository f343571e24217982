import { type Column, objectSchema, type PrepareInput, type ResourceDefinition, s } from "@dataplane/apiserver";
import { type ApiObject, type Cause, isDnsSubdomain } from "@dataplane/meta";
import type { EscalationGuard } from "./escalation.js";
import { invalidValue, notSupported, required } from "./field-causes.js";
import { pathSegmentProblems } from "./path-segment-name.js";
import { rbacGroup, roleRefOf, type Subject, subjectsOf } from "./policy-rule.js";
import { rbacKind } from "./rbac-kind.js";

const schema = objectSchema({
  roleRef: s
    .object({ apiGroup: s.string().default(rbacGroup), kind: s.string().default(""), name: s.string().default("") })
    .atomic()
    .describe("The role that is given; it never changes.")
    .default({ apiGroup: rbacGroup, kind: "", name: "" }),
  subjects: s
    .array(
      s.object({
        kind: s.string().default("").describe("User, Group or ServiceAccount."),
        apiGroup: s.string().optional(),
        name: s.string().default(""),
        namespace: s.string().optional().describe("Of a ServiceAccount."),
      }),
    )
    .optional()
    .describe("To whom it is given."),
});

const common = {
  ...rbacKind,
  schema: schema.json,
} as const;

/** RoleBinding and ClusterRoleBinding of rbac.authorization.k8s.io/v1. A role is given only by those who have its rights, or may `bind` it. */
export const bindingResources = (guard: EscalationGuard): readonly ResourceDefinition[] => [
  {
    ...common,
    kind: "RoleBinding",
    plural: "rolebindings",
    scope: "namespaced",
    description: "Gives a Role, or a ClusterRole, within one namespace.",
    columns: columnsFor("roleBinding"),
    prepare: prepareFor("rolebindings", guard),
    validate: (binding, old) => bindingCauses(binding, old, ["Role", "ClusterRole"]),
  },
  {
    ...common,
    kind: "ClusterRoleBinding",
    plural: "clusterrolebindings",
    scope: "cluster",
    description: "Gives a ClusterRole in all namespaces and outside of them.",
    columns: columnsFor("clusterRoleBinding"),
    prepare: prepareFor("clusterrolebindings", guard),
    validate: (binding, old) => bindingCauses(binding, old, ["ClusterRole"]),
  },
];

const prepareFor =
  (plural: "rolebindings" | "clusterrolebindings", guard: EscalationGuard) =>
  async (input: PrepareInput<ApiObject>): Promise<{ readonly object: ApiObject }> => {
    const object = withDefaults(input.object);
    await guard.requireMayBind(plural, { ...input, object });
    return { object };
  };

/** Users and groups are of this group unless told, ServiceAccounts of core. */
function withDefaults(binding: ApiObject): ApiObject {
  const subjects = subjectsOf(binding).map((subject) => {
    const isOurs = subject.kind === "User" || subject.kind === "Group";
    return isOurs && subject.apiGroup === undefined ? { ...subject, apiGroup: rbacGroup } : subject;
  });
  const ref = roleRefOf(binding);
  const roleRef = { ...ref, apiGroup: ref.apiGroup === "" ? rbacGroup : ref.apiGroup };
  return Object.assign({ ...binding }, { roleRef }, subjects.length === 0 ? {} : { subjects });
}

function bindingCauses(binding: ApiObject, old: ApiObject | undefined, roleKinds: readonly string[]): readonly Cause[] {
  const ref = roleRefOf(binding);
  const scope = roleKinds.length === 1 ? "cluster" : "namespaced";
  return [
    ...(ref.apiGroup === rbacGroup ? [] : [notSupported("roleRef.apiGroup", ref.apiGroup, [rbacGroup])]),
    ...(roleKinds.includes(ref.kind) ? [] : [notSupported("roleRef.kind", ref.kind, roleKinds)]),
    ...(ref.name === "" ? [required("roleRef.name")] : pathSegmentProblems(ref.name).map((why) => invalidValue("roleRef.name", ref.name, why))),
    ...subjectsOf(binding).flatMap((subject, index) => subjectCauses(subject, `subjects[${index}]`, scope)),
    ...(old === undefined || sameRef(binding, old) ? [] : [invalidValue("roleRef", { ...ref }, "field is immutable")]),
  ];
}

function sameRef(binding: ApiObject, old: ApiObject): boolean {
  const [now, before] = [roleRefOf(binding), roleRefOf(old)];
  return now.apiGroup === before.apiGroup && now.kind === before.kind && now.name === before.name;
}

const serviceAccountName =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

function subjectCauses({ kind, name, apiGroup = "", namespace = "" }: Subject, at: string, scope: "cluster" | "namespaced"): readonly Cause[] {
  const causes: Cause[] = name === "" ? [required(`${at}.name`)] : [];
  const requireGroup = (group: string): void => {
    if (apiGroup !== group) causes.push(notSupported(`${at}.apiGroup`, apiGroup, [group]));
  };
  if (kind === "ServiceAccount") {
    if (name !== "" && !isDnsSubdomain(name)) causes.push(invalidValue(`${at}.name`, name, serviceAccountName));
    requireGroup("");
    if (scope === "cluster" && namespace === "") causes.push(required(`${at}.namespace`));
  } else if (kind === "User" || kind === "Group") requireGroup(rbacGroup);
  else causes.push(notSupported(`${at}.kind`, kind, ["ServiceAccount", "User", "Group"]));
  return causes;
}

const subjectsColumn = (name: string, kind: string, of: string, text: (subject: Subject) => string): Column => ({
  name,
  description: `${name} in the ${of}`,
  priority: 1,
  value: (binding) =>
    subjectsOf(binding)
      .filter((subject) => subject.kind === kind)
      .map(text)
      .join(", "),
});

const columnsFor = (of: string): readonly Column[] => [
  {
    name: "Role",
    description: "The role that is given.",
    value: (binding) => {
      const { kind, name } = roleRefOf(binding);
      return `${kind}/${name}`;
    },
  },
  { name: "Age", type: "date", description: "How long ago the object was made.", value: ({ metadata }) => metadata.creationTimestamp },
  subjectsColumn("Users", "User", of, ({ name }) => name),
  subjectsColumn("Groups", "Group", of, ({ name }) => name),
  subjectsColumn("ServiceAccounts", "ServiceAccount", of, ({ name, namespace = "" }) => `${namespace}/${name}`),
];
