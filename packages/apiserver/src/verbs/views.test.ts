import { dataPlaneUser } from "@dataplane/meta";
import { expect, test } from "vitest";
import type { ResourceDefinition } from "../resource.js";
import { startApiServer } from "../testing/start-api-server.js";

/** Two owners on one prefix: each sees its own, and a secret is kept beside the object. */
const owned = (owner: string): ResourceDefinition => ({
  group: `${owner}.example.com`,
  version: "v1",
  kind: "Source",
  plural: "sources",
  scope: "namespaced",
  schema: { type: "object", properties: { secure: { type: "object", "x-kubernetes-preserve-unknown-fields": true } } },
  storage: { prefix: "/sources", includes: (_object, hidden) => hidden?.["owner"] === owner },
  prepare: ({ object, oldHidden }) => {
    const { secure, ...rest } = object;
    return {
      object: { ...rest, apiVersion: object.apiVersion, kind: object.kind, metadata: object.metadata },
      hidden: { ...oldHidden, owner, secret: JSON.stringify(secure) },
    };
  },
  computed: [
    {
      name: "context",
      kind: "Context",
      internal: true,
      get: ({ object, hidden }) => ({ apiVersion: "v1", kind: "Context", metadata: object.metadata, secret: hidden?.["secret"] ?? null }),
    },
  ],
});

const path = (owner: string, rest = "") => `/apis/${owner}.example.com/v1/namespaces/default/sources${rest}`;

test("each definition sees what it includes, a name that another has is 409, and secrets never show", async () => {
  await using api = await startApiServer((registry) => {
    registry.add(owned("one"));
    registry.add(owned("two"));
  });
  const body = { metadata: { name: "a" }, secure: { password: "swordfish" } };
  const made = await api.call(path("one"), { method: "POST", body });
  expect(made.status).toBe(201);
  expect(made.text).not.toContain("swordfish");
  expect((await api.call(path("two"), { method: "POST", body })).status).toBe(409);
  expect((await api.call(path("two", "/a"))).status).toBe(404);
  expect((await api.call(path("two"))).json.items).toEqual([]);
  expect((await api.call(path("one"))).text).not.toContain("swordfish");
  expect((await api.call(path("one", "/a/context"))).status).toBe(403);
  expect((await api.call(path("one", "/a/context"), { user: dataPlaneUser })).text).toContain("swordfish");
  expect((await api.call("/apis/one.example.com/v1")).text).not.toContain("context");
});
