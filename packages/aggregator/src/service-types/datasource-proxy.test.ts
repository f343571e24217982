import { generateKeyPairSync } from "node:crypto";
import { roleGroups } from "@dataplane/apiserver";
import { ApiError, systemClock, systemGroups } from "@dataplane/meta";
import { decodeJwt, jwtVerify } from "jose";
import { expect, test } from "vitest";
import type { CallGuard, CallTarget } from "../call-guard.js";
import { aBackend } from "../testing/a-backend.js";
import { type ProxyParts, proxyPath, startProxy } from "../testing/a-proxy.js";
import type { Sent } from "../testing/call.js";
import { aDataPlaneService, aPlugin, startAggregator } from "../testing/start-aggregator.js";

const aProxy = (parts: ProxyParts) => {
  const { send } = startProxy(parts);
  return (method: string, path = "", sent?: Sent) => send(method, `${proxyPath}${path}`, sent);
};

test("a request reaches the data source's own URL, also on loopback, with method, path, query and body", async () => {
  await using backend = await aBackend((_, response) => response.writeHead(201, { "x-kept": "yes" }).end("made"));
  const send = aProxy({ url: `${backend.url}/base/`, allow: [] });

  const answer = await send("POST", "/api/v1/label/a%20b:c%3Bd/?x=1&y=%2F&auth_token=secret", { body: "hello" });

  expect(answer).toMatchObject({ status: 201, text: "made" });
  expect(answer.headers).toMatchObject({ "x-kept": "yes", "content-security-policy": "sandbox" });
  expect(backend.received).toMatchObject([{ method: "POST", url: "/base/api/v1/label/a%20b:c%3Bd/?x=1&y=%2F", body: "hello" }]);
});

test.each(["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])("%s goes on as it is", async (method) => {
  await using backend = await aBackend();
  const send = aProxy({ url: backend.url });
  expect((await send(method)).status).toBe(200);
  expect(backend.received).toMatchObject([{ method, url: "/", body: "" }]);
});

test("headers follow Grafana's rules on the way out", async () => {
  await using backend = await aBackend();
  const send = aProxy({ url: backend.url, sendUserHeader: true, jsonData: { keepCookies: ["kept", "pre[]"] } });
  await send("GET", "/x", {
    headers: {
      ...{ authorization: "Bearer mine", origin: "http://evil", referer: "http://here/d/1", host: "here", connection: "close, x-hop", "x-hop": "1" },
      ...{ "x-forwarded-host": "h", "x-forwarded-port": "1", "x-forwarded-proto": "https", "x-forwarded-for": "9.9.9.9", via: "1.0 front" },
      ...{ "x-ds-authorization": "Basic ds", "user-agent": "curl", cookie: "kept=1; prefix=2; session=3", accept: "text/plain", "x-own": "a" },
      ...{ "x-remote-user": "root", "x-grafana-user": "root", "impersonate-user": "root", "x-grafana-org-id": "7", "proxy-authorization": "p" },
    },
  });
  const headers = backend.received[0]?.headers;
  expect(headers).toMatchObject({
    authorization: "Basic ds",
    "x-grafana-referer": "http://here/d/1",
    "x-forwarded-for": "9.9.9.9, 127.0.0.1",
    via: "1.0 front, 1.1 grafana",
    "user-agent": "Grafana/12.0.0",
    cookie: "kept=1; prefix=2",
    accept: "text/plain",
    "x-own": "a",
    "x-grafana-user": "admin",
    host: `127.0.0.1:${backend.port}`,
  });
  const gone = ["origin", "referer", "x-forwarded-host", "x-forwarded-port", "x-forwarded-proto", "x-remote-user", "impersonate-user"];
  for (const name of [...gone, "x-grafana-org-id", "proxy-authorization", "x-hop", "x-ds-authorization"]) expect(headers?.[name]).toBeUndefined();
});

test("what a backend may not say for this server does not come back", async () => {
  await using backend = await aBackend((_, response) =>
    response
      .writeHead(200, {
        "set-cookie": "session=stolen",
        "access-control-allow-origin": "*",
        "strict-transport-security": "max-age=1",
        "x-fine": "1",
        connection: "x-hop",
        "x-hop": "1",
      })
      .end("<script>"),
  );
  const { headers } = await aProxy({ url: backend.url })("GET");
  expect(headers).toMatchObject({ "x-fine": "1", "content-security-policy": "sandbox" });
  for (const name of ["set-cookie", "access-control-allow-origin", "strict-transport-security", "x-hop", "connection"])
    expect(headers[name]).toBeUndefined();
});

