import { randomUUID } from "node:crypto";
import { addBuiltinResources, createApiServer, createRegistry, filterChain, withFilters } from "@dataplane/apiserver";
import { type ApiClient, createApiClient, type ResourceRef } from "@dataplane/client";
import { ApiError, type ApiObject, controlPlaneUser, silentLogger, systemClock } from "@dataplane/meta";
import { createMemoryStore } from "@dataplane/storage";
import { expect, test } from "vitest";
import { appManifestCauses, appManifests } from "./app-manifest.js";
import { manifestSpecFrom } from "./app-manifest-spec.js";

const refOf = (version: string): ResourceRef => ({ group: "apps.grafana.app", version, resource: "appmanifests", namespaced: false });
const newer = refOf("v1alpha2");
const older = refOf("v1alpha1");

const issue = { kind: "Issue", plural: "issues", scope: "Namespaced", schemas: { Issue: { type: "object" } } };

const manifest = (spec: object = {}): ApiObject => ({
  apiVersion: "apps.grafana.app/v1alpha2",
  kind: "AppManifest",
  metadata: { name: "issue-tracker" },
  spec: { appName: "issue-tracker", group: "issuetracker.ext.grafana.app", versions: [{ name: "v1", kinds: [issue] }], ...spec },
});

const versionWith = (parts: object) => ({ versions: [{ name: "v1", ...parts }] });
const kindWith = (parts: object) => versionWith({ kinds: [{ ...issue, ...parts }] });
const routesWith = (parts: object) => versionWith({ kinds: [issue], routes: parts });
const twoVersions = (parts: object) => ({
  versions: [
    { name: "v1", kinds: [issue] },
    { name: "v2", kinds: [{ ...issue, ...parts }] },
  ],
});

test.each<[string, object]>([
  ["the least there is", { versions: [] }],
  [
    "kinds, routes and roles",
    {
      ...{ preferredVersion: "v1", dryRunKinds: false, extraPermissions: { accessKinds: [{ group: "g", resource: "r", actions: ["get"] }] } },
      versions: [
        {
          ...{ name: "v1", served: true },
          kinds: [{ ...issue, admission: { validation: { operations: ["CREATE", "*"] } }, routes: { "/close": { post: {} } } }],
          routes: { namespaced: { "/search": { get: {} }, "/bulk/{id}": { post: {} } }, cluster: { "/about": { get: {} } }, schemas: {} },
        },
      ],
      roles: { "issue-tracker:reader": { title: "Reader", kinds: [{ kind: "Issue", permissionSet: "viewer" }], routes: ["getFoos"] } },
      roleBindings: { viewer: ["issue-tracker:reader"], additional: { team: ["issue-tracker:reader"] } },
    },
  ],
  [
    "the older form of a kind and of a route",
    {
      ...{ operatorURL: "https://op" },
      ...versionWith({
        kinds: [{ kind: "Issue", scope: "Cluster", schema: { spec: { type: "object" } } }],
        routes: { namespaced: { "/bar": { GET: { name: "getBar" } } } },
      }),
    },
  ],
])("accepts %s", (_, spec) => {
  expect(appManifestCauses(manifest(spec), undefined)).toEqual([]);
});

