import { isJsonObject, type JsonObject, unavailable } from "@dataplane/meta";
import { expect, test } from "vitest";
import type { GroupConversion } from "./convert/definition-converter.js";
import { aDefinition, aVersion, aWidget, definitionsPath, schemaOf, widgetsPath } from "./testing/a-definition.js";
import { startServer, type TestServer } from "./testing/start-server.js";

const text = { type: "string" };
const v2Path = widgetsPath.replace("/v1/", "/v2/");
const gadgetsPath = widgetsPath.replace("widgets", "gadgets");

/** v1 has `size: "3x4"`, v2 has width and height. */
const versions = [
  aVersion("v1", { schema: schemaOf({ size: text }) }),
  aVersion("v2", { storage: false, schema: schemaOf({ width: text, height: text }) }),
];

function inVersion(object: JsonObject, version: string): JsonObject {
  const { size = "", width = "", height = "" } = (isJsonObject(object["spec"]) ? object["spec"] : {}) as Readonly<Record<string, string>>;
  const [first = "", second = ""] = size.split("x");
  const spec = version === "v2" ? { width: first, height: second } : { size: `${width}x${height}` };
  return { ...object, apiVersion: `example.com/${version}`, spec };
}

/** Converts example.com, as long as somebody does. */
class Service implements GroupConversion {
  who: string | undefined = "plugin";
  isAway = false;
  readonly asked: number[] = [];
  readonly converter: GroupConversion["converter"] = {
    convert: (objects, { version }) => {
      this.asked.push(objects.length);
      if (this.isAway) return Promise.reject(unavailable("the plugin is not there"));
      return Promise.resolve({ converted: objects.map((object) => inVersion(object, version)) });
    },
  };

  whoConverts(group: string): string | undefined {
    return group === "example.com" ? this.who : undefined;
  }
}

async function startWith(service: Service): Promise<TestServer> {
  const api = await startServer({ groups: service });
  await api.call(`POST ${definitionsPath}`, { body: aDefinition({ versions }) });
  return api;
}

test("a definition that names no webhook is converted by who converts its group, once for each state", async () => {
  const service = new Service();
  await using api = await startWith(service);
  for (const name of ["a", "b", "c"]) await api.call(`POST ${widgetsPath}`, { body: aWidget(name, { size: "3x4" }) });
  expect(service.asked).toEqual([]);
  expect((await api.call(`GET ${v2Path}`)).json["items"]).toMatchObject([1, 2, 3].map(() => ({ spec: { width: "3", height: "4" } })));
  for (const name of ["a", "b", "c"]) await api.call(`GET ${v2Path}/${name}`);
  await api.call(`GET ${v2Path}`);
  expect(service.asked).toEqual([3]);
  const apply = await api.call(`PATCH ${v2Path}/a?fieldManager=me`, {
    body: { apiVersion: "example.com/v2", kind: "Widget", metadata: { name: "a" }, spec: { width: "5", height: "4" } },
    headers: { "content-type": "application/apply-patch+yaml" },
  });
  expect(apply).toMatchObject({ status: 409 });
  const put = await api.call(`PUT ${v2Path}/a/status`, { body: { ...aWidget("a"), apiVersion: "example.com/v2", status: { phase: "x" } } });
  expect(put.status).toBe(404);
  expect((await api.call(`PATCH ${v2Path}/a`, { body: { spec: { width: "5" } } })).json["spec"]).toEqual({ width: "5", height: "4" });
  expect((await api.call(`GET ${widgetsPath}/a`)).json["spec"]).toEqual({ size: "5x4" });
});

test("another who converts makes the kinds of his group anew, and no others: their watches go on", async () => {
  const service = new Service();
  service.who = undefined;
  await using api = await startWith(service);
  const names = { plural: "gadgets", kind: "Gadget" };
  await api.call(`POST ${definitionsPath}`, { body: aDefinition({ names }, "gadgets.example.com") });
  await api.call(`POST ${widgetsPath}`, { body: aWidget("a", { size: "3x4" }) });
  expect((await api.call(`GET ${v2Path}/a`)).json["spec"]).toEqual({});
  const [widgets, gadgets] = [api.watch(`${widgetsPath}?watch=true`), api.watch(`${gadgetsPath}?watch=true&resourceVersion=1`)];
  expect((await widgets.next()).value).toMatchObject({ type: "ADDED" });
  const gadget = gadgets.next();
  service.who = "plugin";
  api.extensions.convertersChanged();
  expect((await widgets.next()).done).toBe(true);
  expect((await api.call(`GET ${v2Path}/a`)).json["spec"]).toEqual({ width: "3", height: "4" });
  const again = api.watch(`${v2Path}?watch=true`);
  expect((await again.next()).value).toMatchObject({ object: { spec: { width: "3" } } });
  // The same as before: nothing is made anew.
  api.extensions.convertersChanged();
  await api.call(`POST ${widgetsPath}`, { body: aWidget("b", { size: "5x6" }) });
  expect((await again.next()).value).toMatchObject({ type: "ADDED", object: { spec: { width: "5" } } });
  await api.call(`POST ${gadgetsPath}`, { body: { ...aWidget("g"), kind: "Gadget" } });
  expect((await gadget).value).toMatchObject({ type: "ADDED", object: { kind: "Gadget" } });
});

test("who cannot be asked fails reads and writes of the other version, and nothing else", async () => {
  const service = new Service();
  service.isAway = true;
  await using api = await startWith(service);
  expect((await api.call(`POST ${widgetsPath}`, { body: aWidget("a", { size: "3x4" }) })).status).toBe(201);
  const failure = { kind: "Status", reason: "ServiceUnavailable", message: "the plugin is not there" };
  expect(await api.call(`GET ${v2Path}`)).toMatchObject({ status: 503, json: failure });
  const other = { ...aWidget("b", { width: "3" }), apiVersion: "example.com/v2" };
  expect(await api.call(`POST ${v2Path}`, { body: other })).toMatchObject({ status: 503, json: failure });
  const events = api.watch(`${v2Path}?watch=true`).next();
  expect((await api.call(`GET ${widgetsPath}`)).json["items"]).toHaveLength(1);
  expect((await api.call(`PATCH ${widgetsPath}/a`, { body: { spec: { size: "1x1" } } })).status).toBe(200);
  service.isAway = false;
  expect((await events).value).toMatchObject({ type: "ADDED", object: { apiVersion: "example.com/v2" } });
  expect((await api.call(`GET ${v2Path}`)).json["items"]).toMatchObject([{ spec: { width: "1" } }]);
});

test("a definition of one version asks nobody", async () => {
  const service = new Service();
  service.isAway = true;
  await using api = await startServer({ groups: service });
  await api.call(`POST ${definitionsPath}`, { body: aDefinition() });
  await api.call(`POST ${widgetsPath}`, { body: aWidget("a") });
  expect((await api.call(`GET ${widgetsPath}/a`)).status).toBe(200);
  expect(service.asked).toEqual([]);
});
