import { readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, request } from "node:http";
import { type AddressInfo, connect } from "node:net";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { admin, call } from "./testing/call.js";
import { createDataSource, dataSourcesUrl } from "./testing/data-plane.js";
import { goTestPlugin, installGoTestPlugin, needsGoTestPlugin, unsignedPluginsAllowed } from "./testing/install-plugin.js";
import { describeWith } from "./testing/needs.js";
import { type StartedServer, startServer, temporaryFolder } from "./testing/start-server.js";
import { until } from "./testing/until.js";

const suffixes = ["user", "uid", "group", "groups", "name", "extra", "extra-scopes", "extra-a%2fb", "role", "x"];
/** Names by which a caller could look like another, or like this server; and what is of one connection only. */
const forbidden = [
  ...suffixes.flatMap((it) => [`x-remote-${it}`, `x_remote_${it}`, `x-remote_${it}`, `impersonate-${it}`, `http_x-remote-${it}`]),
  ...["user", "id", "role", "login", "email", "teams", "device-id", "nocache", "internal"].flatMap((it) => [`x-grafana-${it}`, `x_grafana_${it}`]),
  ...["http_authorization", "http_cookie", "http_x-grafana-user", "http_"],
  ...["keep-alive", "proxy-connection", "proxy-authorization", "proxy-authenticate", "http2-settings"],
  ...["x-hop-one", "x-hop-two", "cookie"],
];
const canary = "c4nary";
/** An admin may be another admin: these are obeyed, and go no further. */
const impersonated: Readonly<Record<string, string>> = { "impersonate-user": "admin", "impersonate-group": "system:masters", "impersonate-uid": "1" };
const valueOf = (name: string): string => impersonated[name] ?? (name.startsWith("impersonate-extra") ? "of-the-other" : canary);
const sent = { ...Object.fromEntries(forbidden.map((name) => [name, valueOf(name)])), connection: "x-hop-one, X-Hop-Two", authorization: admin };

function send(method: string, url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, agent: false, headers: { "content-type": "application/json", ...sent } }, (answer) => {
      answer.resume().once("close", () => resolve(answer.statusCode ?? 0));
    });
    asked
      .once("error", reject)
      .end(method === "POST" ? '{"from":"now-1h","to":"now","queries":[{"refId":"A","queryType":"small","datasource":{"uid":"one"}}]}' : "");
  });
}

