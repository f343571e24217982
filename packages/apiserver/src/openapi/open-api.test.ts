import type { HttpRequest, JsonObject } from "@dataplane/meta";
import { expect, test } from "vitest";
import type { ApiSource } from "../api-source.js";
import { defineResource } from "../define-resource.js";
import { conditions, s } from "../schema/builder.js";
import { objectSchema } from "../schema/object-schema.js";
import { describeOpenApi } from "./describe-open-api.js";
import { createOpenApiHandler } from "./open-api-handler.js";

const definition = defineResource({
  group: "example.org",
  version: "v1",
  kind: "Widget",
  plural: "widgets",
  scope: "namespaced",
  hasStatus: true,
  description: "A widget.",
  schema: objectSchema({
    spec: s.object({
      size: s.integer().min(0).describe("How large."),
      port: s.intOrString().optional(),
      parts: s.array(s.object({ name: s.string() })).listMap("name"),
    }),
    status: s.object({ conditions }).optional(),
  }),
});

const source = (generation: () => number): ApiSource => ({
  served: () => [{ group: "example.org", version: "v1", resources: [], freshness: "Current", openapi: describeOpenApi(definition as never) }],
  get generation() {
    return generation();
  },
});

const handler = createOpenApiHandler({ sources: [source(() => 1)], version: "v0" });

async function get(url: string, headers: Record<string, string> = {}, from = handler) {
  const { pathname, searchParams } = new URL(url, "http://localhost");
  const request = { method: "GET", path: pathname, query: searchParams, headers, context: {} } as unknown as HttpRequest;
  const { status, headers: answered, body } = await from(request);
  return { status, headers: answered, body: body as Uint8Array };
}

const text = (body: Uint8Array): JsonObject => JSON.parse(new TextDecoder().decode(body)) as JsonObject;

test("the index names each document by the hash of its bytes, and that one is immutable", async () => {
  const index = text((await get("/openapi/v3")).body) as { paths: Record<string, { serverRelativeURL: string }> };
  const url = index.paths["apis/example.org/v1"]?.serverRelativeURL ?? "";
  expect(url).toMatch(/^\/openapi\/v3\/apis\/example\.org\/v1\?hash=[\dA-F]{64}$/);
  const document = await get(url);
  expect(document.headers["cache-control"]).toContain("immutable");
  const etag = document.headers["etag"];
  expect((await get(url, { "if-none-match": String(etag) })).status).toBe(304);
  const stale = await get("/openapi/v3/apis/example.org/v1?hash=OLD");
  expect({ status: stale.status, location: stale.headers["location"] }).toEqual({ status: 301, location: url });
});

test("a document that nobody serves is not found", async () => {
  await expect(get("/openapi/v3/apis/other/v1")).rejects.toMatchObject({ code: 404 });
  await expect(get("/openapi/v3", { accept: "text/html" })).rejects.toMatchObject({ code: 406 });
});

test("documents are rebuilt when a generation changes, and only then", async () => {
  let generation = 1;
  let served = 0;
  const counted: ApiSource = {
    served: () => (served++, source(() => 1).served()),
    get generation() {
      return generation;
    },
  };
  const counting = createOpenApiHandler({ sources: [counted], version: "v0" });
  await get("/openapi/v3", {}, counting);
  await get("/openapi/v2", {}, counting);
  expect(served).toBe(1);
  generation = 2;
  await get("/openapi/v3", {}, counting);
  expect(served).toBe(2);
});

test("writes list fieldValidation, and a custom kind takes no strategic merge", async () => {
  const { paths } = text((await get("/openapi/v3/apis/example.org/v1")).body) as unknown as { paths: Record<string, Record<string, Operation>> };
  const item = paths["/apis/example.org/v1/namespaces/{namespace}/widgets/{name}"];
  expect(item?.["patch"]?.parameters?.map(({ name }) => name)).toContain("fieldValidation");
  expect(Object.keys(item?.["patch"]?.requestBody?.content ?? {})).toEqual([
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/apply-patch+yaml",
  ]);
  expect(item?.["patch"]?.["x-kubernetes-group-version-kind"]).toEqual({ group: "example.org", version: "v1", kind: "Widget" });
  expect(Object.keys(paths).toSorted((a, b) => a.length - b.length)).toEqual([
    "/apis/example.org/v1/widgets",
    "/apis/example.org/v1/namespaces/{namespace}/widgets",
    "/apis/example.org/v1/namespaces/{namespace}/widgets/{name}",
    "/apis/example.org/v1/namespaces/{namespace}/widgets/{name}/status",
  ]);
});

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: unknown }[];
  readonly requestBody?: { readonly content: object };
  readonly responses: Readonly<Record<string, { readonly description: string }>>;
  readonly "x-kubernetes-group-version-kind": unknown;
}

const methods = ["get", "put", "post", "delete", "patch"];

test("the document has the structure of OpenAPI 3.0", async () => {
  const document = text((await get("/openapi/v3/apis/example.org/v1")).body);
  expect(document["openapi"]).toBe("3.0.0");
  const { paths, components } = document as unknown as { paths: Record<string, Record<string, Operation>>; components: { schemas: JsonObject } };
  const ids: string[] = [];
  for (const [path, item] of Object.entries(paths)) {
    const shared = (item["parameters"] ?? []) as unknown as NonNullable<Operation["parameters"]>;
    for (const method of Object.keys(item).filter((key) => key !== "parameters")) {
      expect(methods).toContain(method);
      const operation = item[method] as Operation;
      ids.push(operation.operationId);
      const all = [...shared, ...(operation.parameters ?? [])];
      expect(new Set(all.map((it) => `${it.in} ${it.name}`)).size).toBe(all.length);
      const named = all.filter((it) => it.in === "path").map(({ name }) => `{${name}}`);
      expect(new Set(named)).toEqual(new Set(path.match(/\{\w+\}/g)));
      for (const response of Object.values(operation.responses)) expect(typeof response.description).toBe("string");
    }
  }
  expect(new Set(ids).size).toBe(ids.length);
  const names = Object.keys(components.schemas);
  expect(names).toContain("org.example.v1.Widget");
  expect(names.every((name) => /^[\w.-]+$/.test(name))).toBe(true);
  for (const [, name] of JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) expect(names).toContain(name);
});

test("swagger 2.0 says the same, as JSON and as protobuf", async () => {
  const swagger = text((await get("/openapi/v2")).body) as { swagger: string; definitions: Record<string, JsonObject> };
  expect(swagger.swagger).toBe("2.0");
  expect(swagger.definitions["org.example.v1.Widget"]).toMatchObject({
    properties: { metadata: { $ref: "#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta" } },
  });
  expect(JSON.stringify(swagger)).not.toContain("#/components/");
  const binary = await get("/openapi/v2", { accept: "application/com.github.proto-openapi.spec.v2@v1.0+protobuf" });
  expect(binary.headers["content-type"]).toBe("application/com.github.proto-openapi.spec.v2.v1.0+protobuf");
  // Field 1, length 3: swagger.
  expect(new TextDecoder().decode(binary.body.subarray(0, 5))).toBe("\n\u00032.0");
});
