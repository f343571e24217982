import { expect, test } from "vitest";
import { startApiServer } from "../testing/start-api-server.js";
import { widgets } from "../testing/widgets.js";
import { listOptions } from "./list-options.js";
import { watchOptions } from "./watch-options.js";

const list = (query: string) => listOptions(new URLSearchParams(query));
const watch = (query: string) => watchOptions(new URLSearchParams(query), () => 0.5);

test.each([
  ["", { mode: "newest", limit: 0 }],
  ["limit=5", { mode: "newest", limit: 5 }],
  ["limit=-1", { mode: "newest", limit: 0 }],
  ["resourceVersion=0", { mode: "any" }],
  ["resourceVersion=0&limit=5", { mode: "any", limit: 5 }],
  ["resourceVersion=0&resourceVersionMatch=NotOlderThan", { mode: "any" }],
  ["resourceVersion=7", { mode: "atLeast", revision: 7n }],
  ["resourceVersion=7&limit=5", { mode: "exact", revision: 7n }],
  ["resourceVersion=7&limit=5&resourceVersionMatch=NotOlderThan", { mode: "atLeast", revision: 7n, limit: 5 }],
  ["resourceVersion=7&resourceVersionMatch=Exact", { mode: "exact", revision: 7n }],
])("a list with %j is read so", (query, expected) => {
  expect(list(query)).toMatchObject(expected);
});

test.each([
  ["resourceVersionMatch=Exact", 422, "resourceVersionMatch is forbidden unless resourceVersion is provided"],
  ["resourceVersion=0&resourceVersionMatch=Exact", 422, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'],
  ["resourceVersion=1&resourceVersionMatch=Newest", 422, 'Unsupported value: "Newest": supported values: "Exact", "NotOlderThan", ""'],
  ["resourceVersion=1&resourceVersionMatch=Exact&continue=x", 422, "resourceVersionMatch is forbidden when continue is provided"],
  ["sendInitialEvents=true", 422, "sendInitialEvents is forbidden for list"],
  ["limit=many", 400, 'strconv.ParseInt: parsing "many": invalid syntax'],
  ["resourceVersion=x", 400, 'invalid resource version: resourceVersion: Invalid value: "x": strconv.ParseUint: parsing "x": invalid syntax'],
  ["continue=x", 400, "invalid continue token: continue key is not valid"],
  ["continue=e30", 400, "invalid continue token: continue key is not valid"],
])("a list with %j is %i", (query, code, message) => {
  expect(() => list(query)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) }));
});

test.each([
  ["", { sendsState: true, since: undefined, fresh: true, timeoutMs: 2_700_000 }],
  ["resourceVersion=0", { sendsState: true, since: undefined, fresh: false }],
  ["resourceVersion=7", { sendsState: false, since: 7n }],
  ["resourceVersion=7&sendInitialEvents=true&resourceVersionMatch=NotOlderThan", { sendsState: true, notOlderThan: 7n, marksEndOfState: true }],
  ["sendInitialEvents=false&resourceVersionMatch=NotOlderThan", { sendsState: false, since: undefined }],
  ["timeoutSeconds=0", { timeoutMs: 2_700_000 }],
  ["timeoutSeconds=10&allowWatchBookmarks=1", { timeoutMs: 10_000, bookmarks: true }],
])("a watch with %j is read so", (query, expected) => {
  expect(watch(query)).toMatchObject(expected);
});

test.each([
  ["sendInitialEvents=true", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"],
  ["resourceVersionMatch=NotOlderThan", "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"],
  ["sendInitialEvents=true&resourceVersionMatch=Exact", 'Unsupported value: "Exact": supported values: "NotOlderThan"'],
])("a watch with %j is 422", (query, message) => {
  expect(() => watch(query)).toThrow(expect.objectContaining({ code: 422, message: expect.stringContaining(message) }));
});

test("selectors that cannot be read, or not on this kind, are 400", async () => {
  await using api = await startApiServer((registry) => registry.add(widgets));
  const base = "/apis/example.com/v1/widgets";
  const message = async (path: string) => {
    const { status, json } = await api.call(path);
    return [status, json["message"]];
  };
  expect(await message(`${base}?fieldSelector=spec.size%3D1`)).toEqual([400, "field label not supported: spec.size"]);
  expect(await message("/api/v1/configmaps?fieldSelector=data.a%3D1")).toEqual([
    400,
    '"data.a" is not a known field selector: only "metadata.name", "metadata.namespace"',
  ]);
  expect(await message(`${base}?watch=1&fieldSelector=spec.size%3D1`)).toEqual([400, "field label not supported: spec.size"]);
  for (const selector of ["a b", "a in b", "=x", "a in (b"]) {
    expect((await api.call(`${base}?labelSelector=${encodeURIComponent(selector)}`)).status).toBe(400);
  }
});
