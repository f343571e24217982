import { ApiError, type HttpResponse, type UserInfo } from "@dataplane/meta";
import { expect, test } from "vitest";
import { apiServicesRef } from "./apiservice.js";
import { anApiService, aRemote, eventually, startKubeAggregator, type TestKubeAggregator } from "./testing/start-kube-aggregator.js";

const admin: UserInfo = { name: "admin", groups: ["system:masters", "system:authenticated"] };

async function get({ handler }: TestKubeAggregator, path: string): Promise<HttpResponse & { readonly text: string }> {
  const request = { method: "GET", path, query: new URLSearchParams(), headers: {}, body: nothing(), signal: new AbortController().signal };
  const response = await handler({ ...request, remoteAddress: "127.0.0.1", context: { user: admin } });
  return { ...response, text: await textOf(response.body) };
}

async function* nothing(): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  yield* [];
}

async function textOf(body: HttpResponse["body"]): Promise<string> {
  if (body === undefined || typeof body === "string") return body ?? "";
  if (body instanceof Uint8Array) return new TextDecoder().decode(body);
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return Buffer.concat(pieces).toString("utf8");
}

test("what is local is answered by the API server behind, and so is what has no APIService", async () => {
  await using it = await startKubeAggregator();
  expect((await get(it, "/api/v1/namespaces")).status).toBe(200);
  expect((await get(it, "/apis/coordination.k8s.io/v1/leases")).status).toBe(200);
  expect((await get(it, "/version")).status).toBe(200);
  const none = await get(it, "/apis/nobody.example.com/v1/things");
  expect([none.status, JSON.parse(none.text)]).toMatchObject([404, { kind: "Status", reason: "NotFound" }]);
});

test("what a remote APIService has is 503 with a Status, for resources and discovery alike, and 404 again when that goes", async () => {
  await using it = await startKubeAggregator();
  await it.client.create(apiServicesRef, anApiService("v1.metrics.example.com", aRemote));
  await eventually(() => expect(it.aggregator.isRemote({ group: "metrics.example.com", version: "v1" })).toBe(true));
  await eventually(async () => expect(JSON.stringify(await it.get("v1.metrics.example.com"))).toContain("ServiceNotFound"));
  await eventually(() => expect(JSON.stringify(it.services.get("v1.metrics.example.com"))).toContain("ServiceNotFound"));
  for (const path of ["/apis/metrics.example.com/v1", "/apis/metrics.example.com/v1/namespaces/default/pods/x"]) {
    const { status, headers, text } = await get(it, path);
    expect([status, headers["retry-after"]]).toEqual([503, "1"]);
    expect(JSON.parse(text)).toMatchObject({
      kind: "Status",
      reason: "ServiceUnavailable",
      message: "metrics.example.com/v1 is not available: see the conditions of APIService v1.metrics.example.com",
      details: { retryAfterSeconds: 1 },
    });
    // Where the server behind is, is none of the caller's business.
    expect(text).not.toContain("backends");
  }
  expect((await get(it, "/apis/metrics.example.com/v2/pods")).status).toBe(404);

  await it.client.delete(apiServicesRef, { name: "v1.metrics.example.com" });
  await eventually(async () => expect((await get(it, "/apis/metrics.example.com/v1/pods")).status).toBe(404));
});

test("a local APIService that is given a service becomes remote, and local again", async () => {
  await using it = await startKubeAggregator();
  const groupVersion = { group: "a.example.com", version: "v1" };
  await it.client.create(apiServicesRef, anApiService("v1.a.example.com"));
  const change = (spec: object) =>
    it.client.patch(apiServicesRef, { name: "v1.a.example.com" }, "application/merge-patch+json", { spec: { ...spec } });
  await change(aRemote);
  await eventually(() => expect(it.aggregator.isRemote(groupVersion)).toBe(true));
  await change({ service: null, insecureSkipTLSVerify: null });
  await eventually(() => expect(it.aggregator.isRemote(groupVersion)).toBe(false));
});

test("the core group and APIServices themselves cannot be given away", async () => {
  await using it = await startKubeAggregator();
  for (const name of ["v1.", "v1.apiregistration.k8s.io"]) {
    await eventually(() => it.get(name));
    await it.client.patch(apiServicesRef, { name }, "application/merge-patch+json", { metadata: { labels: null }, spec: { ...aRemote } });
  }
  await eventually(() => expect(it.services.get("v1.")?.metadata.labels).toBeUndefined());
  expect((await get(it, "/api/v1/namespaces")).status).toBe(200);
  expect((await get(it, "/apis/apiregistration.k8s.io/v1/apiservices")).status).toBe(200);
});

test("the delegate's own errors pass", async () => {
  await using it = await startKubeAggregator();
  await expect(it.client.get({ group: "", version: "v1", resource: "namespaces", namespaced: false }, { name: "no" })).rejects.toThrow(ApiError);
});
