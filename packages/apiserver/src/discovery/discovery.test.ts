import { expect, test } from "vitest";
import type { ServedGroupVersion } from "../api-source.js";
import { startApiServer } from "../testing/start-api-server.js";
import { widgets } from "../testing/widgets.js";
import { compareGroups, compareVersions } from "./group-order.js";
import { isKubernetesOwn, servedPriority } from "./served-priority.js";

const aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";

test("aggregated discovery repeats its type, has an ETag, and answers 304", async () => {
  await using api = await startApiServer((registry) => registry.add(widgets));
  const answer = await api.call("/apis", { headers: { accept: aggregated } });
  expect(answer.headers).toMatchObject({ "content-type": "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList", vary: "Accept" });
  expect(answer.json).toMatchObject({ kind: "APIGroupDiscoveryList", apiVersion: "apidiscovery.k8s.io/v2" });
  const widget = { resource: "widgets", scope: "Namespaced", shortNames: ["wd"], subresources: [{ subresource: "status" }] };
  const group = (answer.json.items ?? []).find(({ metadata }) => metadata.name === "example.com");
  expect(group).toMatchObject({ versions: [{ version: "v1", freshness: "Current", resources: [widget] }] });
  const etag = String(answer.headers["etag"]);
  expect((await api.call("/apis", { headers: { accept: aggregated, "if-none-match": etag } })).status).toBe(304);
  api.registry.remove(widgets);
  expect((await api.call("/apis", { headers: { accept: aggregated, "if-none-match": etag } })).status).toBe(200);
});

test("classic discovery lists versions, groups and resources", async () => {
  await using api = await startApiServer((registry) => registry.add(widgets));
  expect((await api.call("/api")).json).toMatchObject({ kind: "APIVersions", versions: ["v1"] });
  expect((await api.call("/apis/example.com")).json).toMatchObject({ kind: "APIGroup", preferredVersion: { groupVersion: "example.com/v1" } });
  const { json } = await api.call("/apis/example.com/v1");
  expect(json).toMatchObject({ kind: "APIResourceList", resources: [{ name: "widgets" }, { name: "widgets/status" }] });
  expect((await api.call("/apis/nothing.io")).status).toBe(404);
});

test("versions go from stable to alpha, newest first", () => {
  const versions = ["foo10", "v1alpha1", "v1", "v2beta1", "v10", "v2", "v1beta2", "foo1", "v0alpha1", "Foo"];
  expect(versions.toSorted(compareVersions)).toEqual(["v10", "v2", "v1", "v2beta1", "v1beta2", "v1alpha1", "v0alpha1", "Foo", "foo1", "foo10"]);
});

test("the root tells where to look further", async () => {
  await using api = await startApiServer();
  const { status, json } = await api.call("/");
  expect(status).toBe(200);
  expect(json["paths"]).toEqual(
    expect.arrayContaining(["/api", "/api/v1", "/apis", "/apis/coordination.k8s.io", "/apis/coordination.k8s.io/v1", "/openapi/v3"]),
  );
});

test("groups of Kubernetes come in its order, before those of others by name", () => {
  const groups = ["b.com", "rbac.authorization.k8s.io", "apps", "", "a.com", "other.k8s.io", "coordination.k8s.io", "events.k8s.io"];
  const sorted = ["", "apps", "events.k8s.io", "rbac.authorization.k8s.io", "coordination.k8s.io", "a.com", "b.com", "other.k8s.io"];
  const inOrder = groups.map((group) => ({ group, priority: servedPriority({ group, version: "v1" }).group })).toSorted(compareGroups);
  expect(inOrder.map(({ group }) => group)).toEqual(sorted);
});

test("a group comes as early as an APIService ranks it, and so do its versions", async () => {
  const served = (group: string, version: string, priority?: ServedGroupVersion["priority"]): ServedGroupVersion => ({
    ...{ group, version, resources: [], openapi: { paths: {}, schemas: {} }, freshness: "Current" as const },
    ...(priority === undefined ? {} : { priority }),
  });
  const remote = [
    served("low.example.com", "v1", { group: 100, version: 15 }),
    served("high.example.com", "v1beta1", { group: 17_850, version: 20 }),
    served("high.example.com", "v1", { group: 2_000, version: 10 }),
    served("plain.example.com", "v1"),
  ];
  await using api = await startApiServer(undefined, undefined, [{ served: () => remote, generation: 1 }]);
  const { json } = await api.call("/apis");
  const groups = json["groups"] as readonly { readonly name: string; readonly versions: readonly { readonly version: string }[] }[];
  const names = groups.map(({ name }) => name);
  expect(names[0]).toBe("high.example.com");
  expect(names.indexOf("plain.example.com")).toBeLessThan(names.indexOf("low.example.com"));
  expect(names.at(-1)).toBe("low.example.com");
  expect(groups[0]?.versions.map(({ version }) => version)).toEqual(["v1beta1", "v1"]);
});

