import { expect, test } from "vitest";
import { startApiServer } from "../testing/start-api-server.js";
import { widgets } from "../testing/widgets.js";
import { compareVersions } from "./group-order.js";

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
  const versions = ["v1alpha1", "v1", "v2beta1", "v10", "v2", "v1beta2", "foo", "v0alpha1"];
  expect(versions.toSorted(compareVersions)).toEqual(["v10", "v2", "v1", "v2beta1", "v1beta2", "v1alpha1", "v0alpha1", "foo"]);
});

test("the root tells where to look further", async () => {
  await using api = await startApiServer();
  const { status, json } = await api.call("/");
  expect(status).toBe(200);
  expect(json["paths"]).toEqual(
    expect.arrayContaining(["/api", "/api/v1", "/apis", "/apis/coordination.k8s.io", "/apis/coordination.k8s.io/v1", "/openapi/v3"]),
  );
});
