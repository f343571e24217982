import { expect, test } from "vitest";
import { kindSchema } from "./kind-schema.js";

const spec = { type: "object", properties: { title: { type: "string" } } };
const whole = { type: "object", properties: { spec } };
const wanted = { type: "object", properties: { spec } };

test("every form in which a manifest holds a schema gives the same", () => {
  expect(kindSchema({ kind: "Thing", schemas: { Thing: whole }, schema: undefined })).toEqual(wanted);
  const document = { openapi: "3.0.0", components: { schemas: { Thing: whole } } };
  expect(kindSchema({ kind: "Thing", schemas: undefined, schema: document })).toEqual(wanted);
  expect(kindSchema({ kind: "Thing", schemas: undefined, schema: { schemas: { Thing: whole } } })).toEqual(wanted);
  expect(kindSchema({ kind: "Thing", schemas: undefined, schema: { spec } })).toEqual({ ...wanted, required: ["spec"] });
  expect(kindSchema({ kind: "Thing", schemas: { Other: whole }, schema: undefined })).toBeUndefined();
  expect(kindSchema({ kind: "Thing", schemas: undefined, schema: {} })).toBeUndefined();
});

test("references are resolved, and what refers to itself may hold anything there", () => {
  const schemas = {
    Thing: { type: "object", properties: { spec: { $ref: "#/components/schemas/Spec", description: "Wanted." } } },
    Spec: { type: "object", properties: { child: { $ref: "#/components/schemas/Spec" }, missing: { $ref: "#/components/schemas/Nobody" } } },
  };
  const open = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  expect(kindSchema({ kind: "Thing", schemas, schema: undefined })).toEqual({
    type: "object",
    properties: { spec: { type: "object", description: "Wanted.", properties: { child: open, missing: open } } },
  });
});

test("keywords that say nothing of what is stored are left out, open objects are said to be open", () => {
  const thing = {
    type: "object",
    example: { a: 1 },
    discriminator: { propertyName: "x" },
    properties: {
      any: { additionalProperties: true },
      closed: { type: "object", additionalProperties: false },
      texts: { type: "object", additionalProperties: { type: "string", readOnly: true } },
      mixed: { properties: { a: { type: "integer" } }, additionalProperties: {} },
      list: { type: "array", items: { type: "string", deprecated: true } },
    },
  };
  const preserves = { "x-kubernetes-preserve-unknown-fields": true };
  expect(kindSchema({ kind: "Thing", schemas: { Thing: thing }, schema: undefined })).toEqual({
    type: "object",
    properties: {
      any: { type: "object", ...preserves },
      closed: { type: "object" },
      texts: { type: "object", additionalProperties: { type: "string" } },
      mixed: { type: "object", properties: { a: { type: "integer" } }, ...preserves },
      list: { type: "array", items: { type: "string" } },
    },
  });
});
