import { isJsonObject, type JsonObject } from "@dataplane/meta";
import { expect, test } from "vitest";
import { apiServicesRef, automanagedLabel } from "./apiservice.js";
import { anApiService, aRemote, eventually, startKubeAggregator, type TestKubeAggregator } from "./testing/start-kube-aggregator.js";

const names = ({ services }: TestKubeAggregator): readonly string[] => services.list().map(({ metadata }) => metadata.name);
const automanaged = (name: string) => ({ ...anApiService(name), metadata: { name, labels: { [automanagedLabel]: "true" } } });

test("each group and version that is served here has an APIService, the core group's is v1.", async () => {
  await using it = await startKubeAggregator();
  it.extra.set("plugin.example.com/v0alpha1");
  const wanted = ["v1.", "v1.apiregistration.k8s.io", "v1.coordination.k8s.io", "v1.events.k8s.io", "v0alpha1.plugin.example.com"];
  await eventually(() => expect(names(it)).toEqual(expect.arrayContaining(wanted)));
  expect(it.services.get("v0alpha1.plugin.example.com")).toMatchObject({
    metadata: { labels: { [automanagedLabel]: "true" } },
    spec: { group: "plugin.example.com", version: "v0alpha1", groupPriorityMinimum: 1000, versionPriority: 100 },
  });
  expect(it.services.get("v1.")).toMatchObject({
    metadata: { labels: { [automanagedLabel]: "onstart" } },
    spec: { group: "", version: "v1", groupPriorityMinimum: 18_000, versionPriority: 1 },
  });
});

test("it is removed when its group goes, and made again when somebody deletes it or changes its spec", async () => {
  await using it = await startKubeAggregator();
  it.extra.set("a.example.com/v1", "b.example.com/v1");
  await eventually(() => expect(names(it)).toEqual(expect.arrayContaining(["v1.a.example.com", "v1.b.example.com"])));

  const { uid } = (await it.get("v1.a.example.com")).metadata;
  await it.client.delete(apiServicesRef, { name: "v1.a.example.com" });
  await eventually(async () => expect((await it.get("v1.a.example.com")).metadata.uid).not.toBe(uid));

  const change = { metadata: { annotations: { note: "mine" } }, spec: { ...aRemote } };
  await it.client.patch(apiServicesRef, { name: "v1.a.example.com" }, "application/merge-patch+json", change);
  await eventually(async () => {
    const { metadata, spec } = await it.get("v1.a.example.com");
    expect([spec, metadata.annotations]).toEqual([expect.not.objectContaining({ service: expect.anything() as unknown }), { note: "mine" }]);
  });

  it.extra.set("a.example.com/v1");
  await eventually(() => expect(names(it)).not.toContain("v1.b.example.com"));
  expect(names(it)).toContain("v1.a.example.com");
});

test("a user's own APIService is let alone, whether its group is served here or not", async () => {
  const remote = anApiService("v1.a.example.com", aRemote);
  await using it = await startKubeAggregator({ stored: [remote, anApiService("v1.nowhere.example.com")] });
  const before = (await it.get("v1.a.example.com")).metadata.uid;
  it.extra.set("a.example.com/v1", "marker.example.com/v1");
  await eventually(() => expect(names(it)).toContain("v1.marker.example.com"));
  it.extra.set("marker2.example.com/v1");
  await eventually(() => expect(names(it)).toContain("v1.marker2.example.com"));
  const { metadata, spec } = await it.get("v1.a.example.com");
  expect([metadata.uid, spec]).toEqual([before, remote["spec"]]);
  expect(names(it)).toContain("v1.nowhere.example.com");
});

test("nothing is removed before the sources are complete, so that a restart makes no APIService anew", async () => {
  await using it = await startKubeAggregator({ isComplete: false, stored: [automanaged("v1.slow.example.com"), automanaged("v1.gone.example.com")] });
  const { uid } = (await it.get("v1.slow.example.com")).metadata;
  await eventually(() => expect(names(it)).toContain("v1."));
  expect(names(it)).toContain("v1.slow.example.com");
  it.extra.set("slow.example.com/v1");
  it.isComplete = true;
  await eventually(() => expect(names(it)).not.toContain("v1.gone.example.com"));
  expect((await it.get("v1.slow.example.com")).metadata.uid).toBe(uid);
});

test("changes to what is kept are undone, priorities and mark alike, until somebody takes it over by removing the mark", async () => {
  await using it = await startKubeAggregator();
  await eventually(() => expect(names(it)).toContain("v1.coordination.k8s.io"));
  const patch = (change: JsonObject) => it.client.patch(apiServicesRef, { name: "v1.coordination.k8s.io" }, "application/merge-patch+json", change);
  const seen = async () => {
    const { metadata, spec } = await it.get("v1.coordination.k8s.io");
    return [metadata.labels?.[automanagedLabel], isJsonObject(spec) ? spec["groupPriorityMinimum"] : undefined];
  };
  await patch({ spec: { groupPriorityMinimum: 5 } });
  await eventually(async () => expect(await seen()).toEqual(["onstart", 16_500]));
  await patch({ metadata: { labels: { [automanagedLabel]: "yes" } } });
  await eventually(async () => expect(await seen()).toEqual(["onstart", 16_500]));
  await patch({ metadata: { labels: { [automanagedLabel]: null } }, spec: { groupPriorityMinimum: 5 } });
  it.extra.set("marker.example.com/v1");
  await eventually(() => expect(names(it)).toContain("v1.marker.example.com"));
  expect(await seen()).toEqual([undefined, 5]);
});