test.each<[string, object, string]>([
  ["an app name with capitals", { appName: "Issue" }, "spec.appName"],
  ["a group of one label", { group: "issues" }, "spec.group"],
  ["a group of the server's", { group: "apps.grafana.app" }, "spec.group"],
  ["a version of another form", { versions: [{ name: "one" }] }, "spec.versions[0].name"],
  ["a version that is there twice", { versions: [{ name: "v1" }, { name: "v1" }] }, "spec.versions[1].name"],
  ["a preferred version that is not there", { preferredVersion: "v2" }, "spec.preferredVersion"],
  ["a preferred version that is not served", { preferredVersion: "v1", versions: [{ name: "v1", served: false }] }, "spec.preferredVersion"],
  ["a kind that is no CamelCase", kindWith({ kind: "issue", schemas: { issue: {} } }), "spec.versions[0].kinds[0].kind"],
  ["a plural with capitals", kindWith({ plural: "Issues" }), "spec.versions[0].kinds[0].plural"],
  ["a plural that is a path of the data plane", kindWith({ plural: "resources" }), "spec.versions[0].kinds[0].plural"],
  ["a kind that is there twice", versionWith({ kinds: [issue, issue] }), "spec.versions[0].kinds[1].kind"],
  [
    "a kind that differs by case alone",
    versionWith({ kinds: [issue, { ...issue, kind: "ISSUE", plural: "others", schemas: { ISSUE: {} } }] }),
    "spec.versions[0].kinds[1].kind",
  ],
  [
    "a kind that differs by case alone in another version",
    twoVersions({ kind: "ISsue", plural: "others", schemas: { ISsue: {} } }),
    "spec.versions[1].kinds[0].kind",
  ],
  ["the plural of another kind", twoVersions({ kind: "Other", schemas: { Other: {} } }), "spec.versions[1].kinds[0].plural"],
  [
    "a plural that is another kind's singular",
    versionWith({ kinds: [issue, { ...issue, kind: "Other", plural: "issue", schemas: { Other: {} } }] }),
    "spec.versions[0].kinds[1].plural",
  ],
  ["a namespaced kind for all", kindWith({ userReadable: true }), "spec.versions[0].kinds[0].userReadable"],
  ["a cluster kind in folders", kindWith({ scope: "Cluster", folderScoped: true }), "spec.versions[0].kinds[0].folderScoped"],
  ["schemas without the kind's", kindWith({ schemas: { Other: {} } }), "spec.versions[0].kinds[0].schemas"],
  [
    "an operation that there is not",
    kindWith({ admission: { mutation: { operations: ["READ"] } } }),
    "spec.versions[0].kinds[0].admission.mutation.operations[0]",
  ],
  ["another plural in another version", twoVersions({ plural: "troubles" }), "spec.versions[1].kinds[0].plural"],
  ["another scope in another version", twoVersions({ scope: "Cluster" }), "spec.versions[1].kinds[0].scope"],
  ["conversion in one version alone", twoVersions({ conversion: true }), "spec.versions[1].kinds[0].conversion"],
  ["a route that is a plural", routesWith({ namespaced: { "/Issues/": { get: {} } } }), 'spec.versions[0].routes.namespaced["/Issues/"]'],
  ["a route without operations", routesWith({ namespaced: { "/foo": { summary: "x" } } }), 'spec.versions[0].routes.namespaced["/foo"]'],
  ["a route with a star in the middle", routesWith({ cluster: { "/a/*/b": { get: {} } } }), 'spec.versions[0].routes.cluster["/a/*/b"]'],
  ["a cluster route below namespaces", routesWith({ cluster: { "/namespaces/x": { get: {} } } }), 'spec.versions[0].routes.cluster["/namespaces/x"]'],
  ["a route of the data plane's own", routesWith({ namespaced: { "/health": { get: {} } } }), 'spec.versions[0].routes.namespaced["/health"]'],
  ["a binding to no role", { roleBindings: { admin: ["other"] } }, "spec.roleBindings.admin[0]"],
  [
    "a role with a set and verbs",
    { roles: { r: { kinds: [{ kind: "Issue", permissionSet: "viewer", verbs: ["get"] }] } } },
    'spec.roles["r"].kinds[0]',
  ],
  ["a role for no kind", { roles: { r: { kinds: [{ kind: "Other", verbs: ["get"] }] } } }, 'spec.roles["r"].kinds[0].kind'],
])("refuses %s", (_, spec, field) => {
  expect(appManifestCauses(manifest(spec), undefined).map((it) => it.field)).toContain(field);
});

const broken = (spec: object) => kindWith({ schemas: { Issue: { type: "object", properties: { spec } } } });
const issueAt = "spec.versions[0].kinds[0]";

test.each<[string, object, string]>([
  ["a list of nothing", broken({ type: "array" }), `${issueAt}.schemas[Issue].properties[spec].items`],
  ["a type that there is not", broken({ type: "text" }), `${issueAt}.schemas[Issue].properties[spec].type`],
  ["a pattern that is none", broken({ type: "string", pattern: "(" }), `${issueAt}.schemas[Issue].properties[spec].pattern`],
  [
    "a rule that is no CEL",
    broken({ type: "object", "x-kubernetes-validations": [{ rule: "self.(" }] }),
    `${issueAt}.schemas[Issue].properties[spec].x-kubernetes-validations[0].rule`,
  ],
  [
    "a default of another type",
    broken({ type: "object", properties: { a: { type: "string", default: 1 } } }),
    `${issueAt}.schemas[Issue].properties[spec].properties[a].default`,
  ],
  ["the older form of a schema", kindWith({ schemas: undefined, schema: { spec: { type: "array" } } }), `${issueAt}.schema.properties[spec].items`],
  ["a selectable field that there is not", kindWith({ selectableFields: ["spec.nope"] }), `${issueAt}.selectableFields[0]`],
  [
    "a column of another type",
    kindWith({ additionalPrinterColumns: [{ name: "A", type: "text", jsonPath: ".spec" }] }),
    `${issueAt}.additionalPrinterColumns[0].type`,
  ],
  ["a broken schema in another version", twoVersions({ schemas: { Issue: { type: "array" } } }), "spec.versions[1].kinds[0].schemas[Issue].type"],
])("refuses %s", (_, spec, field) => {
  const found = appManifestCauses(manifest(spec), undefined).map((it) => it.field);
  expect(found).toContain(field);
  expect(found.every((it) => it.startsWith("spec.versions["))).toBe(true);
});

