import { createMemoryStore } from "@dataplane/storage";
import { afterEach, expect, test } from "vitest";
import { aTestPlugin, type TestPlugin } from "./testing/a-plugin-host.js";
import { type SharedServer, startSharedServer, temporaryFolder, textOf } from "./testing/start-shared-server.js";

const started: SharedServer[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((server) => server.stop()));
});

async function servers(...plugins: readonly (readonly TestPlugin[])[]): Promise<readonly SharedServer[]> {
  const common = { store: createMemoryStore(), keys: temporaryFolder() };
  const all: SharedServer[] = [];
  for (const list of plugins) {
    const server = await startSharedServer({ ...common, plugins: list });
    started.push(server);
    all.push(server);
  }
  return all;
}

async function until<T>(what: string, look: () => Promise<T | undefined> | T | undefined, ms = 20_000): Promise<T> {
  const end = performance.now() + ms;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > end) throw new Error(`${what}: it did not come to be`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const leases = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases";
const stop = async (server: SharedServer): Promise<void> => {
  started.splice(started.indexOf(server), 1);
  await server.stop();
};

interface Lease {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly holderIdentity: string };
}

async function leasesOf(server: SharedServer): Promise<readonly Lease[]> {
  const { body } = await server.json("GET", leases);
  return body["items"] as unknown as readonly Lease[];
}

const id = "test-datasource";
const group = "test-datasource.datasource.grafana.app";
const dataSource = { metadata: { name: "main", namespace: "default" }, spec: { title: "main" } };

async function withDataSource(server: SharedServer): Promise<void> {
  const apiVersion = `${group}/v0alpha1`;
  await until("the data source is made", async () => {
    const { status } = await server.json("POST", `/apis/${apiVersion}/namespaces/default/datasources`, {
      apiVersion,
      kind: "DataSource",
      ...dataSource,
    });
    return status === 201 || undefined;
  });
}

const queryPath = `/apis/${group}/v0alpha1/namespaces/default/datasources/main/query`;
const query = { queries: [{ refId: "A", datasource: { type: id, uid: "main" } }] };

/** Where the plugin is that answered; undefined for another answer than 200. */
async function queried(server: SharedServer): Promise<string | undefined> {
  const { status, body } = await server.json("POST", queryPath, query);
  return status === 200 ? /"name":"(\w+)"/.exec(JSON.stringify(body))?.[1] : undefined;
}

test("each server has a Lease, one of them leads, and when it leaves another one does", async () => {
  const [a, b] = (await servers([], [])) as [SharedServer, SharedServer];
  const names = await until("both have a Lease", async () => {
    const own = (await leasesOf(a)).filter(({ metadata }) => metadata.name.startsWith("dataplane-server-"));
    return own.length === 2 ? own.map(({ spec }) => spec.holderIdentity) : undefined;
  });
  const holder = async (server: SharedServer): Promise<string> =>
    (await leasesOf(server)).find(({ metadata }) => metadata.name === "dataplane-controllers")?.spec.holderIdentity ?? "";
  const first = await holder(a);
  expect(names).toContain(first);
  await stop(a);
  const next = await until("the other one leads", async () => {
    const now = await holder(b);
    return now !== "" && now !== first ? now : undefined;
  });
  expect(names).toContain(next);
  expect((await leasesOf(b)).filter(({ metadata }) => metadata.name.startsWith("dataplane-server-"))).toHaveLength(1);
  // What the leader alone does is done: a namespace that is deleted goes.
  expect((await b.json("POST", "/api/v1/namespaces", { metadata: { name: "short" } })).status).toBe(201);
  await until("it has its account", async () =>
    (await b.json("GET", "/api/v1/namespaces/short/serviceaccounts/default")).status === 200 ? true : undefined,
  );
  await b.json("DELETE", "/api/v1/namespaces/short");
  await until("it is gone", async () => ((await b.json("GET", "/api/v1/namespaces/short")).status === 404 ? true : undefined));
});

test("a plugin that one server has answers through all, and is unavailable when that one is gone", async () => {
  const plugin = aTestPlugin(id, "atA");
  const [a, b] = (await servers([plugin], [])) as [SharedServer, SharedServer];
  await withDataSource(b);
  expect(await until("it answers through b", () => queried(b))).toBe("atA");
  expect(await queried(a)).toBe("atA");
  const resource = await b.ask("GET", `/apis/${group}/v0alpha1/namespaces/default/datasources/main/resources/some/path`);
  expect([resource.status, await textOf(resource)]).toEqual([200, "atA;some/path;"]);
  expect((await b.json("GET", `/apis/${group}/v0alpha1/namespaces/default/datasources/main/health`)).body).toMatchObject({ message: "atA" });
  const service = await b.json("GET", `/apis/aggregation.grafana.app/v0alpha1/dataplaneservices/v0alpha1.${group}`);
  expect(service.body).toMatchObject({
    status: { conditions: expect.arrayContaining([expect.objectContaining({ type: "Available", status: "True" })]) as unknown },
  });
  await stop(a);
  const refused = await until("it is refused", async () => {
    const answer = await b.json("POST", queryPath, query);
    return answer.status === 503 ? answer.body : undefined;
  });
  expect(refused).toMatchObject({ kind: "Status", reason: "ServiceUnavailable" });
  const conditions = await until("its condition says so", async () => {
    const { body } = await b.json("GET", `/apis/aggregation.grafana.app/v0alpha1/dataplaneservices/v0alpha1.${group}`);
    return JSON.stringify(body).includes("PluginNotFound") ? body : undefined;
  });
  expect(conditions).toBeDefined();
});

