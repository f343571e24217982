import { expect, test } from "vitest";
import type { ResourceDefinition } from "../resource.js";
import { type Answer, startApiServer, type TestServer } from "../testing/start-api-server.js";
import { widgets } from "../testing/widgets.js";

const typed: ResourceDefinition = {
  ...{ group: "example.com", version: "v1", kind: "Thing", plural: "things", scope: "namespaced", strategicMerge: true },
  schema: {
    type: "object",
    properties: {
      spec: {
        type: "object",
        properties: {
          paused: { type: "boolean" },
          size: { type: "integer" },
          items: { type: "array", items: { type: "object", properties: { name: { type: "string" } } } },
          open: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
          embedded: { type: "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true },
        },
      },
    },
  },
};
const untyped: ResourceDefinition = { ...typed, kind: "Other", plural: "others", strategicMerge: false };

const start = (): Promise<TestServer> =>
  startApiServer((registry) => {
    registry.add(typed);
    registry.add(untyped);
    registry.add(widgets);
  });
const path = (plural: string): string => `/apis/example.com/v1/namespaces/default/${plural}`;

const json = `{
  "metadata": {"name": "dup", "name": "a", "unknownMeta": 1},
  "spec": {"unknown1": 1, "unknownDupe": 1, "unknownDupe": 2, "paused": true, "paused": false,
    "items": [{"nested": 1, "name": "x", "name": "y"}]}
}`;

const yaml = `metadata:
  name: dup
  name: a
  unknownMeta: 1
spec:
  unknownDupe: 1
  unknownDupe: 2
  paused: true
  paused: false
`;

interface Sent {
  readonly type: string;
  readonly mode?: string;
  readonly method?: string;
}

const send = (server: TestServer, plural: string, body: string, { type, mode = "Strict", method = "POST" }: Sent): Promise<Answer> =>
  server.call(`${path(plural)}${method === "POST" ? "" : "/a"}?fieldManager=me&fieldValidation=${mode}`, {
    method,
    body,
    headers: { "content-type": type },
  });

const inDocumentOrder = [
  'duplicate field "metadata.name"',
  'unknown field "metadata.unknownMeta"',
  'unknown field "spec.unknown1"',
  'unknown field "spec.unknownDupe"',
  'duplicate field "spec.paused"',
  'unknown field "spec.items[0].nested"',
  'duplicate field "spec.items[0].name"',
];

test("a strict server refuses JSON of a built-in kind with all that is doubtful, in the order of the document", async () => {
  await using server = await start();
  const refused = await send(server, "things", json, { type: "application/json" });
  const message = `Thing in version "v1" cannot be handled as a Thing: strict decoding error: ${inDocumentOrder.join(", ")}`;
  expect([refused.status, refused.json["reason"], refused.json["message"]]).toEqual([400, "BadRequest", message]);
  const warned = await send(server, "things", json, { type: "application/json", mode: "Warn" });
  expect(warned.status).toBe(201);
  expect(warned.headers["warning"]).toEqual(inDocumentOrder.map((text) => `299 - ${JSON.stringify(text)}`));
  expect(warned.json["spec"]).toEqual({ paused: false, items: [{ name: "y" }] });
  const replaced = await send(server, "things", json, { type: "application/json", method: "PUT" });
  expect(replaced.json["message"]).toBe(message);
  const ignored = await send(server, "things", json, { type: "application/json", method: "PUT", mode: "Ignore" });
  expect([ignored.status, ignored.headers["warning"]]).toEqual([200, undefined]);
});

test("of a custom kind the duplicates are told first, then the unknown fields in order of their names", async () => {
  await using server = await start();
  const refused = await send(server, "others", json, { type: "application/json" });
  const duplicates = ["metadata.name", "spec.unknownDupe", "spec.paused", "spec.items[0].name"].map((it) => `duplicate field "${it}"`);
  const unknown = ["metadata.unknownMeta", "spec.items[0].nested", "spec.unknown1", "spec.unknownDupe"].map((it) => `unknown field "${it}"`);
  expect(refused.json["message"]).toBe(
    `Other in version "v1" cannot be handled as a Other: strict decoding error: ${[...duplicates, ...unknown].join(", ")}`,
  );
});

test("YAML's duplicates are told by their lines", async () => {
  await using server = await start();
  const refused = await send(server, "things", yaml, { type: "application/yaml" });
  const lines = ['line 3: key "name" already set in map', 'line 7: key "unknownDupe" already set in map', 'line 9: key "paused" already set in map'];
  const unknown = ['unknown field "metadata.unknownMeta"', 'unknown field "spec.unknownDupe"'];
  expect(refused.json["message"]).toBe(
    `Thing in version "v1" cannot be handled as a Thing: strict decoding error: ${[["yaml: unmarshal errors:", ...lines].join("\n  "), ...unknown].join(", ")}`,
  );
  const warned = await send(server, "things", yaml, { type: "application/yaml", mode: "Warn" });
  expect(warned.headers["warning"]).toEqual([...lines, ...unknown].map((text) => `299 - ${JSON.stringify(text)}`));
});

test("what a schema leaves open takes anything but the same key twice, and metadata of embedded objects is known", async () => {
  await using server = await start();
  const body =
    '{"metadata":{"name":"a"},"spec":{"open":{"x":1,"x":2},"embedded":{"apiVersion":"v1","kind":"K","own":1,"metadata":{"name":"n","odd":1}}}}';
  const refused = await send(server, "others", body, { type: "application/json" });
  expect(refused.json["message"]).toContain('strict decoding error: duplicate field "spec.open.x", unknown field "spec.embedded.metadata.odd"');
});

test.each<[string, string, readonly string[]]>([
  ["application/merge-patch+json", '{"spec":{"odd":1,"paused":true,"paused":false}}', ['duplicate field "spec.paused"', 'unknown field "spec.odd"']],
  ["application/strategic-merge-patch+json", '{"spec":{"odd":1,"odd":2}}', ['duplicate field "spec.odd"', 'unknown field "spec.odd"']],
  [
    "application/json-patch+json",
    '[{"op":"add","path":"/spec/odd","value":{"a":1,"a":2},"foo":1},{"op":"add","path":"/spec/size","path":"/spec/size","value":3}]',
    ['json patch unknown field "[0].foo"', 'json patch duplicate field "[1].path"', 'unknown field "spec.odd"'],
  ],
])("a strict server refuses a patch of type %s", async (type, body, problems) => {
  await using server = await start();
  await send(server, "things", '{"metadata":{"name":"a"},"spec":{"size":1}}', { type: "application/json" });
  const refused = await send(server, "things", body, { type, method: "PATCH" });
  expect(refused.status).toBe(422);
  expect(refused.json["message"]).toMatch(/^ "" is invalid: patch: Invalid value: "\{/);
  expect(refused.json["message"]).toContain(`: strict decoding error: ${problems.join(", ")}`);
  const warned = await send(server, "things", body, { type, method: "PATCH", mode: "Warn" });
  expect([warned.status, warned.headers["warning"]]).toEqual([200, problems.map((text) => `299 - ${JSON.stringify(text)}`)]);
});

test("an apply cannot own what no schema declares, and tells duplicates by their lines", async () => {
  await using server = await start();
  const head = "apiVersion: example.com/v1\nkind: Other\nmetadata:\n  name: a\n";
  const apply = (body: string, mode: string): Promise<Answer> =>
    send(server, "others", head + body, { type: "application/apply-patch+yaml", method: "PATCH", mode });
  const undeclared = await apply("spec:\n  odd: 1\n", "Ignore");
  expect([undeclared.status, undeclared.json["message"]]).toEqual([
    400,
    "failed to create typed patch object (default/a; example.com/v1, Kind=Other): .spec.odd: field not declared in schema",
  ]);
  const repeated = await apply("spec:\n  size: 1\n  size: 2\n", "Strict");
  expect([repeated.status, repeated.json["message"]]).toEqual([
    400,
    'error strict decoding patch: error converting YAML to JSON: yaml: unmarshal errors:\n  line 7: key "size" already set in map',
  ]);
  const warned = await apply("spec:\n  size: 1\n  size: 2\n", "Warn");
  expect([warned.status, warned.headers["warning"]]).toEqual([201, ['299 - "line 7: key \\"size\\" already set in map"']]);
});

test("a mode that is none is refused", async () => {
  await using server = await start();
  const { status, json: answer } = await send(server, "things", "{}", { type: "application/json", mode: "Strictly" });
  expect([status, answer["message"]]).toEqual([422, expect.stringContaining('fieldValidation: Unsupported value: "Strictly": supported values')]);
});