describeWith([needsGoTestPlugin], "headers that a caller may not send on, on each kind of call", () => {
  const dataPath = temporaryFolder("headers");
  const recording = path.join(dataPath, "calls.jsonl");
  const asked: IncomingMessage[] = [];
  const backend = createServer((incoming, response) => {
    asked.push(incoming);
    response.end("{}");
  });
  let server: StartedServer;

  beforeAll(async () => {
    await new Promise<void>((resolve) => backend.listen(0, "127.0.0.1", resolve));
    const { port } = backend.address() as AddressInfo;
    installGoTestPlugin(dataPath);
    server = await startServer({
      dataPath,
      env: { ...unsignedPluginsAllowed, GF_DATAPROXY_ALLOW_ADDRESSES: `127.0.0.1:${port}` },
      parameters: [`cfg:plugin.${goTestPlugin}.record=${recording}`],
    });
    // A data source that would let all of them through.
    const jsonData = { allowedHeaders: [...forbidden, "X-Wanted"], keepCookies: ["nothing"] };
    await createDataSource(server, { pluginId: goTestPlugin, uid: "one", spec: { url: `http://127.0.0.1:${port}`, jsonData } });
    const services = ["query", "route", "admission"].map((type) => ({ type, ...(type === "route" ? { path: "/own", method: "" } : {}) }));
    const spec = { group: "backend.example.com", version: "v1", services, backend: { type: "http", baseURL: `http://127.0.0.1:${port}` } };
    const proxied = { group: "proxied.example.com", version: "v1", pluginID: goTestPlugin, pluginType: "datasource" };
    const declared = { metadata: { name: "proxied" }, spec: { ...proxied, services: [{ type: "datasource-proxy" }] } };
    await call(`${server.url}/apis/aggregation.grafana.app/v0alpha1/dataplaneservices`, { body: declared });
    const made = await call(`${server.url}/apis/aggregation.grafana.app/v0alpha1/dataplaneservices`, {
      body: { metadata: { name: "backend" }, spec },
    });
    expect([made.status, made.text]).toEqual([201, made.text]);
    await until("it runs", async () => ((await call(`${dataSourcesUrl(server, goTestPlugin)}/one/health`)).status === 200 ? true : undefined));
  });
  afterAll(async () => {
    await server.stop();
    backend.close();
    rmSync(dataPath, { recursive: true, force: true });
  });

  test("the pack has 80 names and more", () => {
    expect(forbidden.length).toBeGreaterThanOrEqual(80);
  });

  test("none reaches the plugin, though the data source allows them all", async () => {
    const one = `${dataSourcesUrl(server, goTestPlugin)}/one`;
    const calls: readonly (readonly [string, string])[] = [
      ...([
        ["POST", `${one}/query`],
        ["GET", `${one}/health`],
        ["GET", `${one}/resources/a`],
        ["GET", `${one}/stream/count/1`],
      ] as const),
      ...(
        [
          ["POST", "/api/ds/query"],
          ["GET", "/api/datasources/uid/one/health"],
          ["GET", "/api/datasources/uid/one/resources/a"],
        ] as const
      ).map(([method, where]) => [method, server.url + where] as const),
      ["POST", `${server.url}/apis/query.grafana.app/v0alpha1/namespaces/default/query`],
      ["POST", `${one}/stream/tick/600000`],
    ];
    for (const [method, url] of calls) expect([url, await send(method, url)]).toEqual([url, 200]);
    const lines = readFileSync(recording, "utf8").trimEnd().split("\n").slice(1);
    const methods = new Set(lines.map((line) => (JSON.parse(line) as { readonly method: string }).method));
    expect([...methods].toSorted()).toEqual(expect.arrayContaining(["callResource", "checkHealth", "publishStream", "queryData", "runStream"]));
    for (const line of lines) {
      expect(line).not.toContain(canary);
      // Names too: a recording masks the values of some.
      expect(forbidden.filter((name) => [`"${name}":`, `"http_${name}":`].some((it) => line.toLowerCase().includes(it)))).toEqual([]);
    }
  });

  test("none reaches a data source through the proxy, nor a backend by HTTP", async () => {
    asked.length = 0;
    const bodies = "/apis/backend.example.com/v1";
    const calls = [
      ["GET", `${server.url}/apis/proxied.example.com/v1/namespaces/default/datasources/one/proxy/a`],
      ["GET", `${server.url}/api/datasources/proxy/uid/one/a`],
      ["POST", `${server.url}${bodies}/namespaces/default/datasources/any/query`],
      ["GET", `${server.url}${bodies}/namespaces/default/own`],
      ["POST", `${server.url}${bodies}/admission/validate`],
    ] as const;
    for (const [method, url] of calls) expect([url, await send(method, url)]).toEqual([url, 200]);
    expect(asked).toHaveLength(calls.length);
    for (const { url, headers, rawHeaders } of asked) {
      expect([url, Object.entries(headers).filter(([, value]) => String(value).includes(canary))]).toEqual([url, []]);
      expect([url, rawHeaders.includes(admin)]).toEqual([url, false]);
    }
  });

  test.each([
    ["a line feed alone within a value", "X-A: b\nX-Remote-User: root"],
    ["a carriage return alone", "X-A: b\rX-Remote-User: root"],
    ["a folded line", "X-A: b\r\n X-Remote-User: root"],
    ["a space before the colon", "X-Remote-User : root"],
    ["NUL in a value", "X-A: b\0c"],
    ["no colon", "X-Remote-User"],
    ["two lengths", "Content-Length: 0\r\nContent-Length: 5"],
    ["a length and chunks", "Content-Length: 4\r\nTransfer-Encoding: chunked"],
  ])("%s is refused before anything is reached", async (_, line) => {
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    const where = new URL(dataSourcesUrl(server, goTestPlugin)).pathname;
    socket.write(`POST ${where}/one/resources/a HTTP/1.1\r\nHost: x\r\nAuthorization: ${admin}\r\n${line}\r\n\r\n`);
    const pieces: Buffer[] = [];
    for await (const piece of socket) pieces.push(piece as Buffer);
    expect(Buffer.concat(pieces).toString()).toMatch(/^HTTP\/1\.1 400 /);
  });
});