test("a kind with a broken schema that was taken once may stand while others change", () => {
  const old = manifest(broken({ type: "array" }));
  expect(appManifestCauses(old, old)).toEqual([]);
  const { versions } = broken({ type: "array" });
  const more = manifest({
    versions: [...versions, { name: "v2", kinds: [{ ...issue, kind: "Other", plural: "others", schemas: { Other: { type: "text" } } }] }],
  });
  expect(appManifestCauses(more, old)[0]?.field).toBe("spec.versions[1].kinds[0].schemas[Other].type");
});

test("the group stays, and a version that is served cannot go", () => {
  const old = manifest();
  expect(appManifestCauses(manifest({ group: "other.example.com" }), old).map(({ field }) => field)).toEqual(["spec.group"]);
  expect(appManifestCauses(manifest({ versions: [] }), old).map(({ field }) => field)).toEqual(["spec.versions"]);
  const retired = manifest({ versions: [{ name: "v1", served: false }] });
  expect(appManifestCauses(manifest({ versions: [] }), retired)).toEqual([]);
});

async function withClient(run: (client: ApiClient) => Promise<void>): Promise<void> {
  const stop = new AbortController();
  const registry = createRegistry();
  addBuiltinResources(registry);
  for (const definition of appManifests) registry.add(definition);
  const version = { gitVersion: "v1.32.0", major: "1", minor: "32" };
  const store = createMemoryStore();
  const server = createApiServer({ store, registry, sources: [], clock: systemClock, newUid: randomUUID, logger: silentLogger, version });
  await server.start(stop.signal);
  const authenticator = { authenticate: () => Promise.resolve(undefined) };
  const authorizer = { authorize: () => ({ allowed: true, reason: "" }) };
  const filters = filterChain({ authenticator, authorizer, logger: silentLogger, newUid: randomUUID });
  await run(createApiClient({ handler: withFilters(filters, server.handler), user: controlPlaneUser }));
  stop.abort();
}

test("one object is seen in both versions, with its status", () =>
  withClient(async (client) => {
    const made = await client.create(older, { ...manifest(), apiVersion: "apps.grafana.app/v1alpha1" });
    expect(made.apiVersion).toBe("apps.grafana.app/v1alpha1");
    const seen = await client.get(newer, { name: "issue-tracker" });
    expect(seen).toMatchObject({
      apiVersion: "apps.grafana.app/v1alpha2",
      metadata: { uid: made.metadata.uid },
      spec: { versions: [{ served: true }] },
    });
    const status = {
      observedGeneration: 1,
      resources: { crds: { status: "success", managedResources: [{ kind: "CustomResourceDefinition", name: "x" }] } },
    };
    await client.patch(newer, { name: "issue-tracker", subresource: "status" }, "application/merge-patch+json", { status });
    expect((await client.get(older, { name: "issue-tracker" }))["status"]).toEqual(status);
  }));

test("a manifest that is not sound is refused with its causes", () =>
  withClient(async (client) => {
    const refused: unknown = await client
      .create(newer, manifest({ group: "no", versions: [{ name: "v1", kinds: [{ kind: "x" }] }] }))
      .catch((it: unknown) => it);
    if (!(refused instanceof ApiError)) throw new Error("it was not refused");
    expect(refused.code).toBe(422);
    expect(JSON.stringify(refused.toStatus())).toContain("spec.versions[0].kinds[0].scope");
  }));

test("what is not as it should be reads as empty", () => {
  const read = manifestSpecFrom({
    apiVersion: "",
    kind: "",
    metadata: { name: "x" },
    spec: { versions: [1, { kinds: "x", routes: [] }], roles: [] },
  });
  expect(read).toMatchObject({
    appName: "",
    group: "",
    versions: [
      { name: "", kinds: [] },
      { kinds: [], routes: { namespaced: {} } },
    ],
  });
});
