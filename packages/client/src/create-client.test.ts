import { ApiError, type ApiObject, conflict, dataPlaneUser, expired, notFound, type WatchEvent } from "@dataplane/meta";
import { describe, expect, test } from "vitest";
import type { ApiClient, ResourceRef } from "./api-client.js";
import { createApiClient, createHttpClient } from "./create-client.js";
import { type Answer, failure, json, listen, type Seen, scripted, stream } from "./testing/scripted-server.js";

const things: ResourceRef = { group: "example.org", version: "v1", resource: "things", namespaced: true };
const nodes: ResourceRef = { group: "", version: "v1", resource: "nodes", namespaced: false };

const thing = (name: string, resourceVersion = "1"): ApiObject => ({
  apiVersion: "example.org/v1",
  kind: "Thing",
  metadata: { name, namespace: "default", resourceVersion },
  spec: { text: "grüße 🙂" },
});

const event = (type: string, object: unknown): string => `${JSON.stringify({ type, object })}\n`;

interface Carrier {
  readonly name: string;
  readonly use: (answers: readonly Answer[], work: (client: ApiClient, seen: Seen[]) => Promise<void>) => Promise<void>;
}

const carriers: readonly Carrier[] = [
  {
    name: "in process",
    use: async (answers, work) => {
      const { handler, seen } = scripted(...answers);
      await work(createApiClient({ handler, user: dataPlaneUser }), seen);
    },
  },
  {
    name: "over http",
    use: async (answers, work) => {
      const { handler, seen } = scripted(...answers);
      const listening = await listen(handler);
      try {
        await work(createHttpClient({ baseUrl: listening.url, headers: { authorization: "Bearer secret" } }), seen);
      } finally {
        await listening[Symbol.asyncDispose]();
      }
    },
  },
];

async function failureOf(work: Promise<unknown>): Promise<ApiError> {
  const thrown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof ApiError) return thrown;
  throw new Error(`expected an ApiError, got ${String(thrown)}`);
}

async function drain(events: AsyncIterable<WatchEvent<ApiObject>>): Promise<string[]> {
  const names: string[] = [];
  for await (const { type, object } of events) names.push(`${type} ${object.metadata.name}`);
  return names;
}

