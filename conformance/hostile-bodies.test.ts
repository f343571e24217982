import type { JsonObject } from "@dataplane/meta";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type FuzzServer, startFuzzServer } from "./body-fuzz/fuzz-server.js";
import { definitionsPath, widgetsDefinition } from "./body-fuzz/seed-objects.js";

let server: FuzzServer;
const configMaps = "/api/v1/namespaces/default/configmaps";
const widgets = "/apis/fuzz.example.com/v1/namespaces/default/widgets";
const json = "application/json";

beforeAll(async () => {
  server = await startFuzzServer();
  const namespace: JsonObject = { metadata: { name: "default" } };
  expect((await post("/api/v1/namespaces", json, JSON.stringify(namespace))).status).toBe(201);
  expect((await post(definitionsPath, json, JSON.stringify(widgetsDefinition))).status).toBe(201);
  expect((await post(configMaps, json, configMap('"k":"v"'))).status).toBe(201);
  expect((await post(widgets, json, widget('"size":1'))).status).toBe(201);
});
afterAll(() => server[Symbol.asyncDispose]());

const post = (target: string, type: string, body: string | Uint8Array) => send("POST", target, type, body);
const send = (method: string, target: string, type: string, body: string | Uint8Array) =>
  server.call({ what: "", method, target, headers: { "content-type": type }, body });

const configMap = (data: string, name = "a"): string => `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"${name}"},"data":{${data}}}`;
const widget = (spec: string, name = "w"): string =>
  `{"apiVersion":"fuzz.example.com/v1","kind":"Widget","metadata":{"name":"${name}"},"spec":{${spec}}}`;
const nested = (depth: number, open: string, close: string): string => `${open.repeat(depth)}1${close.repeat(depth)}`;
const limit = 3 * 1024 * 1024;
const nine = (of: string): string => `[${Array(9).fill(of).join()}]`;
const laughs = `a: &a ${nine("x")}\n${"b,c,d,e,f,g,h,i"
  .split(",")
  .map((name, index) => `${name}: &${name} ${nine(`*${"abcdefgh".charAt(index)}`)}`)
  .join("\n")}`;
const protobufMagic = Buffer.from("k8s\u0000", "latin1");
const protobuf = (...bytes: readonly number[]): Uint8Array => Buffer.concat([protobufMagic, Buffer.from(bytes)]);

interface Case {
  readonly what: string;
  readonly target?: string;
  readonly method?: string;
  readonly type?: string;
  readonly body: string | Uint8Array;
  readonly status: number | readonly number[];
}

const patch = (what: string, type: string, body: string, status: Case["status"], target = `${configMaps}/a`): Case => ({
  ...{ what, method: "PATCH", target, type: `application/${type}`, body, status },
});

