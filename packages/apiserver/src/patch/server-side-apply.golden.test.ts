import { readFileSync } from "node:fs";
import { ApiError, type ApiObject, type JsonObject } from "@dataplane/meta";
import { describe, expect, test } from "vitest";
import { s } from "../schema/builder.js";
import { objectSchema } from "../schema/object-schema.js";
import { serverSideApply } from "./server-side-apply.js";
import { trackUpdate } from "./track-update.js";

interface Step {
  readonly operation: "Apply" | "Update";
  readonly manager: string;
  readonly force?: boolean;
  readonly input: JsonObject;
  readonly conflicts?: readonly string[];
  readonly object?: JsonObject;
  readonly managers?: Readonly<Record<string, { readonly fields: JsonObject }>>;
}

// Answers of the API server's own library: conformance/smd/main.go makes them.
const golden = new URL("../../../../conformance/smd/cases.golden.json", import.meta.url);
const cases = JSON.parse(readFileSync(golden, "utf8")) as readonly (readonly Step[])[];

const text = s.string();
const { json: schema } = objectSchema({
  spec: s.object({
    name: text,
    size: s.integer(),
    labels: s.map(text),
    fixed: s.map(text).atomic(),
    nested: s.object({ a: text, b: s.boolean(), deeper: s.map(s.integer()) }),
    tags: s.array(text).set(),
    steps: s.array(text).atomic(),
    services: s.array(s.object({ type: text, path: text, methods: s.array(text).set() })).listMap("type"),
    ports: s.array(s.object({ port: s.integer(), protocol: text, name: text })).listMap("port", "protocol"),
  }),
});

const now = new Date("2026-01-01T00:00:00Z");
const identity = { name: "w", uid: "1" };

function run(live: ApiObject, { operation, manager, force = false, input }: Step): ApiObject {
  const object = { ...input, metadata: identity } as unknown as ApiObject;
  const rest = { live, manager, schema, apiVersion: "v1", subresource: "", now };
  return operation === "Apply" ? serverSideApply({ ...rest, applied: object, force }).object : trackUpdate({ ...rest, next: object });
}

function expectConflicts(live: ApiObject, step: Step, conflicts: readonly string[]): void {
  try {
    run(live, step);
    expect.unreachable("a conflict was expected");
  } catch (thrown) {
    if (!(thrown instanceof ApiError)) throw thrown;
    const causes = (thrown.details?.causes ?? []).map(({ message, field }) => {
      const owner = /"(.*)"( using v1)?/.exec(message);
      return `${owner?.[1] ?? ""}/${owner?.[2] === undefined ? "Apply" : "Update"} ${field}`;
    });
    expect(new Set(causes)).toEqual(new Set(conflicts));
  }
}

function expectState(object: ApiObject, step: Step): void {
  const { metadata, ...others } = object;
  expect(others).toEqual(step.object);
  const owners = (metadata.managedFields ?? []).map(({ manager, operation, fieldsV1 }) => [`${manager}/${operation}`, fieldsV1] as const);
  const wanted = Object.entries(step.managers ?? {}).map(([name, { fields }]) => [name, fields] as const);
  expect(Object.fromEntries(owners)).toEqual(Object.fromEntries(wanted));
}

describe("server-side apply answers as structured-merge-diff", () => {
  test.each(cases.map((steps, index) => ({ index, steps })))("sequence $index", ({ steps }) => {
    // A manager of its own keeps the object from being one that was never tracked.
    let live = { apiVersion: "v1", kind: "Widget", metadata: identity } as ApiObject;
    for (const [at, step] of steps.entries()) {
      const before = live.metadata.managedFields === undefined ? { ...live, metadata: { ...identity, managedFields: [tracked] } } : live;
      if (step.conflicts !== undefined) {
        expectConflicts(before, step, step.conflicts);
        continue;
      }
      const result = run(before, step);
      live = {
        ...result,
        metadata: { ...result.metadata, managedFields: (result.metadata.managedFields ?? []).filter(({ manager }) => manager !== "other") },
      };
      if (live.metadata.managedFields?.length === 0) live = { ...live, metadata: identity };
      try {
        expectState(live, step);
      } catch (cause) {
        throw new Error(`step ${at}`, { cause });
      }
    }
  });
});

const tracked = {
  manager: "other",
  operation: "Update",
  apiVersion: "v1",
  fieldsType: "FieldsV1",
  fieldsV1: { "f:metadata": { "f:labels": { "f:other": {} } } },
} as const;
