import { roleGroups } from "@dataplane/apiserver";
import { systemGroups } from "@dataplane/meta";
import type { PolicyRule } from "./policy-rule.js";

/** A ClusterRole that every server has; `gathers` and `givenTo` are labels of aggregation, such as `view`. */
export interface DefaultRole {
  readonly name: string;
  readonly rules: readonly PolicyRule[];
  /** Its rules are those of all roles that say so. */
  readonly gathers?: readonly string[];
  readonly givenTo?: readonly string[];
}

export interface DefaultBinding {
  readonly name: string;
  readonly role: string;
  readonly groups: readonly string[];
}

export const aggregationLabel = (role: string): string => `rbac.authorization.k8s.io/aggregate-to-${role}`;

/** Written by the server from what it serves. */
export const servedRoleNames = { viewer: "system:aggregate-served-to-viewer", editor: "system:aggregate-served-to-editor" } as const;

const read = ["get", "list", "watch"];
const write = ["create", "delete", "deletecollection", "patch", "update"];

const resources = (verbs: readonly string[], apiGroups: readonly string[], ...names: readonly string[]): PolicyRule => ({
  verbs,
  apiGroups,
  resources: names,
});
const paths = (verbs: readonly string[], ...nonResourceURLs: readonly string[]): PolicyRule => ({ verbs, nonResourceURLs });

/** Of core what Kubernetes' `view` may read, Secrets not among it. */
const coreReadable = [
  ...["bindings", "configmaps", "endpoints", "events", "limitranges", "namespaces", "namespaces/status"],
  ...["persistentvolumeclaims", "persistentvolumeclaims/status", "pods", "pods/log", "pods/status", "podtemplates"],
  ...["replicationcontrollers", "replicationcontrollers/scale", "replicationcontrollers/status"],
  ...["resourcequotas", "resourcequotas/status", "serviceaccounts", "services", "services/status"],
];

const coreWritable = [
  ...["configmaps", "endpoints", "events", "persistentvolumeclaims", "pods", "podtemplates", "replicationcontrollers"],
  ...["replicationcontrollers/scale", "secrets", "serviceaccounts", "services"],
];

const dataSourceParts = ["access", "health", "proxy", "query", "resources", "stream"];

/** Names in any plugin's group: one that was bound a moment ago is no exception. */
const plugins = [
  ...["datasources", "connections"].flatMap((name) => [name, ...dataSourceParts.map((part) => `${name}/${part}`)]),
  ...["appsettings", "appsettings/health", "appsettings/resources", "appsettings/stream", "queries", "queries/run", "channels"],
];

/** A plugin's own paths that are about no object. */
const pluginPaths = ["access", "health", "metrics", "query", "resources", "stream"];

const queryRule = resources(["create"], ["*"], "datasources/query", "connections/query", "queries/run", "query");

// Not /api/*: Grafana's older paths are there too, and some of them change things.
const discovery = ["/", "/api", "/api/v1", "/apis", "/apis/*", "/openapi", "/openapi/*", "/version", "/version/"];
const probes = ["/healthz", "/healthz/*", "/livez", "/livez/*", "/readyz", "/readyz/*"];

export const defaultRoles: readonly DefaultRole[] = [
  { name: "cluster-admin", rules: [resources(["*"], ["*"], "*"), paths(["*"], "*")] },
  { name: "admin", rules: [], gathers: ["admin"] },
  { name: "edit", rules: [], gathers: ["edit"], givenTo: ["admin", "editor"] },
  { name: "view", rules: [], gathers: ["view"], givenTo: ["edit", "viewer"] },
  { name: "editor", rules: [], gathers: ["editor"] },
  { name: "viewer", rules: [], gathers: ["viewer"], givenTo: ["editor"] },
  {
    name: "system:aggregate-to-admin",
    givenTo: ["admin"],
    rules: [
      resources(["create"], ["authorization.k8s.io"], "localsubjectaccessreviews"),
      resources([...read, ...write], ["rbac.authorization.k8s.io"], "roles", "rolebindings"),
    ],
  },
  {
    name: "system:aggregate-to-edit",
    givenTo: ["edit"],
    rules: [
      resources([...read, ...write], [""], ...coreWritable),
      resources(["create"], [""], "serviceaccounts/token"),
      resources(["impersonate"], [""], "serviceaccounts"),
      resources([...read, ...write], ["coordination.k8s.io"], "leases"),
      resources([...read, ...write], ["events.k8s.io"], "events"),
      resources([...read, ...write], ["*"], ...plugins, ...pluginPaths),
    ],
  },
  {
    name: "system:aggregate-to-view",
    givenTo: ["view"],
    rules: [
      resources(read, [""], ...coreReadable),
      resources(read, ["events.k8s.io"], "events"),
      resources(read, ["*"], ...plugins, ...pluginPaths),
      queryRule,
    ],
  },
  {
    name: "system:aggregate-to-viewer",
    givenTo: ["viewer"],
    rules: [
      paths(
        ["get", "head"],
        "/metrics",
        "/metrics/*",
        "/api/health",
        "/api/live/list",
        ...probes,
        "/.well-known/openid-configuration",
        "/openid/v1/jwks",
      ),
    ],
  },
  { name: servedRoleNames.viewer, rules: [], givenTo: ["viewer"] },
  { name: servedRoleNames.editor, rules: [], givenTo: ["editor"] },
  { name: "system:discovery", rules: [paths(["get", "head"], ...discovery)] },
  {
    name: "system:basic-user",
    rules: [
      resources(["create"], ["authorization.k8s.io"], "selfsubjectaccessreviews", "selfsubjectrulesreviews"),
      resources(["create"], ["authentication.k8s.io"], "selfsubjectreviews"),
    ],
  },
  { name: "system:public-info-viewer", rules: [paths(["get", "head"], "/healthz", "/livez", "/readyz", "/version", "/version/")] },
  { name: "system:monitoring", rules: [paths(["get", "head"], "/metrics", "/metrics/*", ...probes)] },
  {
    name: "system:auth-delegator",
    rules: [
      resources(["create"], ["authentication.k8s.io"], "tokenreviews"),
      resources(["create"], ["authorization.k8s.io"], "subjectaccessreviews"),
    ],
  },
  {
    name: "system:service-account-issuer-discovery",
    rules: [paths(["get", "head"], "/.well-known/openid-configuration", "/.well-known/openid-configuration/", "/openid/v1/jwks", "/openid/v1/jwks/")],
  },
];

export const defaultBindings: readonly DefaultBinding[] = [
  { name: "cluster-admin", role: "cluster-admin", groups: [systemGroups.masters] },
  { name: "dataplane:admin", role: "cluster-admin", groups: [roleGroups.admin] },
  { name: "dataplane:editor", role: "editor", groups: [roleGroups.editor] },
  { name: "dataplane:viewer", role: "viewer", groups: [roleGroups.viewer] },
  { name: "system:monitoring", role: "system:monitoring", groups: ["system:monitoring"] },
  { name: "system:discovery", role: "system:discovery", groups: [systemGroups.authenticated] },
  { name: "system:basic-user", role: "system:basic-user", groups: [systemGroups.authenticated] },
  { name: "system:public-info-viewer", role: "system:public-info-viewer", groups: [systemGroups.authenticated, systemGroups.unauthenticated] },
  { name: "system:service-account-issuer-discovery", role: "system:service-account-issuer-discovery", groups: ["system:serviceaccounts"] },
];