describe.each(carriers)("a client $name", ({ use }) => {
  test("each verb goes to the path, method and parameters of the API", () =>
    use([json(thing("a"))], async (client, seen) => {
      await client.get(things, { name: "a", namespace: "default" });
      await client.get(things, { name: "a", namespace: "default", subresource: "status" });
      await client.get(nodes, { name: "n/1?x" });
      await client.create(things, thing("a"), { fieldManager: "me", dryRun: true });
      await client.update(things, { name: "a", namespace: "default" }, thing("a"));
      await client.patch(
        things,
        { name: "a", namespace: "default" },
        "application/apply-patch+yaml",
        { spec: {} },
        { fieldManager: "me", force: true },
      );
      await client.delete(things, { name: "a", namespace: "default" });
      const base = "/apis/example.org/v1/namespaces/default/things";
      expect(seen.map(({ method, path, query }) => ({ method, path, query }))).toEqual([
        { method: "GET", path: `${base}/a`, query: {} },
        { method: "GET", path: `${base}/a/status`, query: {} },
        { method: "GET", path: "/api/v1/nodes/n%2F1%3Fx", query: {} },
        { method: "POST", path: base, query: { fieldManager: "me", dryRun: "All" } },
        { method: "PUT", path: `${base}/a`, query: {} },
        { method: "PATCH", path: `${base}/a`, query: { fieldManager: "me", force: "true" } },
        { method: "DELETE", path: `${base}/a`, query: {} },
      ]);
      expect(seen[3]).toMatchObject({ contentType: "application/json", body: JSON.stringify(thing("a")) });
      expect(seen[5]).toMatchObject({ contentType: "application/apply-patch+yaml", body: '{"spec":{}}' });
    }));

  test("a list passes its options on and fills in what items leave out", () =>
    use(
      [json({ apiVersion: "v1", kind: "NodeList", metadata: { resourceVersion: "7", continue: "c" }, items: [{ metadata: { name: "n" } }] })],
      async (client, seen) => {
        const list = await client.list(nodes, { labelSelector: "a=b", fieldSelector: "x=y", limit: 1, continue: "b", resourceVersion: "5" });
        expect(seen[0]?.query).toEqual({ labelSelector: "a=b", fieldSelector: "x=y", limit: "1", continue: "b", resourceVersion: "5" });
        expect(list.metadata).toEqual({ resourceVersion: "7", continue: "c" });
        expect(list.items).toEqual([{ apiVersion: "v1", kind: "Node", metadata: { name: "n" } }]);
      },
    ));

  test("a failure is the Status that the server gave", () =>
    use([json(failure(conflict("things", "a", "example.org", "changed")), 409)], async (client) => {
      const error = await failureOf(client.get(things, { name: "a", namespace: "default" }));
      expect(error).toMatchObject({ reason: "Conflict", code: 409, details: { name: "a", group: "example.org", kind: "things" } });
      expect(error.message).toContain("changed");
    }));

  test("a failure that is no Status is told by its code, with the time to wait", () =>
    use([() => ({ status: 503, headers: { "retry-after": "7" }, body: "upstream is away" })], async (client) => {
      const error = await failureOf(client.list(things));
      expect(error).toMatchObject({ reason: "ServiceUnavailable", code: 503, details: { retryAfterSeconds: 7 } });
    }));

  test("an answer that is not JSON, or no object, counts as no answer", () =>
    use([() => ({ status: 200, headers: {}, body: "<html>" }), json(["no"])], async (client) => {
      expect((await failureOf(client.get(nodes, { name: "a" }))).reason).toBe("ServiceUnavailable");
      expect((await failureOf(client.get(nodes, { name: "a" }))).reason).toBe("ServiceUnavailable");
    }));

  test("a namespaced object needs a namespace, and any object a name", () =>
    use([json(thing("a"))], async (client, seen) => {
      expect((await failureOf(client.get(things, { name: "a" }))).code).toBe(400);
      expect((await failureOf(client.delete(nodes, { name: "" }))).code).toBe(400);
      expect(seen).toEqual([]);
    }));

  test("a watch gives each event, however the lines are cut into pieces", () => {
    const text = Buffer.from(event("ADDED", thing("a")) + event("MODIFIED", thing("b")) + event("BOOKMARK", thing("")));
    const pieces = Array.from({ length: Math.ceil(text.byteLength / 7) }, (_, index) => text.subarray(index * 7, index * 7 + 7));
    return use([stream(pieces)], async (client, seen) => {
      const events = client.watch(things, { resourceVersion: "1", allowWatchBookmarks: true, timeoutSeconds: 9 }, new AbortController().signal);
      expect(await drain(events)).toEqual(["ADDED a", "MODIFIED b", "BOOKMARK "]);
      expect(seen[0]?.query).toEqual({ watch: "true", resourceVersion: "1", allowWatchBookmarks: "true", timeoutSeconds: "9" });
    });
  });

  test("an ERROR event is thrown, as is a watch that is refused", () =>
    use([stream([event("ADDED", thing("a")), event("ERROR", failure(expired()))]), json(failure(notFound("things", "x")), 404)], async (client) => {
      expect(await failureOf(drain(client.watch(things, {}, new AbortController().signal)))).toMatchObject({ reason: "Expired", code: 410 });
      expect((await failureOf(drain(client.watch(things, {}, new AbortController().signal)))).code).toBe(404);
    }));

  test("an abort ends a watch without an error", () =>
    use([stream([event("ADDED", thing("a"))], { open: true })], async (client) => {
      const abort = new AbortController();
      const names: string[] = [];
      for await (const { object } of client.watch(things, {}, abort.signal)) {
        names.push(object.metadata.name);
        abort.abort();
      }
      expect(names).toEqual(["a"]);
    }));

  test("a watch that its reader leaves is ended at the server", () => {
    let gone = false;
    const answer: Answer = (request) => {
      request.signal.addEventListener("abort", () => (gone = true));
      return stream([event("ADDED", thing("a"))], { open: true })(request);
    };
    return use([answer], async (client) => {
      for await (const { type } of client.watch(things, {}, new AbortController().signal)) {
        expect(type).toBe("ADDED");
        break;
      }
      await expect.poll(() => gone).toBe(true);
    });
  });
});

test("a call in process is made as its user", async () => {
  const { handler, seen } = scripted(json(thing("a")));
  await createApiClient({ handler, user: dataPlaneUser }).get(nodes, { name: "a" });
  expect(seen[0]?.user).toBe(dataPlaneUser.name);
});

test("what a handler throws is the failure", async () => {
  const client = createApiClient({ handler: () => Promise.reject(notFound("nodes", "a")), user: dataPlaneUser });
  expect(await failureOf(client.get(nodes, { name: "a" }))).toMatchObject({ reason: "NotFound", code: 404 });
});

test("no server is ServiceUnavailable, and the text names no header", async () => {
  const { handler } = scripted(json(thing("a")));
  const listening = await listen(handler);
  await listening[Symbol.asyncDispose]();
  const client = createHttpClient({ baseUrl: listening.url, headers: { authorization: "Bearer secret" } });
  const error = await failureOf(client.get(nodes, { name: "a" }));
  expect(error).toMatchObject({ reason: "ServiceUnavailable", code: 503 });
  expect(JSON.stringify(error.toStatus())).not.toContain("secret");
});

test("a kept connection that the server closed meanwhile is not the caller's trouble", async () => {
  const { handler } = scripted(json(thing("a")));
  const listening = await listen(handler);
  const client = createHttpClient({ baseUrl: listening.url });
  await client.get(nodes, { name: "a" });
  listening.server.closeAllConnections();
  await expect(client.get(nodes, { name: "a" })).resolves.toMatchObject({ metadata: { name: "a" } });
  await listening[Symbol.asyncDispose]();
});
