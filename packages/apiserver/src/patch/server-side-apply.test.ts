import type { ApiObject, JsonObject } from "@dataplane/meta";
import { expect, test } from "vitest";
import { conditions, s } from "../schema/builder.js";
import { objectSchema } from "../schema/object-schema.js";
import { serverSideApply } from "./server-side-apply.js";
import { trackUpdate } from "./track-update.js";

const { json: schema } = objectSchema({
  spec: s.object({
    size: s.integer().optional(),
    name: s.string().optional(),
    services: s
      .array(s.object({ type: s.string() }))
      .listMap("type")
      .optional(),
  }),
  status: s.object({ conditions, phase: s.string().optional() }).optional(),
});
const at = (seconds: number): Date => new Date(Date.UTC(2026, 0, 1, 0, 0, seconds));
const apiVersion = "example.org/v1";

function widget(spec: JsonObject, more: { readonly annotations?: Record<string, string>; readonly status?: JsonObject } = {}): ApiObject {
  const { annotations, status } = more;
  return {
    apiVersion,
    kind: "Widget",
    metadata: { name: "w", ...(annotations === undefined ? {} : { annotations }) },
    spec,
    ...(status === undefined ? {} : { status }),
  };
}

interface Options {
  readonly live?: ApiObject;
  readonly manager?: string;
  readonly force?: boolean;
  readonly subresource?: string;
  readonly seconds?: number;
}

const apply = (applied: ApiObject, { live, manager = "a", force = false, subresource = "", seconds = 0 }: Options = {}): ApiObject =>
  serverSideApply({ live, applied, manager, force, schema, apiVersion, subresource, hasStatus: true, now: at(seconds) }).object;

const update = (next: ApiObject, { live, manager = "u", subresource = "", seconds = 0 }: Options = {}): ApiObject =>
  trackUpdate({ live, next, manager, schema, apiVersion, subresource, now: at(seconds) });

const stored = (object: ApiObject): ApiObject => ({ ...object, metadata: { ...object.metadata, uid: "1", resourceVersion: "7" } });
const owners = ({ metadata }: ApiObject) =>
  (metadata.managedFields ?? []).map(({ manager, operation, subresource }) => [manager, operation, subresource].join(" ").trim());

test("the first apply creates the object and owns what it says, but no identity", () => {
  const object = apply(widget({ size: 1 }));
  expect(object.metadata.managedFields).toEqual([
    { manager: "a", operation: "Apply", apiVersion, time: "2026-01-01T00:00:00Z", fieldsType: "FieldsV1", fieldsV1: { "f:spec": { "f:size": {} } } },
  ]);
});

test("the same apply again gives back an equal object", () => {
  const live = stored(apply(widget({ size: 1 })));
  expect(apply(widget({ size: 1 }), { live, seconds: 9 })).toEqual(live);
});

test("a conflict names the field and its owner in the API server's words", () => {
  const live = stored(update(widget({ size: 1, name: "x" }), { manager: "kubectl" }));
  expect(() => apply(widget({ size: 2 }), { live })).toThrow(
    expect.objectContaining({
      code: 409,
      message: 'Apply failed with 1 conflict: conflict with "kubectl" using example.org/v1: .spec.size',
      details: { causes: [{ reason: "FieldManagerConflict", message: 'conflict with "kubectl" using example.org/v1', field: ".spec.size" }] },
    }) as Error,
  );
  expect(() => apply(widget({ size: 2, name: "y" }), { live })).toThrow(
    'Apply failed with 2 conflicts: conflicts with "kubectl" using example.org/v1:\n- .spec.name\n- .spec.size',
  );
});

test("force takes the field from its owner", () => {
  const live = stored(update(widget({ size: 1 })));
  const object = apply(widget({ size: 2 }), { live, force: true });
  expect(object["spec"]).toEqual({ size: 2 });
  expect(object.metadata.managedFields?.map(({ manager, fieldsV1 }) => [manager, fieldsV1])).toEqual([
    ["a", { "f:spec": { "f:size": {} } }],
    ["u", { "f:spec": {} }],
  ]);
});

test("a field that is no longer applied goes, unless another manager has it", () => {
  const first = stored(apply(widget({ size: 1, name: "x" })));
  expect(apply(widget({ size: 1 }), { live: first })["spec"]).toEqual({ size: 1 });
  const shared = stored(apply(widget({ name: "x" }), { live: first, manager: "b" }));
  expect(apply(widget({ size: 1 }), { live: shared })["spec"]).toEqual({ size: 1, name: "x" });
});

