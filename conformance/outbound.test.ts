import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { admin, call } from "./testing/call.js";
import { hasKubectl } from "./testing/kubectl.js";
import { runExample } from "./testing/run-example.js";
import { type StartedServer, startServer } from "./testing/start-server.js";
import { until } from "./testing/until.js";

const key = "dGhlIHNhbXBsZSBub25jZQ==";
// eslint-disable-next-line sonarjs/hashing -- RFC 6455 says SHA-1
const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
const services = "/apis/aggregation.grafana.app/v0alpha1/dataplaneservices";
const own = "/apis/prometheus.datasource.grafana.app/v0alpha1/namespaces/default/datasources";

let backend: Server;
let port = 0;
let asked: Pick<IncomingMessage, "method" | "url" | "headers">[] = [];
let server: StartedServer;

beforeAll(async () => {
  backend = createServer((incoming, response) => {
    asked.push({ method: incoming.method, url: incoming.url, headers: incoming.headers });
    incoming.resume().once("end", () => response.end("from the backend"));
  });
  backend.on("upgrade", (_: IncomingMessage, socket: Duplex) => {
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\nearly`);
    socket.on("data", (piece: Buffer) => socket.write(`echo ${piece.toString()}`)).on("error", () => undefined);
  });
  await new Promise<void>((resolve) => backend.listen(0, "127.0.0.1", resolve));
  port = (backend.address() as AddressInfo).port;
  server = await startServer({
    env: { GF_DATAPROXY_ALLOW_ADDRESSES: `127.0.0.1:${port} 10.0.0.0/8`, PROMETHEUS_URL: `http://127.0.0.1:${port}/prometheus` },
  });
  await call(`${server.url}${own}`, {
    body: {
      metadata: { name: "proxied" },
      spec: { url: `http://127.0.0.1:${port}/base`, basicAuth: true, basicAuthUser: "u" },
      secure: { basicAuthPassword: { create: "pw" } },
    },
  });
  const spec = {
    pluginID: "prometheus",
    pluginType: "datasource",
    group: "proxied.example.com",
    version: "v1",
    services: [{ type: "datasource-proxy" }],
  };
  await call(`${server.url}${services}`, { body: { metadata: { name: "proxied" }, spec } });
});
afterAll(async () => {
  await server.stop();
  backend.closeAllConnections();
  backend.close();
});

const proxied = "/apis/proxied.example.com/v1/namespaces/default/datasources/proxied/proxy";

test.each([proxied, "/api/datasources/proxy/uid/proxied"])(
  "a data source is reached through %s, with its credentials and not the caller's",
  async (root) => {
    asked = [];
    const answer = await call(`${server.url}${root}/api/v1/x%20y?a=b`, { body: "hello", headers: { cookie: "grafana_session=1" } });
    expect([answer.status, answer.text]).toEqual([200, "from the backend"]);
    expect(asked).toMatchObject([{ method: "POST", url: "/base/api/v1/x%20y?a=b" }]);
    expect(asked[0]?.headers.authorization).toBe(`Basic ${Buffer.from("u:pw").toString("base64")}`);
    expect(asked[0]?.headers.cookie).toBeUndefined();
  },
);

test("a WebSocket goes through the server's own listener, in both directions", async () => {
  const { hostname, port: serverPort } = new URL(server.url);
  const headers = { authorization: admin, connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13", "sec-websocket-key": key };
  const handshake = request({ host: hostname, port: serverPort, path: `${proxied}/live`, headers });
  handshake.end();
  const [answer, socket, head] = (await once(handshake, "upgrade")) as [IncomingMessage, Duplex, Buffer];
  expect(answer.headers["sec-websocket-accept"]).toBe(accept);
  let got = head.toString();
  socket.on("data", (piece: Buffer) => {
    got += piece.toString();
  });
  socket.write("hello");
  await until("the echo", () => Promise.resolve(got === "earlyecho hello" ? true : undefined));
  socket.destroy();
});

test("a DataPlaneService with a backend is available, and its backend is told who asks", async () => {
  asked = [];
  const spec = {
    group: "told.example.com",
    version: "v1",
    services: [{ type: "query" }],
    backend: { type: "http", baseURL: `http://127.0.0.1:${port}` },
  };
  expect((await call(`${server.url}${services}`, { body: { metadata: { name: "backend" }, spec } })).status).toBe(201);
  await until("it is available", async () => {
    const { text } = await call(`${server.url}${services}/backend`);
    return text.includes('"the backend answers"') ? true : undefined;
  });
  const path = "/apis/told.example.com/v1/namespaces/default/datasources/any/query";
  expect((await call(`${server.url}${path}`, { body: { queries: [] } })).text).toBe("from the backend");
  expect(asked.at(-1)).toMatchObject({ method: "POST", url: path, headers: { "x-remote-user": "admin" } });
  expect(asked.at(-1)?.headers.authorization).toBeUndefined();
});

test("a backend on another port of this machine is refused, and says so in its condition", async () => {
  const spec = {
    group: "refused.example.com",
    version: "v1",
    services: [{ type: "query" }],
    backend: { type: "http", baseURL: "http://127.0.0.1:1" },
  };
  await call(`${server.url}${services}`, { body: { metadata: { name: "refused" }, spec } });
  expect((await call(`${server.url}/apis/refused.example.com/v1/namespaces/default/datasources/any/query`, { body: {} })).status).toBe(403);
  await until("the condition says it", async () => {
    const { text } = await call(`${server.url}${services}/refused`);
    return text.includes("BackendUnavailable") && text.includes("is not allowed") ? true : undefined;
  });
});

test("a service that names both, or neither, is 422 with the field", async () => {
  const bound = { group: "odd.example.com", version: "v1", services: [{ type: "query" }] };
  const backendSpec = { type: "http", baseURL: "https://b.example.com" };
  const both = await call(`${server.url}${services}`, {
    body: { metadata: { name: "odd" }, spec: { ...bound, pluginID: "prometheus", pluginType: "datasource", backend: backendSpec } },
  });
  expect([both.status, both.text.includes("spec.backend")]).toEqual([422, true]);
  const neither = await call(`${server.url}${services}`, { body: { metadata: { name: "odd" }, spec: bound } });
  expect([neither.status, neither.text.includes("spec.pluginID")]).toEqual([422, true]);
});

test.skipIf(!hasKubectl("newest")).each(["datasource-proxy.sh", "http-backend.sh"])(
  "examples/%s works with kubectl and curl alone",
  async (script) => {
    const printed = await runExample(script, server, { env: { BACKEND: `http://127.0.0.1:${port}` } });
    expect(printed.match(/from the backend/g)).toHaveLength(2);
    expect(printed).toContain("condition met");
  },
);
