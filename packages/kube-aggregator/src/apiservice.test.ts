import { ApiError, type JsonObject, type JsonValue } from "@dataplane/meta";
import { expect, test } from "vitest";
import { apiServiceFrom, apiServices, apiServicesRef } from "./apiservice.js";
import { anApiService, aRemote, eventually, startKubeAggregator } from "./testing/start-kube-aggregator.js";

test.each<[string, string, JsonObject, string, string]>([
  [
    "a name that is not its version and group",
    "v1.b.example.com",
    { group: "a.example.com" },
    "metadata.name",
    'must be `spec.version+"."+spec.group`: "v1.a.example.com"',
  ],
  ["no version", "v1.a.example.com", { version: "" }, "spec.version", "Required value"],
  ["a version that is no label", "V1.a.example.com", {}, "spec.version", "must be a DNS label"],
  ["no group", "v2.", {}, "spec.group", "Required value"],
  ["a group that is no subdomain", "v1.A_B", {}, "spec.group", "must be a DNS subdomain"],
  ["no priority", "v1.a.example.com", { groupPriorityMinimum: 0 }, "spec.groupPriorityMinimum", "1"],
  ["a priority that is too high", "v1.a.example.com", { versionPriority: 1001 }, "spec.versionPriority", "1000"],
  ["a service without a name", "v1.a.example.com", { service: { namespace: "ns" } }, "spec.service.name", "Required value"],
  ["a service without a namespace", "v1.a.example.com", { service: { name: "s" } }, "spec.service.namespace", "Required value"],
  ["a bad port", "v1.a.example.com", { service: { namespace: "ns", name: "s", port: 0 } }, "spec.service.port", "1"],
  ["a caBundle without a service", "v1.a.example.com", { caBundle: "eA==" }, "spec.caBundle", "local APIServices may not"],
  ["blind trust without a service", "v1.a.example.com", { insecureSkipTLSVerify: true }, "spec.insecureSkipTLSVerify", "local APIServices may not"],
  ["blind trust and a caBundle", "v1.a.example.com", { ...aRemote, caBundle: "eA==" }, "spec.insecureSkipTLSVerify", "may not be true"],
])("an APIService with %s is refused by the field", async (_what, name, spec, field, why) => {
  await using it = await startKubeAggregator();
  const refusal = await it.client.create(apiServicesRef, anApiService(name, spec)).catch((thrown: unknown) => thrown);
  if (!(refusal instanceof ApiError)) throw new Error("it was taken");
  expect(refusal.reason).toBe("Invalid");
  expect(refusal.details?.causes).toEqual([expect.objectContaining({ field, message: expect.stringContaining(why) as string })]);
});

test("the port of a service is 443 unless told", async () => {
  await using it = await startKubeAggregator();
  await it.client.create(apiServicesRef, anApiService("v1.a.example.com", { service: { namespace: "ns", name: "s" } }));
  expect(apiServiceFrom(await it.get("v1.a.example.com")).service).toEqual({ namespace: "ns", name: "s", port: 443 });
});

test("a table shows who serves, and whether it is available", async () => {
  await using it = await startKubeAggregator();
  await it.client.create(apiServicesRef, anApiService("v1.a.example.com", aRemote));
  const cells = async (name: string): Promise<readonly JsonValue[]> => {
    const object = await it.get(name);
    return (apiServices.columns ?? []).slice(0, 2).map(({ value }) => value(object, new Date()) ?? null);
  };
  await eventually(async () => expect(await cells("v1.a.example.com")).toEqual(["backends/metrics", "False (ServiceNotFound)"]));
  await eventually(async () => expect(await cells("v1.")).toEqual(["Local", "True"]));
  expect((apiServices.columns ?? []).map(({ value }) => value(anApiService("v1.a.example.com"), new Date()) ?? null)).toEqual([
    "Local",
    "Unknown",
    null,
  ]);
});

test("conditions tell of each service, move their time only when the status turns, and leave the spec's generation", async () => {
  await using it = await startKubeAggregator();
  await it.client.create(apiServicesRef, anApiService("v1.a.example.com"));
  const condition = async () => apiServiceFrom(await it.get("v1.a.example.com")).conditions.find(({ type }) => type === "Available");
  await eventually(async () =>
    expect(await condition()).toMatchObject({ status: "True", reason: "Local", message: "Local APIServices are always available" }),
  );
  expect((await it.get("v1.a.example.com")).metadata.generation).toBe(1);
  const { resourceVersion } = (await it.get("v1.a.example.com")).metadata;

  await it.client.patch(apiServicesRef, { name: "v1.a.example.com" }, "application/merge-patch+json", { spec: { ...aRemote } });
  await eventually(async () => expect(await condition()).toMatchObject({ status: "False", reason: "ServiceNotFound" }));
  expect((await condition())?.message).toContain('service/metrics in "backends"');
  expect((await it.get("v1.a.example.com")).metadata.resourceVersion).not.toBe(resourceVersion);

  // A condition that somebody else wrote is put right.
  await it.client.patch(apiServicesRef, { name: "v1.a.example.com", subresource: "status" }, "application/merge-patch+json", { status: null });
  await eventually(async () => expect(await condition()).toMatchObject({ status: "False", reason: "ServiceNotFound" }));
});
