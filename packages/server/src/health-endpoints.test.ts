import type { HttpRequest } from "@dataplane/meta";
import { expect, test } from "vitest";
import { healthEndpoints } from "./health-endpoints.js";
import { kubernetesLiveChecks, kubernetesReadyChecks } from "./kubernetes-checks.js";

async function* nothing(): AsyncGenerator<Uint8Array> {
  // No body.
}

const request = (url: string): HttpRequest => {
  const { pathname, searchParams } = new URL(url, "http://localhost");
  return {
    method: "GET",
    path: pathname,
    query: searchParams,
    headers: {},
    body: nothing(),
    signal: new AbortController().signal,
    remoteAddress: "127.0.0.1",
    context: {},
  };
};

const ready = { name: "ping", problem: () => undefined };
const broken = { name: "store", problem: () => "the disk is full" };
const handler = healthEndpoints({ livez: [ready], readyz: [ready, broken] }, () => Promise.resolve({ status: 404, headers: {} }));

test("all is well in one word", async () => {
  expect(await handler(request("/livez"))).toMatchObject({ status: 200, body: "ok" });
  expect(await handler(request("/healthz"))).toMatchObject({ status: 200, body: "ok" });
});

test("a failed check is named, its reason is not", async () => {
  const { status, body } = await handler(request("/readyz"));
  expect(status).toBe(500);
  expect(body).toBe("[+]ping ok\n[-]store failed: reason withheld\nreadyz check failed\n");
});

test("verbose lists the checks, and one can be excluded", async () => {
  expect(await handler(request("/readyz?verbose&exclude=store"))).toMatchObject({
    status: 200,
    body: "[+]ping ok\n[+]store excluded: ok\nreadyz check passed\n",
  });
  expect((await handler(request("/livez?verbose&exclude=nope"))).body).toContain('no matches for "nope"');
});

test("a check has a path of its own", async () => {
  expect(await handler(request("/livez/ping"))).toMatchObject({ status: 200, body: "ok" });
  expect(await handler(request("/readyz/store"))).toMatchObject({ status: 500 });
  expect(await handler(request("/readyz/nope"))).toMatchObject({ status: 404 });
  expect(await handler(request("/readyzz"))).toMatchObject({ status: 404 });
});

test("the checks of kube-apiserver are there by name, and wait for their stage", async () => {
  let reached = false;
  const store: { problem?: string } = {};
  const checks = kubernetesReadyChecks(
    (stage) => stage === "begun" || reached,
    () => store.problem,
  );
  const server = healthEndpoints({ livez: [ready, ...kubernetesLiveChecks], readyz: [ready, ...checks] }, () =>
    Promise.resolve({ status: 404, headers: {} }),
  );
  expect(await server(request("/readyz/poststarthook/crd-informer-synced"))).toMatchObject({ status: 500 });
  expect(await server(request("/readyz/log"))).toMatchObject({ status: 200 });
  expect(await server(request("/livez/etcd"))).toMatchObject({ status: 200 });
  reached = true;
  const { status, body } = await server(request("/readyz?verbose=1"));
  expect(status).toBe(200);
  for (const name of [
    "ping",
    "log",
    "etcd",
    "informer-sync",
    "poststarthook/scheduling/bootstrap-system-priority-classes",
    "autoregister-completion",
  ]) {
    expect(typeof body === "string" ? body.split("\n") : []).toContain(`[+]${name} ok`);
  }
  store.problem = "the disk is full";
  expect(await server(request("/readyz"))).toMatchObject({ status: 500, body: expect.stringContaining("[-]etcd failed") as string });
  expect(await server(request("/livez"))).toMatchObject({ status: 200 });
});
