import { createOpenApiHandler, type ServedGroupVersion } from "@dataplane/apiserver";
import { type HttpRequest, isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import { describe, expect, test } from "vitest";
import { aService } from "../testing/a-remote.js";
import { toldTransport } from "../testing/told-transport.js";
import { RemoteGroups } from "./remote-groups.js";
import { remoteOpenApi } from "./remote-openapi.js";

const objectMeta = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
const thing = "com.example.a.v1.Thing";
const kinds = "x-kubernetes-group-version-kind";

const good: ServedGroupVersion = {
  ...{ group: "a.example.com", version: "v1", resources: [], freshness: "Current" },
  openapi: {
    paths: {},
    schemas: {
      [objectMeta]: { type: "object", description: "ours" },
      [thing]: {
        type: "object",
        properties: { metadata: { $ref: `#/components/schemas/${objectMeta}` } },
        [kinds]: [{ group: "a.example.com", version: "v1", kind: "Thing" }],
      },
    },
  },
};

type Get = (path: string) => Promise<JsonObject>;

/** A server that serves a good group, and one whose document is `text`. */
async function beside(text: string): Promise<Get> {
  const groups = new RemoteGroups();
  const service = aService();
  groups.saw(service, []);
  const described = await remoteOpenApi(
    toldTransport(() => text),
    service,
    undefined,
    AbortSignal.timeout(10_000),
  ).catch(() => undefined);
  if (described !== undefined) groups.describes(service, described.openapi);
  const handler = createOpenApiHandler({ sources: [{ served: () => [good], generation: 1 }, groups], version: "v1" });
  return async (path) => {
    const request = { method: "GET", path, query: new URLSearchParams(), headers: {}, context: {} } as unknown as HttpRequest;
    const { status, body } = await handler(request);
    expect(status).toBe(200);
    const value: unknown = JSON.parse(Buffer.from(body as Uint8Array).toString());
    if (!isJsonObject(value)) throw new Error("no object");
    return value;
  };
}

const at = (value: JsonValue | undefined, ...keys: readonly string[]): JsonValue | undefined =>
  keys.reduce<JsonValue | undefined>((it, key) => (isJsonObject(it) ? it[key] : undefined), value);

const withSchema = (schema: JsonValue, name = "Own"): string => JSON.stringify({ paths: {}, components: { schemas: { [name]: schema } } });
const nested = (levels: number): string => `{"components":{"schemas":{"Own":${'{"items":'.repeat(levels)}{}${"}".repeat(levels)}}}}`;

/** What kube-openapi, which kubectl reads v2 with, refuses a whole document for. */
function refusedBy(definitions: JsonObject, schema: JsonValue, where: string): readonly string[] {
  if (!isJsonObject(schema)) return [`${where}: no schema`];
  const { $ref: reference, type, items, properties, additionalProperties } = schema;
  const inner = [
    ...Object.entries(isJsonObject(properties) ? properties : {}),
    ...(items === undefined ? [] : [["items", items] as const]),
    ...(isJsonObject(additionalProperties) ? [["additionalProperties", additionalProperties] as const] : []),
  ].flatMap(([name, it]) => refusedBy(definitions, it, `${where}.${name}`));
  if (reference !== undefined) {
    const isKnown = typeof reference === "string" && definitions[reference.replace("#/definitions/", "")] !== undefined;
    return isKnown && type === undefined && properties === undefined ? [] : [`${where}: reference`];
  }
  if (type === "array" && items === undefined) return [`${where}: array without items`];
  const isType = type === undefined || (typeof type === "string" && ["string", "number", "integer", "boolean", "array", "object"].includes(type));
  return isType ? inner : [`${where}: type ${JSON.stringify(type)}`];
}

describe.each<[string, string]>([
  ["is no JSON", "<html><body>Welcome</body></html>"],
  ["is empty", ""],
  ["is a list", "[]"],
  ["is null", "null"],
  ["is deep", nested(100_000)],
  ["is deeper than anybody reads", nested(1_000)],
  ["is deep in lists", `{"components":${"[".repeat(200_000)}${"]".repeat(200_000)}}`],
  ["has wrong types everywhere", JSON.stringify({ paths: [1], components: { schemas: 5 } })],
  ["has schemas that are none", withSchema(3)],
  [
    "has keywords of wrong types",
    withSchema({ type: 7, properties: [1], items: "x", required: "all", allOf: {}, enum: 1, description: {}, minimum: "1" }),
  ],
  ["has several types", withSchema({ type: ["string", "null"] })],
  ["has unknown types", withSchema({ properties: { a: { type: "null" }, b: { type: "file" } } })],
  ["has lists of nothing", withSchema({ properties: { a: { type: "array" } } })],
  [
    "refers to nothing",
    withSchema({ properties: { a: { $ref: "#/components/schemas/Missing" }, b: { allOf: [{ $ref: "#/components/schemas/Gone" }] } } }),
  ],
  ["refers elsewhere", withSchema({ properties: { a: { $ref: "https://example.com/schema.json" }, b: { $ref: 3 } } })],
  ["gives references types", withSchema({ properties: { a: { type: "object", properties: {}, allOf: [{ $ref: "#/components/schemas/Own" }] } } })],
  ["has a prototype", '{"components":{"schemas":{"__proto__":{"type":"string"},"Own":{"properties":{"__proto__":{"type":"string"}}}}}}'],
  ["has numbers beyond any", '{"components":{"schemas":{"Own":{"maximum":1e999}}}}'],
  ["has halves of characters", String.raw`{"components":{"schemas":{"Own":{"default":"\ud800","description":"\udfff"}}}}`],
  ["means something else by a name of everybody", withSchema({ type: "string", description: "theirs" }, objectMeta)],
  ["means something else by another group's kind", withSchema({ type: "string", description: "theirs" }, thing)],
  ["claims another group's kind", withSchema({ type: "string", [kinds]: [{ group: "a.example.com", version: "v1", kind: "Thing" }] })],
  ["has paths of another group", JSON.stringify({ paths: { "/apis/a.example.com/v1/things": { get: {} }, "/api/v1/secrets": { get: {} } } })],
  [
    "has operations that are none",
    JSON.stringify({ paths: { "/apis/metrics.example.com/v1/x": { get: { parameters: 3, responses: [] }, put: 1, parameters: [null] } } }),
  ],
  [
    "has defaults that are no YAML",
    withSchema({ properties: { a: { type: "string", default: "\u007f" }, b: { type: "string", default: "x".repeat(2_000) } } }),
  ],
])("a document that %s", (_what, text) => {
  test("leaves the others as they are, in v3 and in v2", async () => {
    const get = await beside(text);
    expect(Object.keys(at(await get("/openapi/v3"), "paths") as JsonObject).toSorted()).toEqual([
      "apis/a.example.com/v1",
      "apis/metrics.example.com/v1",
    ]);
    const { paths, components } = await get("/openapi/v3/apis/a.example.com/v1");
    expect([paths, at(components, "schemas")]).toEqual([good.openapi.paths, good.openapi.schemas]);

    const v2 = await get("/openapi/v2");
    const definitions = v2["definitions"] as JsonObject;
    expect(at(definitions, objectMeta, "description")).toBe("ours");
    expect(at(definitions, thing, "properties", "metadata", "$ref")).toBe(`#/definitions/${objectMeta}`);
    expect(Object.entries(definitions).flatMap(([name, it]) => refusedBy(definitions, it, name))).toEqual([]);
    expect(
      Object.entries(definitions)
        .filter(([, it]) => JSON.stringify(at(it, kinds) ?? "").includes("Thing"))
        .map(([name]) => name),
    ).toEqual([thing]);
    const foreign = Object.keys(v2["paths"] as JsonObject).filter((path) => !path.startsWith("/apis/metrics.example.com/v1"));
    expect(foreign).toEqual([]);
  });
});

test("a sound document comes through whole, and what it means otherwise has another name in v2", async () => {
  const own = "com.example.metrics.v1.Sample";
  const schema: JsonObject = {
    type: "object",
    description: "A sample.",
    required: ["value"],
    properties: {
      metadata: { allOf: [{ $ref: `#/components/schemas/${objectMeta}` }], default: {}, description: "Its name." },
      value: { type: "string", pattern: "^[0-9]+$" },
      labels: { type: "object", additionalProperties: { type: "string", default: "" } },
      port: { oneOf: [{ type: "integer" }, { type: "string" }], "x-kubernetes-int-or-string": true },
    },
    [kinds]: [{ group: "metrics.example.com", version: "v1", kind: "Sample" }],
  };
  const path: JsonObject = {
    get: {
      operationId: "listSamples",
      parameters: [{ name: "limit", in: "query", schema: { type: "integer" } }],
      responses: { "200": { description: "OK", content: { "application/json": { schema: { $ref: `#/components/schemas/${own}` } } } } },
      [kinds]: { group: "metrics.example.com", version: "v1", kind: "Sample" },
    },
  };
  const schemas = { [objectMeta]: { type: "object", description: "theirs" }, [own]: schema };
  const get = await beside(JSON.stringify({ paths: { "/apis/metrics.example.com/v1/samples": path }, components: { schemas } }));
  const v3 = await get("/openapi/v3/apis/metrics.example.com/v1");
  expect([at(v3, "components", "schemas"), at(v3, "paths", "/apis/metrics.example.com/v1/samples")]).toEqual([schemas, path]);
  const { definitions } = await get("/openapi/v2");
  expect(at(definitions, own, "properties", "metadata")).toEqual({ $ref: `#/definitions/${objectMeta}_v2`, description: "Its name." });
  expect([at(definitions, objectMeta, "description"), at(definitions, `${objectMeta}_v2`, "description")]).toEqual(["ours", "theirs"]);
});
