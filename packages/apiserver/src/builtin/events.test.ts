import { expect, test } from "vitest";
import { startApiServer } from "../testing/start-api-server.js";

const core = "/api/v1/namespaces/default/events";
const newer = "/apis/events.k8s.io/v1/namespaces/default/events";
const time = "2026-01-01T00:00:00.000000Z";
const newEvent = {
  ...{ metadata: { name: "e" }, reason: "R", note: " n\n", type: "Normal", action: "A", eventTime: time },
  ...{ reportingController: "example.com/c", reportingInstance: "c-1", regarding: { kind: "Widget", name: "w", fieldPath: "spec.size" } },
};
const asTable = { accept: "application/json;as=Table;g=meta.k8s.io;v=v1" };

interface Table {
  readonly columnDefinitions: readonly { readonly name: string; readonly priority: number }[];
  readonly rows: readonly { readonly cells: readonly unknown[] }[];
}

async function refusal(path: string, body: object): Promise<unknown> {
  await using api = await startApiServer();
  const { status, json } = await api.call(path, { method: "POST", body });
  return status === 422 ? (json["details"] as { readonly causes: unknown }).causes : status;
}

test("an event lies in the namespace of its object", async () => {
  const cause = (value: string) => [
    { reason: "FieldValueInvalid", message: `Invalid value: "${value}": does not match event.namespace`, field: "involvedObject.namespace" },
  ];
  const about = (namespace: string) => ({ metadata: { name: "e" }, involvedObject: { kind: "Widget", name: "w", namespace } });
  expect(await refusal(core, about("other"))).toEqual(cause("other"));
  expect(await refusal(core, about("default"))).toBe(201);
  expect(await refusal(core, { metadata: { name: "e" } })).toBe(201);
  await using api = await startApiServer();
  await api.call("/api/v1/namespaces", { method: "POST", body: { metadata: { name: "other" } } });
  const elsewhere = await api.call("/api/v1/namespaces/other/events", { method: "POST", body: { metadata: { name: "e" } } });
  expect(elsewhere).toMatchObject({ status: 422, json: { details: { causes: cause("") } } });
});

test("an event with a time of its own says who reports what", async () => {
  const fields = (causes: unknown) =>
    (causes as readonly { readonly field: string; readonly message: string }[]).map((it) => `${it.field}: ${it.message}`);
  const bare = fields(await refusal(core, { metadata: { name: "e" }, eventTime: time, message: "m".repeat(1_025) }));
  expect(bare.filter((it) => it.endsWith(": Required value"))).toEqual(
    ["reportingComponent", "reportingInstance", "action", "reason"].map((it) => `${it}: Required value`),
  );
  expect(bare.at(-1)).toBe('message: Invalid value: "": can have at most 1024 characters');
});

test("a new event of the newer group has none of the older fields", async () => {
  expect(await refusal(newer, newEvent)).toBe(201);
  const old = {
    ...newEvent,
    type: "Odd",
    deprecatedCount: 1,
    deprecatedFirstTimestamp: "2026-01-01T00:00:00Z",
    deprecatedSource: { component: "c" },
    series: { count: 1 },
  };
  const causes = (await refusal(newer, old)) as readonly { readonly field: string }[];
  expect(causes.map(({ field }) => field)).toEqual(["series.count", "series.lastObservedTime", "type", "firstTimestamp", "count", "source"]);
});

test.each([core, newer])("%s shows what happened to what, and the name to who asks for all", async (path) => {
  await using api = await startApiServer();
  await api.call(newer, { method: "POST", body: newEvent });
  const { json } = await api.call(path, { headers: asTable });
  const { columnDefinitions, rows } = json as unknown as Table;
  expect(columnDefinitions.filter(({ priority }) => priority === 0).map(({ name }) => name)).toEqual([
    ...["Last Seen", "Type", "Reason", "Object", "Message"],
  ]);
  const ago = expect.stringMatching(/^\d+[a-z]/) as unknown;
  expect(rows.map(({ cells }) => cells)).toEqual([[ago, "Normal", "R", "widget/w", "spec.size", "example.com/c, c-1", "n", ago, 1, "e"]]);
});

test("events are selected by who saw them, whichever field says it", async () => {
  await using api = await startApiServer();
  await api.call(newer, { method: "POST", body: newEvent });
  await api.call(core, { method: "POST", body: { metadata: { name: "old" }, source: { component: "example.com/d" } } });
  const namesBy = async (component: string) => {
    const { json } = await api.call(`${core}?fieldSelector=${encodeURIComponent(`source=${component}`)}`);
    return (json["items"] as readonly { readonly metadata: { readonly name: string } }[]).map(({ metadata }) => metadata.name);
  };
  expect(await namesBy("example.com/c")).toEqual(["e"]);
  expect(await namesBy("example.com/d")).toEqual(["old"]);
  expect((await api.call(`${newer}?fieldSelector=source%3Da`)).status).toBe(400);
});
