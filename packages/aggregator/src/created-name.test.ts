import { expect, test } from "vitest";
import { createdName } from "./created-name.js";

const object = JSON.stringify({ kind: "DataPlaneService", metadata: { name: "v1.a.example.com", labels: {} } });

test("the name is read from an object, in one piece or several", () => {
  const bytes = Buffer.from(object);
  expect(createdName({ body: object })).toBe("v1.a.example.com");
  expect(createdName({ body: bytes })).toBe("v1.a.example.com");
  expect(createdName({ body: [bytes.subarray(0, 20), bytes.subarray(20)] })).toBe("v1.a.example.com");
});

test("an answer that shows no object has none", () => {
  for (const body of ["", "k8s\0protobuf", "[]", '{"kind":"Table","metadata":{}}', '{"metadata":{"name":5}}']) {
    expect(createdName({ body })).toBeUndefined();
  }
  expect(createdName({})).toBeUndefined();
});
