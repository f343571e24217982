import { createServer } from "node:https";
import { dataPlaneServicesRef } from "@dataplane/clientset";
import type { JsonObject } from "@dataplane/meta";
import { expect, test } from "vitest";
import { dataPlaneServiceFrom, dataPlaneServices } from "../dataplaneservice.js";
import { parseAddressRules } from "../outbound/address-rules.js";
import { defaultRules } from "../outbound/destination-rules.js";
import { createOutbound } from "../outbound/outbound.js";
import { aBackend } from "../testing/a-backend.js";
import { aDataPlaneService } from "../testing/a-data-plane-service.js";
import { issueCertificate } from "../testing/issue-certificate.js";
import { startAggregator } from "../testing/start-aggregator.js";
import { startControllers } from "../testing/start-controllers.js";

const loopback = () => createOutbound({ rules: { ...defaultRules, allow: parseAddressRules(["127.0.0.0/8"]) } });

/** A DataPlaneService `v1.b.example.com` with a backend. */
function aBackendService(backend: JsonObject, serves: readonly (string | { type: string; path?: string })[] = ["query"]) {
  const service = aDataPlaneService({ plugin: "x", group: "b.example.com", version: "v1", serves });
  const spec = service["spec"] as JsonObject;
  const { pluginID: _, pluginType: __, ...rest } = spec;
  return { ...service, spec: { ...rest, backend: { type: "http", ...backend } } };
}

function serving(backend: JsonObject, serves?: Parameters<typeof aBackendService>[1], outbound = loopback()) {
  return startAggregator({ services: [aBackendService(backend, serves)], outbound }).send;
}

const api = "/apis/b.example.com/v1/namespaces/default";
const query = `${api}/datasources/main/query`;

test("query, route, admission and conversion go to the same path of the backend, whatever the method of a route", async () => {
  await using backend = await aBackend((request, response) => response.writeHead(request.method === "DELETE" ? 204 : 200).end("answered"));
  const serves = ["query", "admission", "conversion", { type: "route", path: "things/{name}/*" }];
  const send = serving({ baseURL: `${backend.url}/base` }, serves);
  expect(await send("POST", `${query}?a=b`, { body: "{}" })).toMatchObject({ status: 200, text: "answered" });
  expect((await send("DELETE", `${api}/things/a%20b/c/d`)).status).toBe(204);
  expect((await send("POST", "/apis/b.example.com/v1/admission/validate", { body: "{}" })).status).toBe(200);
  expect((await send("POST", "/apis/b.example.com/v1/convert", { body: "{}" })).status).toBe(200);
  expect((await send("GET", `${api}/other`)).status).toBe(404);
  expect((await send("GET", `${api}/datasources/main/health`)).status).toBe(404);
  expect((await send("GET", query)).status).toBe(405);
  expect(backend.received.map(({ method, url }) => `${method} ${url}`)).toEqual([
    `POST /base${query}?a=b`,
    `DELETE /base${api}/things/a%20b/c/d`,
    "POST /base/apis/b.example.com/v1/admission/validate",
    "POST /base/apis/b.example.com/v1/convert",
  ]);
  expect(backend.received[0]?.body).toBe("{}");
});

test("the backend is told who asks, by this server alone, and gets no credential", async () => {
  await using backend = await aBackend();
  const user = { name: "Jörg", uid: "u1", groups: ["a", "b"], extra: { "example.com/Scopes(x)": ["s1", "s2"] } };
  await serving({ baseURL: backend.url })("POST", query, {
    user,
    headers: {
      ...{ authorization: "Bearer t", cookie: "session=1", "x-remote-user": "root", "x-remote-group": "system:masters", "x-remote-uid": "0" },
      ...{ "x-remote-extra-scopes": "all", "impersonate-user": "root", "x-grafana-id": "j", "user-agent": "curl", accept: "text/csv" },
    },
  });
  const headers = backend.received[0]?.headers ?? {};
  expect(headers).toMatchObject({
    "x-remote-user": Buffer.from("Jörg").toString("latin1"),
    "x-remote-group": "a, b",
    "x-remote-uid": "u1",
    "x-remote-extra-example.com%2fscopes%28x%29": "s1, s2",
    "user-agent": "curl",
    accept: "text/csv",
    "x-forwarded-for": "127.0.0.1",
  });
  for (const name of ["authorization", "cookie", "x-remote-extra-scopes", "impersonate-user", "x-grafana-id"]) expect(headers[name]).toBeUndefined();
});

