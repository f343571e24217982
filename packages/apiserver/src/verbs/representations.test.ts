import type { JsonObject } from "@dataplane/meta";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { decodeObject } from "../protobuf/decode-object.js";
import { encodeItem } from "../protobuf/encode-object.js";
import { jsonOf } from "../table.js";
import { type Call, startApiServer, type TestServer } from "../testing/start-api-server.js";
import { widgets } from "../testing/widgets.js";

const protobuf = "application/vnd.kubernetes.protobuf";
const maps = "/api/v1/namespaces/default/configmaps";
const base = "/apis/example.com/v1/namespaces/default/widgets";

async function start(): Promise<TestServer> {
  const api = await startApiServer((registry) => registry.add(widgets));
  await api.call(maps, { method: "POST", body: { metadata: { name: "m", labels: { a: "b" } }, data: { key: "value" } } });
  await api.call(base, { method: "POST", body: { metadata: { name: "w" }, spec: { color: "red" } } });
  return api;
}

const accepting = (accept: string, call: Call = {}): Call => ({ ...call, headers: { ...call.headers, accept } });

async function bytesOf(
  api: TestServer,
  path: string,
  accept: string,
): Promise<{ readonly type: unknown; readonly status: number; readonly bytes: Buffer }> {
  const { status, headers, body } = await api.open(path, accepting(accept));
  const chunks: Uint8Array[] = [];
  if (body instanceof Uint8Array) chunks.push(body);
  else for await (const chunk of body as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return { type: headers["content-type"], status, bytes: Buffer.concat(chunks) };
}

/** The objects in the frames of a watch, each with the type of its event: field 1 of the event is the type, field 2 the wrapped object. */
function framesOf(bytes: Buffer): readonly { readonly type: string; readonly object: JsonObject }[] {
  const frames = [];
  for (let at = 0; at < bytes.byteLength; at += 4 + bytes.readUInt32BE(at)) {
    const event = bytes.subarray(at + 4, at + 4 + bytes.readUInt32BE(at));
    const typeLength = event[1] ?? 0;
    const object = decodeObject(event.subarray(event.indexOf("k8s\0")));
    frames.push({ type: event.subarray(2, 2 + typeLength).toString(), object });
  }
  return frames;
}

test("built-in kinds are answered in protobuf: one object, lists, and failures too", async () => {
  await using api = await start();
  const one = await bytesOf(api, `${maps}/m`, protobuf);
  expect(one).toMatchObject({ type: protobuf, status: 200 });
  expect(decodeObject(one.bytes)).toMatchObject({
    kind: "ConfigMap",
    apiVersion: "v1",
    metadata: { name: "m", labels: { a: "b" } },
    data: { key: "value" },
  });
  const many = await bytesOf(api, maps, `${protobuf},application/json`);
  const { json } = await api.call(`${maps}/m`);
  expect(many.type).toBe(protobuf);
  expect(many.bytes.includes("ConfigMapList")).toBe(true);
  expect(many.bytes.includes(Buffer.from(encodeItem(jsonOf(json))))).toBe(true);
  const none = await bytesOf(api, `${maps}/none`, protobuf);
  expect(none).toMatchObject({ type: protobuf, status: 404 });
  expect(decodeObject(none.bytes)).toMatchObject({ kind: "Status", reason: "NotFound", code: 404 });
});

test("a watch in protobuf has frames with their length, bookmarks and failures too", async () => {
  await using api = await start();
  const query = "watch=1&timeoutSeconds=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
  const { type, bytes } = await bytesOf(api, `${maps}?${query}`, protobuf);
  expect(type).toBe(`${protobuf};stream=watch`);
  const [added, bookmark] = framesOf(bytes);
  expect(added).toMatchObject({ type: "ADDED", object: { kind: "ConfigMap", metadata: { name: "m" } } });
  expect(bookmark).toMatchObject({ type: "BOOKMARK", object: { metadata: { annotations: { "k8s.io/initial-events-end": "true" } } } });
});

test("a kind without protobuf is answered in what else the client takes, or 406 with the list", async () => {
  await using api = await start();
  expect((await api.call(`${base}/w`, accepting(`${protobuf},application/json`))).json).toMatchObject({ kind: "Widget" });
  const refused = await bytesOf(api, `${base}/w`, protobuf);
  expect(refused.status).toBe(406);
  const message = "only the following media types are accepted: application/json, application/yaml";
  expect(decodeObject(refused.bytes)).toMatchObject({ reason: "NotAcceptable", message });
  expect((await api.call(`${maps}/m`, accepting("application/cbor"))).json["message"]).toBe(`${message}, ${protobuf}`);
  const body = await api.call(maps, { method: "POST", body: "x", headers: { "content-type": "application/cbor" } });
  expect(body.status).toBe(415);
});

test("metadata alone is in protobuf for every kind", async () => {
  await using api = await start();
  const form = "g=meta.k8s.io;v=v1";
  const one = await bytesOf(api, `${base}/w`, `${protobuf};as=PartialObjectMetadata;${form}`);
  expect(decodeObject(one.bytes)).toMatchObject({ kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata: { name: "w" } });
  const many = await bytesOf(api, base, `${protobuf};as=PartialObjectMetadataList;${form},application/json`);
  expect(many.type).toBe(protobuf);
  expect(many.bytes.includes("PartialObjectMetadataList")).toBe(true);
  const fallback = await api.call(base, accepting(`${protobuf};as=Table;${form},application/json;as=Table;${form}`));
  expect(fallback.json).toMatchObject({ kind: "Table", rows: [{ cells: ["w", "red", 1, expect.any(String)] }] });
});

test("a question has no table: 406", async () => {
  await using api = await start();
  const body = { spec: { resourceAttributes: { namespace: "default", verb: "get", resource: "pods" } } };
  const path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
  const refused = await api.call(path, accepting("application/json;as=Table;v=v1;g=meta.k8s.io", { method: "POST", body }));
  expect(refused).toMatchObject({ status: 406, json: { reason: "NotAcceptable" } });
  expect((await api.call(path, { method: "POST", body })).status).toBe(201);
});

test("items of built-in kinds leave their kind to the list, those of other kinds say it", async () => {
  await using api = await start();
  const [map] = (await api.call(maps)).json.items ?? [];
  expect(Object.keys(map ?? {})).toEqual(["metadata", "data"]);
  expect(map?.metadata.resourceVersion).toMatch(/^\d+$/);
  expect((await api.call(base)).json.items).toMatchObject([{ kind: "Widget", apiVersion: "example.com/v1" }]);
});

test("the form is the best that client and server share, by the client's weights", async () => {
  await using api = await start();
  const typeOf = async (accept: string) => (await bytesOf(api, maps, accept)).type;
  expect(await typeOf("application/yaml;q=0.5, application/json;q=0.9")).toBe("application/json");
  expect(await typeOf(`application/json;q=0.1, ${protobuf}`)).toBe(protobuf);
  expect(await typeOf("text/html, */*;q=0.1")).toBe("application/json");
  expect(await typeOf("application/json;q=0, application/yaml")).toBe("application/yaml");
  const yaml = await api.call(maps, accepting("application/yaml"));
  expect(parse(yaml.text)).toMatchObject({ kind: "ConfigMapList", items: [{ metadata: { name: "m" } }] });
});
