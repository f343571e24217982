import { readFileSync } from "node:fs";
import { isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import { expect, test } from "vitest";
import { s } from "../schema/builder.js";
import { objectSchema } from "../schema/object-schema.js";
import { applyStrategicMergePatch } from "./strategic-merge-patch.js";

// Answers of the API server's own library: conformance/smd/strategic/main.go makes them.
const golden = new URL("../../../../conformance/smd/strategic.golden.json", import.meta.url);
const cases = JSON.parse(readFileSync(golden, "utf8")) as readonly {
  readonly live: JsonObject;
  readonly patch: JsonObject;
  readonly result: JsonObject;
}[];

const { json: schema } = objectSchema({
  spec: s.object({
    ports: s.array(s.object({ port: s.integer(), name: s.string() })).listMap("port"),
    tags: s.array(s.string()).set(),
    steps: s.array(s.string()),
    labels: s.map(s.string()),
  }),
});

test.each(cases)("strategic merge patch answers as the API server's library: %j", ({ live, patch, result }) => {
  expect(applyStrategicMergePatch(live, patch, schema)).toEqual(withoutNulls(result));
});

// The library keeps nulls in items that are new; decoding into the kind drops them, here the patch does.
function withoutNulls(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return (value as readonly JsonValue[]).map(withoutNulls);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([key, field]) => (field === null ? [] : [[key, withoutNulls(field)]])));
}