test("a caller whose name would break the header is refused", async () => {
  await using backend = await aBackend();
  const answer = await serving({ baseURL: backend.url })("POST", query, { user: { name: "a\r\nX-Remote-User: root", groups: [] } });
  expect(answer.status).toBe(400);
  expect(backend.received).toHaveLength(0);
});

test("redirects, a 401, silence and absence are told without a host", async () => {
  await using redirecting = await aBackend((_, response) => response.writeHead(307, { location: "http://127.0.0.1/x" }).end());
  await using distrusting = await aBackend((_, response) => response.writeHead(401).end());
  await using broken = await aBackend((_, __, raw) => raw.socket.destroy());
  const answers = await Promise.all(
    [redirecting.url, distrusting.url, broken.url, "http://127.0.0.1:1"].map((baseURL) => serving({ baseURL })("POST", query, { body: "{}" })),
  );
  expect(answers.map(({ status }) => status)).toEqual([502, 502, 502, 503]);
  for (const { text, json } of answers) {
    expect(text).not.toContain("127.0.0.1");
    expect(json).toMatchObject({ kind: "Status" });
  }
});

test("loopback and private addresses are refused unless the configuration allows them", async () => {
  await using backend = await aBackend();
  const strict = createOutbound();
  for (const baseURL of [backend.url, `http://localhost:${backend.port}`, `http://[::ffff:127.0.0.1]:${backend.port}`]) {
    expect((await serving({ baseURL }, ["query"], strict)("POST", query)).status).toBe(403);
  }
  expect(backend.connections()).toBe(0);
});

test("TLS is verified, against caBundle where there is one", async () => {
  const right = await issueCertificate("IP:127.0.0.1");
  const other = await issueCertificate("IP:127.0.0.1");
  const misnamed = await issueCertificate("DNS:elsewhere.test");
  const make = (certificate: { key: string; cert: string }) => ({
    scheme: "https",
    make: (listener: Parameters<typeof createServer>[1]) => createServer(certificate, listener),
  });
  await using backend = await aBackend(undefined, make(right));
  await using wrongName = await aBackend(undefined, make(misnamed));
  const bundle = (pem: string) => Buffer.from(pem).toString("base64");
  const status = async (spec: JsonObject) => (await serving(spec)("POST", query, { body: "{}" })).status;
  expect(await status({ baseURL: backend.url, caBundle: bundle(right.cert) })).toBe(200);
  expect(await status({ baseURL: backend.url, caBundle: bundle(other.cert) })).toBe(502);
  expect(await status({ baseURL: backend.url })).toBe(502);
  expect(await status({ baseURL: wrongName.url, caBundle: bundle(misnamed.cert) })).toBe(502);
});