test("server-owned metadata is not the configuration's", () => {
  const live = stored(apply(widget({ size: 1 })));
  const applied = { ...widget({ size: 2 }), metadata: { name: "w", uid: "other", creationTimestamp: null } } as unknown as ApiObject;
  expect(apply(applied, { live }).metadata).toMatchObject({ uid: "1", resourceVersion: "7" });
});

test("an object that was never tracked belongs to before-first-apply", () => {
  const live = stored(widget({ size: 1 }));
  expect(() => apply(widget({ size: 2 }), { live })).toThrow('conflict with "before-first-apply" using example.org/v1: .spec.size');
});

test("kubectl may take over what client-side apply set, and keeps its annotation true", () => {
  const configuration = JSON.stringify({ apiVersion, kind: "Widget", metadata: { name: "w" }, spec: { size: 1 } });
  const annotations = { "kubectl.kubernetes.io/last-applied-configuration": configuration };
  const live = stored(update(widget({ size: 1 }, { annotations }), { manager: "kubectl-client-side-apply" }));
  expect(() => apply(widget({ size: 2 }), { live, manager: "someone" })).toThrow("Apply failed with 1 conflict");
  const object = apply(widget({ size: 2 }), { live, manager: "kubectl" });
  expect(object["spec"]).toEqual({ size: 2 });
  const kept = object.metadata.annotations?.["kubectl.kubernetes.io/last-applied-configuration"] ?? "";
  expect(JSON.parse(kept)).toMatchObject({ spec: { size: 2 } });
});

test("the object itself has no say in status, and the status subresource in nothing else", () => {
  const live = stored(apply(widget({ size: 1 }, { status: { phase: "no" } })));
  expect(live["status"]).toBeUndefined();
  const object = apply(widget({ size: 5 }, { status: { phase: "Ready" } }), { live, manager: "c", subresource: "status" });
  expect(object).toMatchObject({ spec: { size: 1 }, status: { phase: "Ready" } });
  expect(owners(object)).toEqual(["a Apply", "c Apply status"]);
});

test("bad configurations are the caller's fault", () => {
  const managed = { ...widget({}), metadata: { name: "w", managedFields: [{}] } } as unknown as ApiObject;
  expect(() => apply(managed)).toThrow("metadata.managedFields must be nil");
  expect(() => apply(widget({ services: [{ type: "x" }, { type: "x" }] }))).toThrow("duplicate entries for key");
  expect(() => apply(widget({ services: [{}] }))).toThrow("lacks the keys");
});

test("an update owns what it changed, and its time stands while nothing changes", () => {
  const live = stored(update(widget({ size: 1 })));
  expect(update({ ...live, spec: { size: 1 } }, { live, seconds: 5 })).toEqual(live);
  const next = update({ ...live, spec: { size: 2 } }, { live, manager: "v", seconds: 5 });
  expect(next.metadata.managedFields?.map(({ manager, time }) => [manager, time])).toEqual([
    ["u", "2026-01-01T00:00:00Z"],
    ["v", "2026-01-01T00:00:05Z"],
  ]);
});

test("a status write is told apart by its subresource, and cannot edit managedFields", () => {
  const live = stored(update(widget({ size: 1 })));
  const next = update({ ...live, metadata: { ...live.metadata, managedFields: [] }, status: { phase: "Ready" } }, { live, subresource: "status" });
  expect(owners(next)).toEqual(["u Update", "u Update status"]);
});

test("a client that forgets managedFields loses nothing, one that sends [{}] resets them", () => {
  const live = stored(update(widget({ size: 1 })));
  expect(owners(update(stored(widget({ size: 1 })), { live }))).toEqual(["u Update"]);
  const reset = { ...live, metadata: { ...live.metadata, managedFields: [{}] } } as unknown as ApiObject;
  expect(update(reset, { live }).metadata.managedFields).toBeUndefined();
});

test("more than ten updaters are merged into ancient-changes, oldest first", () => {
  let live = stored(update(widget({ size: 0 }), { manager: "m0" }));
  for (let n = 1; n <= 14; n++) {
    const labels = { ...live.metadata.labels, [`l${n}`]: "x" };
    live = update({ ...live, metadata: { ...live.metadata, labels } }, { live, manager: `m${n}`, seconds: n });
  }
  expect(owners(live)).toHaveLength(10);
  expect(owners(live)).toContain("ancient-changes Update");
  expect(owners(live)).toContain("m14 Update");
});
