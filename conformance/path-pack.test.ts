import { request } from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";
import { admin, call } from "./testing/call.js";
import { createDataSource, ownGroup } from "./testing/data-plane.js";
import { goTestPlugin, installGoTestPlugin, needsGoTestPlugin, unsignedPluginsAllowed } from "./testing/install-plugin.js";
import { describeWith } from "./testing/needs.js";
import { type StartedServer, startServer, temporaryFolder } from "./testing/start-server.js";
import { until } from "./testing/until.js";

const root = `/apis/${ownGroup(goTestPlugin)}/v0alpha1`;
const namespaced = `${root}/namespaces/default`;
const one = `${namespaced}/datasources/one`;

/** Each way into the data plane, by what it means when it is written as it should be. */
const targets = [
  ...[`${one}/query`, `${one}/health`, `${one}/resources/a/b`, `${one}/stream/count/1`, `${one}/proxy/a/b`, `${one}/access`, `${one}/plugincontext`],
  ...[
    one,
    `${namespaced}/datasources`,
    `${namespaced}/queries/none/run`,
    `${root}/admission/validate`,
    `${root}/admission/mutate`,
    `${root}/convert`,
  ],
  ...["/apis/query.grafana.app/v0alpha1/namespaces/default/query", "/apis/aggregation.grafana.app/v0alpha1/dataplaneservices"],
  ...["/api/ds/query", "/api/datasources/uid/one/health", "/api/datasources/uid/one/resources/a/b", "/api/datasources/proxy/uid/one/a"],
  ...[`/api/plugins/${goTestPlugin}/settings`, "/api/admin/provisioning/datasources/reload", `/metrics/plugins/${goTestPlugin}`],
];

/** What is written with GET as well as it can be; a wrong method would hide whether a plugin is reached. */
const methodOf = (target: string): string => (/\/(?:query|run|mutate|validate|convert|reload)$/.test(target) ? "POST" : "GET");

const last = (path: string): number => path.lastIndexOf("/");
const encodeOne = (path: string): string =>
  path.slice(0, last(path) + 1) + `%${path.charCodeAt(last(path) + 1).toString(16)}` + path.slice(last(path) + 2);

/** Written differently and meaning the same: the decision must be the same. */
const same: readonly ((path: string) => string)[] = [
  encodeOne,
  (path) => `${path}?x=/../admin`,
  (path) => `${path}?%2e%2e/`,
  (path) => `${path}?a#b`,
];

/** What two parsers could read differently: no plugin is reached, whoever asks. */
const refused: readonly ((path: string) => string)[] = [
  ...["/", "/.", "/x/..", "/%2e", "/x/%2e%2e", "/%2E%2e", "/.%2e"].map((before) => (path: string) => before + path),
  ...[
    "//",
    "/./",
    "/x/../",
    "/%2e/",
    "/x/%2e%2e/",
    "/%2f/",
    "%2f",
    "%2F",
    "%5c",
    "\\",
    "/%00/",
    "%00/",
    "/..%2f/",
    "/..;/../",
    "%c0%af",
    "/%c0%ae/",
  ].map((between) => (path: string) => path.slice(0, last(path)) + between + path.slice(last(path) + 1)),
  ...["/..", "/%2e%2e", "/.", "//", "/%2e", "%00", "/%5c", "\\..", "%2f..", "/../", "%zz", "%"].map((after) => (path: string) => path + after),
];

interface Sent {
  readonly status: number;
  readonly text: string;
}

describeWith([needsGoTestPlugin], "paths that are written in odd ways, to the whole server", () => {
  let server: StartedServer;
  /** Fetch would tidy the path up. */
  const send = (method: string, path: string, authorization?: string): Promise<Sent> =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(server.url);
      const asked = request({
        hostname,
        port,
        path,
        method,
        headers: { "content-type": "application/json", ...(authorization === undefined ? {} : { authorization }) },
      });
      asked.once("error", reject).once("response", (answer) => {
        let text = "";
        answer.setEncoding("utf8").on("data", (piece: string) => {
          text += piece;
        });
        answer.once("end", () => resolve({ status: answer.statusCode ?? 0, text }));
      });
      asked.end(method === "POST" ? "{}" : "");
    });
  /** Of all calls that reached the plugin. */
  const calls = async (): Promise<number> => {
    const { text } = await call(`${server.url}/metrics`);
    return [...text.matchAll(/^grafana_plugin_request_total\{[^}]*\} (\d+)/gm)].reduce((sum, [, count]) => sum + Number(count), 0);
  };

  beforeAll(async () => {
    const dataPath = temporaryFolder("paths");
    installGoTestPlugin(dataPath);
    server = await startServer({ dataPath, env: unsignedPluginsAllowed });
    await createDataSource(server, { pluginId: goTestPlugin, uid: "one" });
    await until("it runs", async () => ((await call(`${server.url}${one}/health`)).status === 200 ? true : undefined));
  });
  afterAll(() => server.stop());

  test("a call that reaches the plugin is counted", async () => {
    const before = await calls();
    expect((await send("GET", `${one}/resources/a/b`, admin)).status).toBe(200);
    expect(await calls()).toBe(before + 1);
  });

  test("the pack has 300 paths and more, on each way into the data plane", () => {
    expect(targets.length * (same.length + refused.length)).toBeGreaterThanOrEqual(300);
  });

  test.each(targets)("another way of writing %s is decided as it is itself", async (target) => {
    for (const authorization of [admin, undefined]) {
      const canonical = await send(methodOf(target), target, authorization);
      for (const write of same)
        expect([write(target), (await send(methodOf(target), write(target), authorization)).status]).toEqual([write(target), canonical.status]);
    }
  });

  test.each(targets)("%s is not reached by a path that parsers disagree on", async (target) => {
    const before = await calls();
    for (const write of refused) {
      const path = write(target);
      const { status } = await send(methodOf(target), path, admin);
      // 404: a path of another meaning, of which nothing is there.
      expect([400, 404], `${path}: ${status}`).toContain(status);
      const stranger = await send(methodOf(target), path);
      expect([400, 401, 403, 404], `${path}: ${stranger.status}`).toContain(stranger.status);
    }
    expect(await calls()).toBe(before);
  });
});