test("both bodies go on as they come", async () => {
  await using backend = await aBackend((_, response) => {
    response.write("first");
    setTimeout(() => response.end("second"), 30);
  });
  const { aggregator } = startAggregator({ services: [aBackendService({ baseURL: backend.url })], outbound: loopback() });
  const { parseRequestInfo } = await import("@dataplane/apiserver");
  const response = await aggregator.handler({
    ...{ method: "POST", path: query, query: new URLSearchParams(), headers: {}, signal: new AbortController().signal, remoteAddress: "127.0.0.1" },
    body: (async function* () {
      yield await Promise.resolve(Buffer.from("{"));
      yield await new Promise<Buffer>((resolve) => setTimeout(() => resolve(Buffer.from("}")), 10));
    })(),
    context: { user: { name: "u", groups: [] }, info: parseRequestInfo("POST", query, new URLSearchParams()) },
  });
  const pieces: string[] = [];
  for await (const piece of response.body as AsyncIterable<Uint8Array>) pieces.push(Buffer.from(piece).toString());
  expect(pieces).toEqual(["first", "second"]);
  expect(backend.received[0]).toMatchObject({ body: "{}", headers: { "transfer-encoding": "chunked" } });
});

const causes = (spec: JsonObject) => {
  const object = { ...aDataPlaneService({ plugin: "x" }), spec: { group: "b.example.com", version: "v1", services: [{ type: "query" }], ...spec } };
  return (dataPlaneServices.validate?.(object, undefined) ?? []).map(({ field, reason }) => `${field} ${reason}`);
};
const http = (parts: JsonObject) => ({ backend: { type: "http", baseURL: "https://b.example.com", ...parts } });

test.each<[string, JsonObject, readonly string[]]>([
  ["a backend alone is sound", http({}), []],
  ["neither", {}, ["spec.pluginID FieldValueRequired"]],
  ["a plugin without its type", { pluginID: "x" }, ["spec.pluginType FieldValueRequired"]],
  ["both", { pluginID: "x", pluginType: "app", ...http({}) }, ["spec.backend FieldValueForbidden"]],
  ["another scheme", http({ baseURL: "ftp://x" }), ["spec.backend.baseURL FieldValueInvalid"]],
  ["a password", http({ baseURL: "https://u:p@x" }), ["spec.backend.baseURL FieldValueInvalid"]],
  ["a query", http({ baseURL: "https://x/?a" }), ["spec.backend.baseURL FieldValueInvalid"]],
  ["a number for a host", http({ baseURL: "https://2130706433/" }), ["spec.backend.baseURL FieldValueInvalid"]],
  ["a bundle that is none", http({ caBundle: "eA==" }), ["spec.backend.caBundle FieldValueInvalid"]],
  ["a bundle for http", http({ baseURL: "http://x", caBundle: "eA==" }), ["spec.backend.caBundle FieldValueInvalid"]],
  ["a type of plugins only", { ...http({}), services: [{ type: "query" }, { type: "stream" }] }, ["spec.services[1].type FieldValueNotSupported"]],
])("%s: the field at fault is named", (_, spec, expected) => {
  expect(causes(spec)).toEqual(expected);
});

test("columns show a backend", () => {
  const object = aBackendService({ baseURL: "https://b.example.com" });
  const row = Object.fromEntries((dataPlaneServices.columns ?? []).map(({ name, value }) => [name, value(object, new Date())]));
  expect(row).toMatchObject({ Plugin: "", Type: "http", Backend: "https://b.example.com", Available: "Unknown" });
  expect(dataPlaneServiceFrom(object).spec.pluginID).toBe("");
});

test("Available tells whether the backend answers, and turns back", async () => {
  let status = 200;
  await using backend = await aBackend((_, response) => response.writeHead(status).end());
  await using api = await startControllers({ outbound: loopback() });
  await api.client.create(dataPlaneServicesRef, aBackendService({ baseURL: backend.url }));
  const seen = (wanted: string) =>
    api.until(async () => {
      const condition = await api.condition("v1.b.example.com", "Available");
      return `${condition?.status} ${condition?.reason}` === wanted ? true : undefined;
    });
  await seen("True Passed");
  expect(backend.received[0]).toMatchObject({ method: "GET", url: "/apis/b.example.com/v1" });
  expect(await api.condition("v1.b.example.com", "PluginLoaded")).toBeUndefined();
  status = 500;
  await seen("False BackendUnavailable");
  status = 404;
  await seen("True Passed");
});