test("a 401 of the data source is 400 here: it says nothing of the caller's login", async () => {
  await using backend = await aBackend((_, response) => response.writeHead(401, { "www-authenticate": "Basic" }).end("no"));
  const answer = await aProxy({ url: backend.url })("GET");
  expect(answer.json).toMatchObject({ kind: "Status", code: 400, message: "Authentication to data source failed" });
});

test("basic authentication, then X-DS-Authorization, then the data source's own headers", async () => {
  await using backend = await aBackend();
  const basic: ProxyParts = {
    url: backend.url,
    basicAuthUser: "u",
    secure: { basicAuthPassword: "pw", httpHeaderValue1: "Token t", httpHeaderValue2: "2" },
  };
  await aProxy(basic)("GET");
  await aProxy(basic)("GET", "", { headers: { "x-ds-authorization": "Bearer callers" } });
  await aProxy({ ...basic, jsonData: { httpHeaderName1: "Authorization", httpHeaderName2: "X-Scope-OrgID" } })("GET", "", {
    headers: { "x-ds-authorization": "Bearer callers" },
  });
  expect(backend.received.map(({ headers }) => headers.authorization)).toEqual([
    `Basic ${Buffer.from("u:pw").toString("base64")}`,
    "Bearer callers",
    "Token t",
  ]);
  expect(backend.received[2]?.headers["x-scope-orgid"]).toBe("2");
});

test("oauthPassThru passes on what did not authenticate the caller here, and nothing else", async () => {
  await using backend = await aBackend();
  const send = aProxy({ url: backend.url, jsonData: { oauthPassThru: true } });
  await send("GET", "", { headers: { authorization: "Bearer here", "x-id-token": "i" }, credentialHeaders: ["authorization"] });
  await send("GET", "", { headers: { authorization: "Bearer there" }, credentialHeaders: ["cookie"] });
  expect(backend.received.map(({ headers }) => [headers.authorization, headers["x-id-token"]])).toEqual([
    [undefined, "i"],
    ["Bearer there", undefined],
  ]);
});

test("a route is found by whole segments and by method, the first one wins, and its templates are filled", async () => {
  await using own = await aBackend();
  await using routed = await aBackend();
  const send = aProxy({
    url: own.url,
    jsonData: { tenant: "t1", port: routed.port, nested: { key: "deep" }, "with-dash": "dash" },
    secure: { apiKey: 'k"ey' },
    routes: [
      {
        path: "api/v1",
        method: "GET",
        url: "http://127.0.0.1:{{ .JsonData.port }}/to",
        headers: [{ name: "X-Tenant", content: '{{.JsonData.tenant}}-{{ .JsonData.nested.key }}-{{ index .JsonData "with-dash" }}' }],
        urlParams: [{ name: "key", content: "{{ .SecureJsonData.apiKey }}" }],
      },
      {
        path: "api",
        method: "POST,PUT",
        url: `${routed.url}/second`,
        body: { q: "{{ .SecureJsonData.apiKey }}", list: [1, "{{ .JsonData.tenant }}"] },
      },
      { path: "own", url: "{{ .URL }}/from-url" },
    ],
  });
  await send("GET", "/api/v1/labels?key=callers&a=b");
  await send("GET", "/api/v10/labels");
  await send("POST", "/api/v1/x", { body: "mine", headers: { "content-length": "4" } });
  await send("GET", "/own/y");

  expect(routed.received).toMatchObject([
    { url: `/to/labels?key=k%22ey&a=b`, headers: { "x-tenant": "t1-deep-dash" } },
    { method: "POST", url: "/second/v1/x", body: '{"q":"k\\"ey","list":[1,"t1"]}', headers: { "content-type": "application/json" } },
  ]);
  expect(own.received.map(({ url }) => url)).toEqual(["/api/v10/labels", "/from-url/y"]);
});

