import { expect, test } from "vitest";
import { parseAddressRules } from "../outbound/address-rules.js";
import { defaultRules } from "../outbound/destination-rules.js";
import { createOutbound } from "../outbound/outbound.js";
import type { BackendRequest } from "../testing/a-backend.js";
import { aBackend } from "../testing/a-backend.js";
import { proxyPath, startProxy } from "../testing/a-proxy.js";
import { startAggregator } from "../testing/start-aggregator.js";

const suffixes = ["", "-x", "-uid", "-group", "-extra-scopes", "-extra-a%2fb", "-role"];
/** Names by which a caller could look like another, or like this server. */
const forbidden = [
  ...["x-remote-user", "x-remote-uid", "x-remote-group", "x-remote-extra", "x-remote-name", "x-remote-x"].flatMap((name) =>
    suffixes.map((it) => `${name}${it}`),
  ),
  ...["x-grafana-user", "x-grafana-id", "x-grafana-org-id", "x-grafana-device-id", "x-grafana-referer", "x-grafana-nocache"],
  ...["http_authorization", "http_x-remote-user", "http_cookie", "http_", "http_x"],
  ...["impersonate-user", "impersonate-group", "impersonate-uid", "impersonate-extra-scopes"],
  ...[
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authorization",
    "proxy-authenticate",
    "te",
    "trailer",
    "upgrade",
    "http2-settings",
    "expect",
  ],
  ...["authorization", "cookie", "x-id-token", "origin", "referer", "forwarded", "x-forwarded-host", "x-forwarded-port", "x-forwarded-proto"],
  ...["sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest", "sec-fetch-user", "x-hop-one", "x-hop-two", "x-my-credential"],
];
const canary = "c4nary";
const sent = Object.fromEntries(forbidden.map((name) => [name, name === "connection" ? "x-hop-one, X-Hop-Two" : canary]));
const credentialHeaders = ["authorization", "x-my-credential"];

const carries = ({ headers }: BackendRequest): readonly string[] =>
  Object.entries(headers).flatMap(([name, value]) => (JSON.stringify(value).includes(canary) ? [name] : []));

test("no header that is the server's own, or the caller's proof, reaches a data source", async () => {
  expect(forbidden.length).toBeGreaterThanOrEqual(80);
  await using backend = await aBackend();
  const { send } = startProxy({ url: backend.url });
  expect((await send("GET", proxyPath, { headers: sent, credentialHeaders })).status).toBe(200);
  // Where the page is from it may know, under Grafana's name.
  expect(backend.received.map(carries)).toEqual([["x-grafana-referer"]]);
});

test("nor a backend by HTTP", async () => {
  await using backend = await aBackend();
  const { send } = startAggregator({
    services: [
      {
        ...{ apiVersion: "aggregation.grafana.app/v0alpha1", kind: "DataPlaneService", metadata: { name: "b" } },
        spec: { group: "b.example.com", version: "v1", services: [{ type: "query" }], backend: { type: "http", baseURL: backend.url } },
      },
    ],
    outbound: createOutbound({ rules: { ...defaultRules, allow: parseAddressRules(["127.0.0.1"]) } }),
  });
  const path = "/apis/b.example.com/v1/namespaces/default/datasources/x/query";
  expect((await send("POST", path, { headers: sent, credentialHeaders, body: "{}" })).status).toBe(200);
  expect(backend.received.map(carries)).toEqual([[]]);
  expect(backend.received[0]?.headers["x-remote-user"]).toBe("admin");
});

test.each(["\r\nX-Remote-User: root", "a\nb", "a\rb", "a\0b", "a\u0100b"])(
  "a secret that no header can hold is refused, and not repeated: %j",
  async (tail) => {
    await using backend = await aBackend();
    const { send } = startProxy({ url: backend.url, jsonData: { httpHeaderName1: "X-Key" }, secure: { httpHeaderValue1: `${canary}${tail}` } });
    const answer = await send("GET", proxyPath);
    expect(answer.status).toBe(400);
    expect(answer.text).not.toContain(canary);
    expect(backend.received).toHaveLength(0);
  },
);

test("secrets are in no error, whatever goes wrong", async () => {
  const secure = { basicAuthPassword: canary, tlsClientKey: canary, tlsClientCert: canary, tlsCACert: canary, key: canary };
  const jsonData = { tlsAuth: true, tlsAuthWithCACert: true };
  const routes = [
    { path: "url", url: "https://{{ .SecureJsonData.key }}.invalid" },
    { path: "odd", url: "https://{{ .SecureJsonData.key }}@[x" },
    { path: "token", tokenAuth: { url: "https://{{ .SecureJsonData.key }}.invalid/", params: { client_secret: "{{ .SecureJsonData.key }}" } } },
    { path: "jwt", jwtTokenAuth: { params: { token_uri: "https://t.invalid", private_key: "{{ .SecureJsonData.key }}" } } },
  ];
  const { send } = startProxy({ url: "https://127.0.0.1:1", basicAuthUser: "u", secure, jsonData, routes });
  for (const path of ["", "/url", "/odd", "/token", "/jwt"]) {
    const { status, text } = await send("GET", `${proxyPath}${path}`);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(text).not.toContain(canary);
  }
});
