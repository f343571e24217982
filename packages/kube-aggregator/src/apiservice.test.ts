import { ApiError, type ApiObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import { expect, test } from "vitest";
import { apiServiceFrom, apiServices, apiServicesRef } from "./apiservice.js";
import { anApiService, aRemote, eventually, startKubeAggregator } from "./testing/start-kube-aggregator.js";

const name1035 =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const service = (more: JsonObject): JsonObject => ({ service: { namespace: "ns", name: "s", ...more } });

// As kube-aggregator 0.37 refuses them.
test.each<[string, string, JsonObject, readonly string[]]>([
  [
    "a name that is not its version and group",
    "v1.b.example.com",
    { group: "a.example.com" },
    ['metadata.name: Invalid value: "v1.b.example.com": must be `spec.version+"."+spec.group`: "v1.a.example.com"'],
  ],
  [
    "no version",
    "v1.a.example.com",
    { version: "" },
    [
      'metadata.name: Invalid value: "v1.a.example.com": must be `spec.version+"."+spec.group`: ".a.example.com"',
      `spec.version: Invalid value: "": ${name1035}`,
    ],
  ],
  ["a version that begins with a digit", "1.a.example.com", {}, [`spec.version: Invalid value: "1": ${name1035}`]],
  ["no group", "v2.", {}, ["spec.group: Required value: only v1 may have an empty group and it better be legacy kube"]],
  ["a group that is no subdomain", "v1.a..b", {}, ['spec.group: Invalid value: "a..b": a lowercase RFC 1123 subdomain must consist of']],
  [
    "no priority",
    "v1.a.example.com",
    { groupPriorityMinimum: 0 },
    ["spec.groupPriorityMinimum: Invalid value: 0: must be positive and less than 20000"],
  ],
  [
    "a priority that is too high",
    "v1.a.example.com",
    { versionPriority: 1001 },
    ["spec.versionPriority: Invalid value: 1001: must be positive and less than 1000"],
  ],
  ["a service without a name", "v1.a.example.com", service({ name: "" }), ["spec.service.name: Required value"]],
  ["a service without a namespace", "v1.a.example.com", { service: { name: "s" } }, ["spec.service.namespace: Required value"]],
  [
    "a bad port",
    "v1.a.example.com",
    service({ port: 0 }),
    ["spec.service.port: Invalid value: 0: port is not valid: must be between 1 and 65535, inclusive"],
  ],
  [
    "a caBundle without a service",
    "v1.a.example.com",
    { caBundle: "eA==" },
    ['spec.caBundle: Invalid value: "1 bytes": local APIServices may not have a caBundle'],
  ],
  [
    "blind trust without a service",
    "v1.a.example.com",
    { insecureSkipTLSVerify: true },
    ["spec.insecureSkipTLSVerify: Invalid value: true: local APIServices may not have insecureSkipTLSVerify"],
  ],
  [
    "blind trust and a caBundle",
    "v1.a.example.com",
    { ...aRemote, caBundle: "eA==" },
    ["spec.insecureSkipTLSVerify: Invalid value: true: may not be true if caBundle is present"],
  ],
])("an APIService with %s is refused in kube-aggregator's words", async (_what, name, spec, causes) => {
  await using it = await startKubeAggregator();
  const refusal = await it.client.create(apiServicesRef, anApiService(name, spec)).catch((thrown: unknown) => thrown);
  expect(causesOf(refusal)).toEqual(causes.map((words) => expect.stringContaining(words) as string));
});

function causesOf(refusal: unknown): readonly string[] {
  if (!(refusal instanceof ApiError)) throw new Error("it was taken");
  expect(refusal.reason).toBe("Invalid");
  return (refusal.details?.causes ?? []).map(({ field, message }) => `${field}: ${message}`);
}

test("priorities that are not told are 0, and refused as such", async () => {
  await using it = await startKubeAggregator();
  const bare: ApiObject = { ...anApiService("v1.a.example.com"), spec: { group: "a.example.com", version: "v1" } };
  const refusal = await it.client.create(apiServicesRef, bare).catch((thrown: unknown) => thrown);
  expect(causesOf(refusal)).toEqual([
    "spec.groupPriorityMinimum: Invalid value: 0: must be positive and less than 20000",
    "spec.versionPriority: Invalid value: 0: must be positive and less than 1000",
  ]);
});

test("a condition is True, False or Unknown; the status is written apart from the spec", async () => {
  await using it = await startKubeAggregator();
  await it.client.create(apiServicesRef, anApiService("v1.a.example.com"));
  const write = (status: string) =>
    it.client.patch(apiServicesRef, { name: "v1.a.example.com", subresource: "status" }, "application/merge-patch+json", {
      spec: { groupPriorityMinimum: 7 },
      status: { conditions: [{ type: "Noted", status, reason: "Test", message: "", lastTransitionTime: "2026-01-01T00:00:00Z" }] },
    });
  expect(causesOf(await write("Maybe").catch((thrown: unknown) => thrown))).toEqual([
    'status.conditions[0].status: Unsupported value: "Maybe": supported values: "True", "False", "Unknown"',
  ]);
  await write("Unknown");
  const { conditions, groupPriorityMinimum } = apiServiceFrom(await it.get("v1.a.example.com"));
  expect([conditions.some(({ type }) => type === "Noted"), groupPriorityMinimum]).toEqual([true, 100]);
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