test("an unknown template is the caller's to hear of, without its text", async () => {
  const answer = await aProxy({ url: "http://127.0.0.1:1", routes: [{ path: "", url: "{{ .Secret.canary }}" }] })("GET");
  expect(answer.status).toBe(400);
  expect(answer.text).not.toContain("canary");
});

test("reqRole, reqSignedIn and reqAction are each asked of the caller, and the route that matched first decides", async () => {
  await using backend = await aBackend();
  const send = aProxy({
    url: backend.url,
    routes: [
      { path: "admin", reqRole: "Admin", url: backend.url },
      { path: "editor", reqRole: "Editor" },
      { path: "odd", reqRole: "Owner" },
      { path: "signed", reqSignedIn: true },
      { path: "action", reqAction: "p.things:write" },
      { path: "", reqRole: "Viewer" },
    ],
  });
  const as = (...groups: string[]) => ({ user: { name: "u", groups } });
  const status = async (path: string, sent?: Sent) => (await send("GET", path, sent)).status;
  expect(await status("/admin", as(roleGroups.editor))).toBe(403);
  expect(await status("/admin", as(roleGroups.admin))).toBe(200);
  expect(await status("/editor", as(roleGroups.viewer))).toBe(403);
  expect(await status("/editor", as(roleGroups.editor))).toBe(200);
  expect(await status("/odd")).toBe(403);
  expect(await status("/signed", as(systemGroups.unauthenticated))).toBe(401);
  expect(await status("/action", as(roleGroups.viewer))).toBe(403);
  expect(await status("/action")).toBe(200);
  expect(await status("/else", as(roleGroups.viewer))).toBe(200);
  expect(await status("/else", as())).toBe(403);
  // A prefix that is no segment is another path.
  expect(await status("/administer", as(roleGroups.viewer))).toBe(200);
});

test("tokenAuth fetches one token for many, and another before it expires, or when it was refused", async () => {
  let now = Date.parse("2026-01-01T00:00:00Z");
  let issued = 0;
  await using backend = await aBackend((request, response) => response.writeHead(request.url === "/refuse" ? 401 : 200).end());
  await using tokens = await aBackend((_, response) => {
    issued += 1;
    setTimeout(() => response.end(JSON.stringify({ access_token: `t${issued}`, expires_in: "60" })), 20);
  });
  const send = aProxy({
    url: backend.url,
    secure: { clientSecret: "cs" },
    clock: { ...systemClock, now: () => new Date(now) },
    routes: [
      {
        path: "",
        tokenAuth: {
          url: `${tokens.url}/token`,
          scopes: ["read", "write"],
          params: { grant_type: "client_credentials", client_id: "id", client_secret: "{{ .SecureJsonData.clientSecret }}", resource: "r" },
        },
      },
    ],
  });
  await Promise.all([send("GET"), send("GET"), send("GET")]);
  expect(tokens.received).toHaveLength(1);
  expect(Object.fromEntries(new URLSearchParams(tokens.received[0]?.body))).toEqual({
    ...{ grant_type: "client_credentials", client_id: "id", client_secret: "cs", resource: "r", scope: "read write" },
  });
  now += 49_000;
  await send("GET");
  expect(tokens.received).toHaveLength(1);
  now += 2_000;
  await send("GET");
  expect(tokens.received).toHaveLength(2);
  await send("GET", "/refuse");
  await send("GET");
  expect(backend.received.map(({ headers }) => headers.authorization)).toEqual(
    ["t1", "t1", "t1", "t1", "t2", "t2", "t3"].map((it) => `Bearer ${it}`),
  );
});

test("a token server that refuses is told without its words, one that breaks is 502", async () => {
  await using tokens = await aBackend((request, response) => response.writeHead(request.url === "/no" ? 400 : 200).end('{"error":"canary"}'));
  const auth = (path: string): ProxyParts => ({ url: tokens.url, routes: [{ path: "", tokenAuth: { url: `${tokens.url}${path}`, params: {} } }] });
  const refused = await aProxy(auth("/no"))("GET");
  const broken = await aProxy(auth("/broken"))("GET");
  expect([refused.status, broken.status]).toEqual([400, 502]);
  expect(refused.text + broken.text).not.toContain("canary");
});