test.each([
  ["a version of its own that ranks below what is served here comes after it", 5, ["v1", "v2"]],
  ["one that ranks above comes first, and is the preferred one", 500, ["v2", "v1"]],
])("in a group that is served here and by another server, %s", async (_what, version, order) => {
  const served = (of: string): ServedGroupVersion => ({
    ...{ group: "shared.example.com", version: of, resources: [], openapi: { paths: {}, schemas: {} }, freshness: "Current" as const },
  });
  const sources = [served("v1"), { ...served("v2"), priority: { group: 100, version } }, { ...served("v1"), group: "zz.example.com" }];
  await using api = await startApiServer(undefined, undefined, [{ served: () => sources, generation: 1 }]);
  const { json } = await api.call("/apis");
  const groups = json["groups"] as readonly { readonly name: string; readonly versions: unknown; readonly preferredVersion: unknown }[];
  const shared = groups.find(({ name }) => name === "shared.example.com");
  const all = order.map((it) => ({ groupVersion: `shared.example.com/${it}`, version: it }));
  expect([shared?.versions, shared?.preferredVersion]).toEqual([all, all[0]]);
  // The group is ranked by its highest version.
  const names = groups.map(({ name }) => name);
  expect(names.indexOf("shared.example.com")).toBeLessThan(names.indexOf("zz.example.com"));
});

test("the order of sources is not that of the answer, so that its ETag stays", async () => {
  const served = (group: string, version: string): ServedGroupVersion => ({
    ...{ group, version, resources: [], openapi: { paths: {}, schemas: {} }, freshness: "Current" as const },
    priority: { group: 100, version: 10 },
  });
  const all = [served("b.example.com", "v1"), served("a.example.com", "v1beta1"), served("a.example.com", "v1"), served("c.example.com", "foo")];
  const tags = new Set<string>();
  for (const sources of [all, all.toReversed()]) {
    await using api = await startApiServer(undefined, undefined, [{ served: () => sources, generation: 1 }]);
    tags.add(String((await api.call("/apis", { headers: { accept: aggregated } })).headers["etag"]));
  }
  expect(tags.size).toBe(1);
});

test("what is served here is ranked as Kubernetes ranks it, and everything else as custom resources", () => {
  expect(servedPriority({ group: "", version: "v1" })).toEqual({ group: 18_000, version: 1 });
  expect(servedPriority({ group: "autoscaling", version: "v2" })).toEqual({ group: 17_500, version: 30 });
  expect(servedPriority({ group: "apps", version: "v9alpha1" })).toEqual({ group: 17_800, version: 9 });
  expect(servedPriority({ group: "constructor", version: "v1" })).toEqual({ group: 1_000, version: 100 });
  expect(
    [
      { group: "apps", version: "v1" },
      { group: "apps", version: "v2" },
      { group: "a.example.com", version: "v1" },
    ].map(isKubernetesOwn),
  ).toEqual([true, false, false]);
});

test("subresources tell the kind they answer with, and what is stored the hash of its version", async () => {
  await using api = await startApiServer((registry) =>
    registry.add({ ...widgets, scale: { specReplicasPath: ".spec.size", statusReplicasPath: ".status.size" } }),
  );
  const { json } = await api.call("/apis/example.com/v1");
  const resources = json["resources"] as readonly Record<string, unknown>[];
  expect(resources.find(({ name }) => name === "widgets/scale")).toMatchObject({ group: "autoscaling", version: "v1", kind: "Scale" });
  expect(resources.find(({ name }) => name === "widgets")).toMatchObject({ storageVersionHash: expect.stringMatching(/^[\w+/]{11}=$/) as string });
  const answer = await api.call("/apis", { headers: { accept: aggregated } });
  const group = (answer.json.items ?? []).find(({ metadata }) => metadata.name === "example.com");
  expect(JSON.stringify(group)).toContain('"responseKind":{"group":"autoscaling","version":"v1","kind":"Scale"}');
  const beta = await api.call("/apis", { headers: { accept: "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList" } });
  expect(beta.json).toMatchObject({ apiVersion: "apidiscovery.k8s.io/v2beta1" });
  expect((await api.call("/apis", { headers: { accept: "application/json;g=apidiscovery.k8s.io;v=v9;as=APIGroupDiscoveryList" } })).status).toBe(406);
});
