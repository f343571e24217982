import { expect, test } from "vitest";
import { startApiServer, type TestServer } from "../testing/start-api-server.js";
import { widgets } from "../testing/widgets.js";

const base = "/apis/example.com/v1/namespaces/default/widgets";
const as = (kind: string): { readonly headers: { readonly accept: string } } => ({
  headers: { accept: `application/json;as=${kind};v=v1;g=meta.k8s.io` },
});

/** With texts that look like the end of something. */
const annotations = { note: '}],"{\\"é€' };

const anAge: unknown = expect.stringMatching(/^\d+s$/);

async function start(): Promise<TestServer> {
  const api = await startApiServer((registry) => registry.add(widgets));
  for (const name of ["a", "b", "c"]) {
    const body = { metadata: { name, labels: { name }, annotations }, spec: { color: "red" } };
    expect(await api.call(base, { method: "POST", body })).toMatchObject({ status: 201 });
  }
  return api;
}

test("a list of metadata and the rows of a table say of each object what a GET of it says", async () => {
  await using api = await start();
  const objects = (await api.call(base)).json.items ?? [];
  const partial = { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1" };
  expect(objects.map(({ metadata }) => metadata.annotations)).toEqual(objects.map(() => annotations));
  expect((await api.call(base, as("PartialObjectMetadataList"))).json.items).toEqual(objects.map(({ metadata }) => ({ ...partial, metadata })));
  const rows = async (query: string): Promise<unknown> => (await api.call(`${base}${query}`, as("Table"))).json["rows"];
  const cells: readonly (readonly unknown[])[] = objects.map(({ metadata }) => [metadata.name, "red", 1, anAge]);
  expect(await rows("")).toEqual(objects.map(({ metadata }, index) => ({ cells: cells[index], object: { ...partial, metadata } })));
  expect(await rows("?includeObject=None")).toEqual(cells.map((each) => ({ cells: each })));
  expect(await rows("?includeObject=Object")).toEqual(objects.map((object, index) => ({ cells: cells[index], object })));
});

test("a row is that of the newest revision", async () => {
  await using api = await start();
  await api.call(base, as("Table"));
  const headers = { "content-type": "application/merge-patch+json" };
  await api.call(`${base}/b`, { method: "PATCH", headers, body: { spec: { color: "green" } } });
  const { json } = await api.call(base, as("Table"));
  const colors = (json["rows"] as readonly { readonly cells: readonly unknown[] }[]).map(({ cells }) => cells[1]);
  expect(colors).toEqual(["red", "green", "red"]);
});

test("an empty list is whole in each form", async () => {
  await using api = await start();
  const empty = `${base}?labelSelector=none`;
  expect((await api.call(empty)).json.items).toEqual([]);
  expect((await api.call(empty, as("PartialObjectMetadataList"))).json.items).toEqual([]);
  expect((await api.call(empty, as("Table"))).json["rows"]).toEqual([]);
});