test("jwtTokenAuth signs an assertion with the key of the data source, once for each token", async () => {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString().replaceAll("\n", "\\n");
  await using backend = await aBackend();
  await using tokens = await aBackend((_, response) => response.end('{"access_token":"jwt-token","expires_in":3600}'));
  const params = { token_uri: "{{ .JsonData.tokenUri }}", client_email: "{{ .JsonData.email }}", private_key: "{{ .SecureJsonData.privateKey }}" };
  const send = aProxy({
    url: backend.url,
    jsonData: { tokenUri: `${tokens.url}/t`, email: "robot@example.com" },
    secure: { privateKey: pem },
    routes: [{ path: "", jwtTokenAuth: { scopes: ["s1", "s2"], params } }],
  });
  await send("GET");
  await send("GET");
  const form = new URLSearchParams(tokens.received[0]?.body);
  const assertion = form.get("assertion") ?? "";
  expect(form.get("grant_type")).toBe("urn:ietf:params:oauth:grant-type:jwt-bearer");
  await expect(
    jwtVerify(assertion, publicKey, { algorithms: ["RS256"], audience: `${tokens.url}/t`, issuer: "robot@example.com" }),
  ).resolves.toBeDefined();
  expect(decodeJwt(assertion)["scope"]).toBe("s1 s2");
  expect(tokens.received).toHaveLength(1);
  expect(backend.received.map(({ headers }) => headers.authorization)).toEqual(["Bearer jwt-token", "Bearer jwt-token"]);
});

test.each([
  ["a redirect within the data source is the caller's to follow, through here", "/base/next?x=1", { status: 302, location: `${proxyPath}/next?x=1` }],
  ["one to another host is refused", "http://169.254.169.254/latest", { status: 502, location: undefined }],
  ["one out of the proxied part is refused", "/other", { status: 502, location: undefined }],
])("%s", async (_, location, expected) => {
  await using backend = await aBackend((__, response) => response.writeHead(302, { location }).end());
  const answer = await aProxy({ url: `${backend.url}/base` })("GET", "/a/b");
  expect({ status: answer.status, location: answer.headers["location"] }).toEqual(expected);
  expect(answer.text).not.toContain("169.254");
  expect(backend.received).toHaveLength(1);
});

test("failures are told as decided, and name no host", async () => {
  await using silent = await aBackend(() => undefined);
  await using broken = await aBackend((_, __, raw) => raw.socket.destroy());
  const away = await aProxy({ url: "http://127.0.0.1:1" })("GET");
  expect(away.json).toMatchObject({ reason: "ServiceUnavailable", code: 503 });
  expect(away.headers["retry-after"]).toBe("1");
  const late = await aProxy({ url: silent.url, limits: { callTimeoutMs: 50 } })("GET");
  const own = await aProxy({ url: silent.url, jsonData: { timeout: 0.05 } })("GET");
  const reset = await aProxy({ url: broken.url })("GET");
  const nothing = await aProxy({ url: "" })("GET");
  const odd = await aProxy({ url: "ftp://127.0.0.1/x" })("GET");
  expect([late, own, reset, nothing, odd].map(({ status }) => status)).toEqual([504, 504, 502, 400, 400]);
  for (const { text } of [away, late, own, reset, nothing, odd]) expect(text).not.toContain("127.0.0.1");
});

test("a body over the limit is 413, whether it says so first or not", async () => {
  await using backend = await aBackend();
  const send = aProxy({ url: backend.url, limits: { bodyBytes: 10 } });
  expect((await send("POST", "", { body: "x".repeat(11), headers: { "content-length": "11" } })).status).toBe(413);
  expect((await send("POST", "", { body: "x".repeat(11) })).status).toBe(413);
  expect((await send("POST", "", { body: "x".repeat(10) })).status).toBe(200);
});

test("a data source that does not exist is 404, before anything is sent", async () => {
  await using backend = await aBackend();
  const { send } = startAggregator({ plugins: [aPlugin({ id: "p" })], services: [aDataPlaneService({ plugin: "p", serves: ["datasource-proxy"] })] });
  expect((await send("GET", proxyPath.replace("main", "other"))).status).toBe(404);
  expect(backend.connections()).toBe(0);
});