test("a plugin that is broken here is called at a server where it runs, and its state says where", async () => {
  const broken = aTestPlugin(id, "atB", { phase: "failed", reason: "Crashed", message: "exit 1" });
  const [, b] = (await servers([aTestPlugin(id, "atA")], [broken])) as [SharedServer, SharedServer];
  await withDataSource(b);
  expect(await until("it answers", () => queried(b))).toBe("atA");
  const message = await until("the condition tells of both", async () => {
    const { body } = await b.json("GET", `/apis/aggregation.grafana.app/v0alpha1/dataplaneservices/v0alpha1.${group}`);
    const text = JSON.stringify(body);
    return text.includes("runs at") && text.includes("Crashed") ? text : undefined;
  });
  expect(message).toContain('"status":"True"');
});

test("nobody but a server of the store is heard on the paths between servers", async () => {
  const [a] = (await servers([])) as [SharedServer];
  expect((await a.json("POST", "/servers/v1/plugins", {})).status).toBe(404);
  const answer = await fetch(`https://127.0.0.1:${a.port}/servers/v1/plugins`, { method: "POST" }).catch(() => undefined);
  expect(answer).toBeUndefined();
});

interface Listener {
  readonly lines: string[];
  readonly leave: () => void;
}

async function listenTo(server: SharedServer, path: string): Promise<Listener> {
  const gone = new AbortController();
  const answer = await until("the stream is joined", async () => {
    const joined = await server.ask("GET", `/apis/${group}/v0alpha1/namespaces/default/datasources/main/stream/${path}`, { signal: gone.signal });
    return joined.status === 200 ? joined : undefined;
  });
  const lines: string[] = [];
  void (async () => {
    const { body } = answer;
    if (body === undefined || typeof body === "string" || body instanceof Uint8Array) return;
    for await (const piece of body) lines.push(...Buffer.from(piece).toString().split("\n"));
  })().catch(() => undefined);
  return { lines, leave: () => gone.abort() };
}

test("a stream has one run among three servers, goes on when its server leaves, and what is published anywhere reaches all", async () => {
  const plugins = ["one", "two", "three"].map((where) => aTestPlugin(id, where));
  const all = await servers(...plugins.map((plugin) => [plugin]));
  const [a, b, c] = all as [SharedServer, SharedServer, SharedServer];
  await withDataSource(a);
  for (const server of all) await until("it is served", () => queried(server));
  const listeners = [await listenTo(a, "ticks"), await listenTo(b, "ticks"), await listenTo(c, "ticks")];
  const runs = (): readonly number[] => plugins.map(({ running }) => running().length);
  await until("all hear", () => (listeners.every(({ lines }) => lines.length > 5) ? true : undefined));
  expect(runs().reduce((sum, count) => sum + count)).toBe(1);
  const owner = runs().indexOf(1);
  const said = plugins[owner] === plugins[0] ? "one" : plugins[owner] === plugins[1] ? "two" : "three";
  for (const { lines } of listeners) expect(lines.at(-2)).toContain(said);

  for (const [index, server] of all.entries()) {
    const answer = await server.json("POST", `/apis/${group}/v0alpha1/namespaces/default/datasources/main/stream/ticks`, { published: index });
    expect(answer.status).toBe(200);
    await until("all have it", () =>
      listeners.every(({ lines }) => lines.some((line) => line.includes(`"published":${index}`))) ? true : undefined,
    );
  }
  expect(plugins.filter(({ calls }) => calls.includes("publishStream"))).toHaveLength(1);

  const leaving = all[owner] as SharedServer;
  const others = listeners.filter((_, index) => index !== owner);
  listeners[owner]?.leave();
  await stop(leaving);
  const before = others.map(({ lines }) => lines.length);
  await until("the others hear on", () =>
    others.every(({ lines }, index) => lines.length > (before[index] ?? 0) + 5 && !(lines.at(-2) ?? "").includes(said)) ? true : undefined,
  );
  expect(runs().reduce((sum, count) => sum + count)).toBe(1);
  for (const { leave } of others) leave();
});