const cases: readonly Case[] = [
  // Sizes.
  { what: "3 MiB and a byte", body: " ".repeat(limit + 1), status: 413 },
  { what: "3 MiB and a byte of an object", body: configMap(`"k":"${"x".repeat(limit)}"`, "big"), status: 413 },
  { what: "more data than a ConfigMap holds", body: configMap(`"k":"${"x".repeat(1_100_000)}"`, "big"), status: 422 },
  { what: "3 MiB and a byte of YAML", type: "application/yaml", body: `a: ${"x".repeat(limit)}`, status: 413 },
  { what: "3 MiB and a byte of protobuf", type: "application/vnd.kubernetes.protobuf", body: Buffer.alloc(limit + 1), status: 413 },
  patch("3 MiB and a byte of a patch", "merge-patch+json", " ".repeat(limit + 1), 413),
  patch("more operations than a patch may have", "json-patch+json", `[${Array(10_001).fill('{"op":"test","path":"/x"}').join()}]`, 413),
  // Depth.
  ...[
    ["lists", "[", "]"],
    ["objects", '{"a":', "}"],
  ].flatMap(([what = "", open = "", close = ""]) => [
    { what: `10,000 ${what} in each other`, body: configMap(`"k":${nested(10_000, open, close)}`, "deep"), status: [400, 422] },
    {
      what: `10,000 ${what} in each other where anything may be`,
      target: widgets,
      body: widget(`"anything":${nested(10_000, open, close)}`, "deep"),
      status: [400, 422],
    },
    { what: `a million ${what} that never close`, body: open.repeat(400_000), status: 400 },
    patch(`10,000 ${what} in a merge patch`, "merge-patch+json", `{"data":{"k":${nested(10_000, open, close)}}}`, [400, 422]),
    patch(`10,000 ${what} in a strategic merge patch`, "strategic-merge-patch+json", `{"data":{"k":${nested(10_000, open, close)}}}`, [400, 422]),
    patch(`10,000 ${what} in a JSON patch`, "json-patch+json", `[{"op":"add","path":"/data/k","value":${nested(10_000, open, close)}}]`, [400, 422]),
    patch(
      `10,000 ${what} in an apply`,
      "apply-patch+yaml",
      configMap(`"k":${nested(10_000, open, close)}`),
      [400, 422],
      `${configMaps}/a?fieldManager=me`,
    ),
    { what: `10,000 ${what} of YAML`, type: "application/yaml", body: `a: ${nested(10_000, open.replaceAll('"', ""), close)}`, status: 400 },
  ]),
  // YAML.
  { what: "aliases that multiply", type: "application/yaml", body: laughs, status: 400 },
  patch("aliases that multiply in an apply", "apply-patch+yaml", laughs, 400, `${configMaps}/a?fieldManager=me`),
  { what: "an alias of itself", type: "application/yaml", body: "a: &a [*a]", status: 400 },
  { what: "an alias of nothing", type: "application/yaml", body: "a: *b", status: 400 },
  { what: "keys in keys", type: "application/yaml", body: "? ".repeat(1_000), status: 400 },
  { what: "a tag of another language", type: "application/yaml", body: "!!js/function 'x'", status: 400 },
  { what: "several documents", type: "application/yaml", body: "a: 1\n---\nb: 1\n", status: 400 },
  // Texts that are no JSON, or more than JSON.
  ...[
    "",
    " ",
    "{",
    "}",
    "nul",
    "{'a':1}",
    "{a:1}",
    '{"a":1,}',
    "[1,]",
    '{"a":01}',
    '{"a":+1}',
    '{"a":.5}',
    '{"a":0x1}',
    '{"a":NaN}',
    '{"a":Infinity}',
  ].map((body) => ({
    ...{ what: JSON.stringify(body), body, status: 400 },
  })),
  { what: "an escape that is none", body: configMap(String.raw`"k":"\x"`), status: 400 },
  { what: "a line break in a string", body: configMap('"k":"a\nb"'), status: 400 },
  { what: "a comment", body: `/* x */${configMap("")}`, status: 400 },
  { what: "two objects", body: `${configMap("")}${configMap("")}`, status: 400 },
  { what: "bytes that are no UTF-8", body: Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]), status: 400 },
  { what: "an overlong slash", body: Buffer.from([0x22, 0xc0, 0xaf, 0x22]), status: 400 },
  ...["[]", "null", "1", '"x"', "true"].map((body) => ({ what: `${body} for an object`, body, status: 400 })),
  // Numbers.
  { what: "1e400", target: widgets, body: widget('"ratio":1e400', "n"), status: 400 },
  { what: "-1e400", target: widgets, body: widget('"anything":{"a":-1e400}', "n"), status: [400, 422] },
  { what: "a number beyond 64 bits for an integer", target: widgets, body: widget('"size":123456789012345678901234567890', "n"), status: [400, 422] },
  { what: "a fraction for an integer", target: widgets, body: widget('"size":1.5', "n"), status: [400, 422] },
  // Names that JavaScript knows.
  { what: "__proto__ among labels", target: widgets, body: widget('"labels":{"__proto__":{"polluted":1}}', "p"), status: [201, 422] },
  { what: "constructor among labels", target: widgets, body: widget('"labels":{"constructor":{"prototype":{"polluted":1}}}', "p2"), status: 422 },
  patch("a pointer through __proto__", "json-patch+json", '[{"op":"add","path":"/__proto__/polluted","value":1}]', [400, 422]),
  patch("a pointer through constructor", "json-patch+json", '[{"op":"add","path":"/constructor/prototype/polluted","value":1}]', [400, 422]),
  patch("a value called toString", "merge-patch+json", '{"metadata":{"labels":{"toString":{}}}}', [400, 422]),
  // Twice.
  { what: "a key twice, strictly", target: `${configMaps}?fieldValidation=Strict`, body: configMap('"k":"1","k":"2"', "twice"), status: 400 },
  {
    what: "a key twice in YAML, strictly",
    target: `${configMaps}?fieldValidation=Strict`,
    type: "application/yaml",
    body: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: twice}\ndata:\n  k: a\n  k: b\n",
    status: 400,
  },
  // Halves of characters.
  { what: "half a character for a name", body: configMap("", String.raw`\ud800`), status: 422 },
  { what: "half a character for a key", body: configMap(String.raw`"\udfff":"v"`, "half"), status: 422 },
  // Patches that grow.
  patch(
    "copies that double",
    "json-patch+json",
    JSON.stringify([
      { op: "add", path: "/data", value: { k: "x".repeat(1_000) } },
      ...Array.from({ length: 40 }, (_, step) => ({ op: "copy", from: "", path: `/metadata/x${step}` })),
    ]),
    [400, 413, 422],
  ),
  // Types.
  ...["text/plain", "application/xml", "application/cbor", "application/x-www-form-urlencoded", "multipart/form-data"].map((type) => ({
    ...{ what: `a body of ${type}`, type, body: configMap(""), status: 415 },
  })),
  patch("CBOR for an apply", "apply-patch+cbor", "\u00a1", 415),
  patch("a patch of no known type", "patch", "{}", 415),
  patch("a strategic patch of a custom kind", "strategic-merge-patch+json", "{}", 415, `${widgets}/w`),
  // Protobuf.
  ...[
    ["nothing", new Uint8Array()],
    ["the magic number alone", protobufMagic],
    ["no magic number", Buffer.from("{}")],
    ["a length beyond the end", protobuf(0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f)],
    ["a number that never ends", protobuf(0x0a, ...Array<number>(20).fill(0xff))],
    ["field zero", protobuf(0x02, 0x00)],
    ["a wire type that is none", protobuf(0x0f, 0x00)],
    ["a group that never ends", protobuf(...Array<number>(5_000).fill(0x0b))],
    ["noise", protobuf(...Array.from({ length: 5_000 }, (_, index) => (index * 7_919) % 256))],
  ].map(
    ([what, body]): Case => ({
      what: `protobuf: ${String(what)}`,
      type: "application/vnd.kubernetes.protobuf",
      body: body as Uint8Array,
      status: [400, 415, 422],
    }),
  ),
  { what: "protobuf for a custom kind", target: widgets, type: "application/vnd.kubernetes.protobuf", body: protobufMagic, status: [400, 415] },
];

test.each(cases)("$what is refused with a Status", async ({ target = configMaps, method = "POST", type = json, body, status }) => {
  const cpu = process.cpuUsage();
  const answer = await send(method, target, type, body);
  expect(process.cpuUsage(cpu).user / 1_000).toBeLessThan(5_000);
  expect(answer.problem).toBeUndefined();
  expect([status].flat()).toContain(answer.status);
  if (answer.status >= 400) expect(JSON.parse(answer.text)).toMatchObject({ kind: "Status", status: "Failure", code: answer.status });
  expect("polluted" in {}).toBe(false);
});