test("a connection that the backend closed at the moment of its next use is not the caller's affair", async () => {
  const used = new WeakSet<object>();
  await using backend = await aBackend((_, response, { socket }) => {
    if (used.has(socket)) socket.destroy();
    else response.end("ok");
    used.add(socket);
  });
  const send = aProxy({ url: backend.url });
  for (let round = 0; round < 4; round += 1) expect((await send("GET")).status).toBe(200);
  // What changes something is sent once.
  await send("GET");
  expect((await send("POST", "", { body: "x" })).status).toBe(502);
});

test("what was made is found through here", async () => {
  await using backend = await aBackend(({ url }, response) =>
    response.writeHead(201, { location: url === "/away" ? "http://else.test/x" : "/made/1" }).end(),
  );
  const send = aProxy({ url: backend.url });
  expect((await send("POST", "/make")).headers["location"]).toBe(`${proxyPath}/made/1`);
  expect(await send("POST", "/away")).toMatchObject({ status: 201, headers: { "content-security-policy": "sandbox" } });
  expect((await send("POST", "/away")).headers["location"]).toBeUndefined();
});

test("no backend is asked to repeat its credentials, or to change something for a page of another site", async () => {
  await using backend = await aBackend();
  const send = aProxy({ url: backend.url });
  for (const method of ["TRACE", "TRACK", "CONNECT"]) {
    const { status, headers } = await send(method);
    expect([status, headers["allow"]]).toEqual([405, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"]);
  }
  const crossSite = { headers: { "sec-fetch-site": "cross-site" } };
  expect((await send("POST", "", crossSite)).status).toBe(403);
  expect((await send("GET", "", crossSite)).status).toBe(200);
  expect(backend.received).toHaveLength(1);
});

test("a data source may name the host that it is asked for, and what is of one connection stays this server's", async () => {
  await using backend = await aBackend();
  const jsonData = { httpHeaderName1: "Host", httpHeaderName2: "Connection", httpHeaderName3: "Content-Length", httpHeaderName4: "X-Empty" };
  const secure = { httpHeaderValue1: "inner.test", httpHeaderValue2: "close", httpHeaderValue3: "5" };
  expect((await aProxy({ url: backend.url, jsonData, secure })("POST", "", { body: "abc" })).status).toBe(200);
  expect(backend.received).toMatchObject([{ body: "abc", headers: { host: "inner.test", connection: "keep-alive" } }]);
});

test("an app has no data source to be a proxy for, and says so", async () => {
  const service = aDataPlaneService({ plugin: "p", pluginType: "app", serves: ["datasource-proxy"] });
  const { send } = startAggregator({ plugins: [aPlugin({ id: "p", type: "app" })], services: [service] });
  expect((await send("GET", `${proxyPath}/x`)).status).toBe(501);
});

test("requests are bounded as a plugin's calls are, for the same data source and user", async () => {
  await using backend = await aBackend();
  const targets: CallTarget[] = [];
  const guard: CallGuard = {
    run: (target, call) => {
      targets.push(target);
      return targets.length > 1 ? Promise.reject(new ApiError("TooManyRequests", "enough", { details: { retryAfterSeconds: 3 } })) : call();
    },
  };
  const send = aProxy({ url: backend.url, guard });
  expect((await send("GET")).status).toBe(200);
  expect(await send("GET")).toMatchObject({ status: 429, headers: { "retry-after": "3" } });
  expect(targets[0]).toEqual({ pluginId: "p", namespace: "default", uid: "main", user: "admin", backend: "proxy " });
  expect(backend.received).toHaveLength(1);
});

test("a token server that is away, refused by the rules or answers with a redirect is what is told of", async () => {
  await using backend = await aBackend((_, response) => response.writeHead(302, { location: "http://169.254.169.254/" }).end());
  const told = async (url: string, allow?: readonly string[]) => {
    const send = aProxy({ url: backend.url, routes: [{ path: "", tokenAuth: { url, params: {} } }], ...(allow === undefined ? {} : { allow }) });
    const { status, text } = await send("GET");
    return `${status} ${text.includes("token server")}`;
  };
  expect(await told("http://127.0.0.1:1")).toBe("503 true");
  expect(await told("http://127.0.0.1:1", [])).toBe("403 true");
  expect(await told("ftp://127.0.0.1")).toBe("400 true");
  expect(await told(`${backend.url}/token`)).toBe("502 true");
  expect(backend.received.map(({ url }) => url)).toEqual(["/token"]);
});
