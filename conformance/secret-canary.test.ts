import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { call } from "./testing/call.js";
import { canaryOf, formsOf, leaksOf } from "./testing/canaries.js";
import { backendServer, type CanaryServer, signingKey, tokenRoutes, tokenServer } from "./testing/canary-servers.js";
import { dataSourcesUrl } from "./testing/data-plane.js";
import { goTestApp, goTestPlugin, installGoTestPlugin, needsGoTestPlugin, unsignedPluginsAllowed } from "./testing/install-plugin.js";
import { hasKubectl, openKubectl } from "./testing/kubectl.js";
import { describeWith } from "./testing/needs.js";
import { openStream } from "./testing/open-stream.js";
import { root } from "./testing/root.js";
import { runProcess } from "./testing/run-process.js";
import { keysOf, linesOf, runSecrets, tokenOf } from "./testing/server-secrets.js";
import { type StartedServer, serverEnvironment, startServer, temporaryFolder } from "./testing/start-server.js";
import { until } from "./testing/until.js";

const provisionedKey = canaryOf("provisioned");
const fields = [
  ...["password", "basicAuthPassword", "httpHeaderValue1", "httpHeaderValue2", "tlsClientKey", "tlsClientCert", "tlsCACert"],
  ...["clientSecret", "privateKey", "accessToken", "sigV4SecretKey", "apiKey"],
];
const adminPassword = canaryOf("admin-password");
const credentials = { authorization: `Basic ${Buffer.from(`admin:${adminPassword}`).toString("base64")}` };

describeWith([needsGoTestPlugin], "secrets, of whatever field", () => {
  const dataPath = temporaryFolder("canary");
  const places = new Map<string, string>();
  let server: StartedServer;
  let tokens: CanaryServer;
  /** What the server signed with the data source's key. */
  let assertions: readonly string[] = [];
  let backend: CanaryServer;
  const recording = path.join(dataPath, "calls.jsonl");
  let watches: readonly Awaited<ReturnType<typeof openStream>>[] = [];

  const ask = async (name: string, url: string, options: Parameters<typeof call>[1] = {}) => {
    const answer = await call(url, { ...options, headers: { ...credentials, ...options.headers } });
    places.set(`${name} ${answer.status}`, `${JSON.stringify([...answer.headers])}\n${answer.text}`);
    return answer;
  };
  const own = (): string => dataSourcesUrl(server, goTestPlugin);
  const apps = (): string => `${server.url}/apis/apps.grafana.app/v0alpha1/namespaces/default/appsettings`;

  beforeAll(async () => {
    [tokens, backend] = await Promise.all([tokenServer(), backendServer()]);
    installGoTestPlugin(dataPath);
    const description = path.join(dataPath, "plugins", goTestPlugin, "plugin.json");
    const plugin = JSON.parse(readFileSync(description, "utf8")) as object;
    writeFileSync(description, JSON.stringify({ ...plugin, routes: tokenRoutes(tokens.url) }));
    goTestApp.install(dataPath);
    const provisioning = path.join(dataPath, "provisioning", "datasources");
    mkdirSync(provisioning, { recursive: true });
    const source = {
      name: "provisioned",
      uid: "provisioned",
      type: goTestPlugin,
      url: "http://127.0.0.1:1",
      secureJsonData: { key: provisionedKey },
    };
    writeFileSync(path.join(provisioning, "one.yaml"), JSON.stringify({ apiVersion: 1, datasources: [source] }));
    server = await startServer({
      dataPath,
      env: {
        ...unsignedPluginsAllowed,
        GF_LOG_LEVEL: "debug",
        GF_SECURITY_ADMIN_PASSWORD: adminPassword,
        GF_PATHS_PROVISIONING: path.join(dataPath, "provisioning"),
        GF_DATAPROXY_ALLOW_ADDRESSES: `${tokens.address} ${backend.address}`,
      },
      parameters: [`cfg:plugin.${goTestPlugin}.record=${recording}`],
    });
    watches = await Promise.all([own(), apps(), `${server.url}/api/v1/events`].map((url) => openStream(`${url}?watch=true`, credentials)));
  });
  afterAll(async () => {
    for (const watch of watches) watch.leave();
    await server.stop();
    await Promise.all([tokens.close(), backend.close()]);
    rmSync(dataPath, { recursive: true, force: true });
  });

  test("are stored, changed and used", async () => {
    const secure = Object.fromEntries(fields.map((field) => [field, { create: canaryOf(field) }]));
    const jsonData = { httpHeaderName1: "X-Key", httpHeaderName2: "X-Other", tlsAuth: true, tlsAuthWithCACert: true };
    const spec = { title: "one", url: "https://127.0.0.1:1", basicAuth: true, basicAuthUser: "u", jsonData };
    expect((await ask("create", own(), { body: { metadata: { name: "one" }, spec, secure } })).status).toBe(201);
    const app = { metadata: { name: goTestApp.id }, spec: {}, secure: { token: { create: canaryOf("app") } } };
    expect((await ask("create app", apps(), { body: app })).status).toBe(201);
    const merge = { "content-type": "application/merge-patch+json" };
    const changed = { secure: { apiKey: { create: canaryOf("changed") } } };
    expect((await ask("patch", `${own()}/one`, { method: "PATCH", headers: merge, body: changed })).status).toBe(200);
    const applied = {
      ...{ apiVersion: `${goTestPlugin}.datasource.grafana.app/v0alpha1`, kind: "DataSource", metadata: { name: "one" } },
      secure: { applied: { create: canaryOf("applied") } },
    };
    const apply = { "content-type": "application/apply-patch+yaml" };
    await ask("apply", `${own()}/one?fieldManager=me&force=true`, { method: "PATCH", headers: apply, body: applied });
    await ask("dry run", `${own()}?dryRun=All`, { body: { metadata: { name: "dry" }, spec, secure } });
    for (const [name, body] of [
      ["invalid", { metadata: { name: "bad" }, spec: { ...spec, url: 7 }, secure }],
      ["secure is a text", { metadata: { name: "bad" }, spec, secure: canaryOf("text") }],
      ["secret is a text", { metadata: { name: "bad" }, spec, secure: { key: canaryOf("text") } }],
      ["secret is a number's object", { metadata: { name: "bad" }, spec, secure: { key: { create: { of: canaryOf("nested") } } } }],
      ["unknown member", { metadata: { name: "bad" }, spec, secure: { key: { other: canaryOf("other") } } }],
      ["conflict", { metadata: { name: "one" }, spec, secure }],
      ["no JSON", `{"secure":{"key":{"create":"${canaryOf("broken")}"}}`],
      ["broken at a secret", `{"secure":{"key":{"create":"${canaryOf("broken")}" x}}}`],
      ["YAML that is broken", `secure: {key: {create: ${canaryOf("yaml")}`],
    ] as const) {
      const answer = await ask(name, `${own()}?fieldValidation=Strict`, {
        body,
        ...(name.startsWith("YAML") ? { headers: { "content-type": "application/yaml" } } : {}),
      });
      expect(answer.status, name).toBeGreaterThanOrEqual(400);
      expect(answer.status, name).toBeLessThan(500);
    }
  });

  test("log in at backends, which alone see them", async () => {
    const { url } = backend;
    const jsonData = { clientId: "client", httpHeaderName1: "X-Own", oauthPassThru: true, keepCookies: ["kept"] };
    const spec = { title: "in use", url, basicAuth: true, basicAuthUser: "u", jsonData };
    const secrets = { ...Object.fromEntries(fields.map((field) => [field, canaryOf(field)])), privateKey: signingKey };
    const secure = Object.fromEntries(Object.entries(secrets).map(([key, value]) => [key, { create: value }]));
    expect((await ask("create one in use", own(), { body: { metadata: { name: "used" }, spec, secure } })).status).toBe(201);
    const headers = { "x-id-token": canaryOf("id-token"), cookie: `kept=${canaryOf("cookie")}; other=${canaryOf("other-cookie")}` };
    const through = async (route: string, more: Record<string, string> = {}) => {
      for (const at of [`${own()}/used/proxy`, `${server.url}/api/datasources/proxy/uid/used`]) {
        const answer = await ask(`proxy ${at}/${route}`, `${at}/${route}/x`, { headers: { ...headers, ...more } });
        places.set(`proxy ${at}/${route} again`, (await ask("proxy", `${at}/${route}/y`, { method: "POST", body: {}, headers })).text);
        expect([answer.status, route]).toEqual([{ refused: 400, "broken-key": 400 }[route] ?? 200, route]);
      }
    };
    for (const route of ["oauth", "jwt", "refused", "broken-key", "template", "none"]) await through(route);
    await through("none", { "x-ds-authorization": `Bearer ${canaryOf("ds-authorization")}` });

    const sentTo = (route: string) => backend.received.filter((it) => it.url.startsWith(`/${route}`));
    const authorizations = new Set(backend.received.map((it) => it.headers.authorization));
    expect([...authorizations].sort()).toEqual(
      [
        `Basic ${Buffer.from(`u:${canaryOf("basicAuthPassword")}`).toString("base64")}`,
        ...["oauth-access-token", "jwt-access-token", "ds-authorization"].map((it) => `Bearer ${canaryOf(it)}`),
      ].sort(),
    );
    expect(sentTo("none")[0]?.headers).toMatchObject({
      ...{ "x-own": canaryOf("httpHeaderValue1"), "x-id-token": canaryOf("id-token"), cookie: `kept=${canaryOf("cookie")}` },
    });
    expect(backend.received.some(({ url: asked }) => asked.includes(`key=${canaryOf("apiKey")}`))).toBe(true);
    expect(backend.received.some((it) => it.headers["x-route"] === `Key ${canaryOf("apiKey")}`)).toBe(true);
    expect(tokens.received.map(({ body }) => new URLSearchParams(body).get("client_secret")).filter((it) => it !== null)).toContain(
      canaryOf("clientSecret"),
    );
    // Nobody at a backend learns who else was asked, or how.
    expect(
      leaksOf(new Map([["backend", JSON.stringify(backend.received)]]), [adminPassword, ...linesOf(signingKey), canaryOf("clientSecret")]),
    ).toEqual([]);
    assertions = tokens.received.flatMap(({ body }) => new URLSearchParams(body).get("assertion") ?? []);
    expect(assertions.length).toBeGreaterThan(0);
  });

  test("are those of other users too", async () => {
    const command = [path.join(root, "conformance/testing/serve.mjs"), "users", "add", "vera", "--groups", "dataplane:viewer"];
    const added = runProcess(process.execPath, command, { env: serverEnvironment(dataPath), stdin: canaryOf("vera-password") });
    expect((await added.end).code, added.stderr()).toBe(0);
    places.set("users add", added.stdout() + added.stderr());
    const authorization = `Basic ${Buffer.from(`vera:${canaryOf("vera-password")}`).toString("base64")}`;
    for (const url of [own(), `${own()}/used/proxy/none`, `${server.url}/api/v1/namespaces`, `${own()}/used`]) {
      await ask(`vera ${new URL(url).pathname}`, url, { headers: { authorization } });
    }
    await ask("vera writes", own(), { body: { metadata: { name: "hers" }, spec: {} }, headers: { authorization } });
    const bearer = tokenOf(server.kubeconfig);
    for (const url of [own(), `${own()}/used/health`, `${own()}/used/proxy/none`, `${own()}/used/resources/echo-not`]) {
      const answer = await ask(`kubeconfig ${new URL(url).pathname}`, url, { headers: { authorization: `Bearer ${bearer}` } });
      expect(answer.status, url).not.toBe(401);
    }
    expect(JSON.stringify(backend.received)).not.toContain(bearer);
  });

  test.skipIf(!hasKubectl("newest"))("are applied by kubectl, which sends what it applied once more, as an annotation", async () => {
    const kubectl = openKubectl("newest", server.kubeconfig);
    const manifest = {
      ...{ apiVersion: `${goTestPlugin}.datasource.grafana.app/v0alpha1`, kind: "DataSource", metadata: { name: "kubectl", namespace: "default" } },
      ...{ spec: { title: "kubectl", url: "http://127.0.0.1:1" }, secure: { key: { create: canaryOf("last-applied") } } },
    };
    for (const title of ["kubectl", "again"]) {
      const stdin = JSON.stringify({ ...manifest, spec: { ...manifest.spec, title } });
      places.set(`kubectl apply ${title}`, await kubectl.ok(["apply", "-f", "-", "-o", "yaml", "-v", "0"], { stdin }));
    }
    for (const parameters of [
      ["get", `datasources.${goTestPlugin}.datasource.grafana.app`, "-A", "-o", "yaml", "--show-managed-fields"],
      ["get", `datasources.${goTestPlugin}.datasource.grafana.app`, "-A", "-o", "wide"],
      ["describe", `datasources.${goTestPlugin}.datasource.grafana.app`, "one"],
      ["get", "appsettings", "-A", "-o", "yaml", "--show-managed-fields"],
      ["get", "events", "-A", "-o", "json"],
    ]) {
      const { stdout, stderr } = await kubectl.run(parameters);
      places.set(`kubectl ${parameters.join(" ")}`, stdout + stderr);
    }
  });

  test("are asked for everywhere", async () => {
    const one = `${own()}/one`;
    const table = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" };
    const legacy = [
      "datasources",
      "datasources/uid/one",
      "datasources/uid/one/health",
      `plugins/${goTestApp.id}/settings`,
      "health",
      "frontend/settings",
    ];
    const paths = [
      ...[own(), one, `${one}/plugincontext`, `${one}/health`, `${one}/access`, `${one}/proxy/x`, `${one}/stream/denied`, `${one}/nothing`],
      ...[`${own()}/provisioned`, apps(), `${apps()}/${goTestApp.id}`, `${apps()}/${goTestApp.id}/plugincontext`],
      ...["/metrics", `/metrics/plugins/${goTestPlugin}`, "/openapi/v2", "/openapi/v3", "/apis", "/api/v1/events", "/readyz?verbose"].map(
        (it) => server.url + it,
      ),
      `${server.url}/openapi/v3/apis/${goTestPlugin}.datasource.grafana.app/v0alpha1`,
      ...legacy.map((it) => `${server.url}/api/${it}`),
      `${server.url}/api/datasources/proxy/uid/one/x`,
    ];
    for (const url of paths) await ask(new URL(url).pathname, url);
    for (const url of [own(), apps(), one]) await ask(`table ${new URL(url).pathname}`, url, { headers: table });
    for (const queryType of ["small", "error", "panic", "unknown"]) {
      await ask(`query ${queryType}`, `${one}/query`, { body: { from: "now-1h", to: "now", queries: [{ refId: "A", queryType }] } });
    }
    await ask("legacy query", `${server.url}/api/ds/query`, { body: { queries: [{ refId: "A", datasource: { uid: "one" } }] } });
    await ask("review", `${server.url}/apis/authentication.k8s.io/v1/selfsubjectreviews`, { body: {} });
    await ask("a wrong password", own(), { headers: { authorization: `Basic ${Buffer.from(`admin:${canaryOf("wrong")}`).toString("base64")}` } });
    await ask("a wrong token", own(), { headers: { authorization: `Bearer ${canaryOf("bearer")}` } });
    await ask("a token in the query", `${own()}?auth_token=${canaryOf("auth-token")}`);
    await ask("delete", one, { method: "DELETE" });
    expect(places.size).toBeGreaterThan(40);
    await until("the watch saw the end", () => (watches[0]?.text().includes("DELETED") === true ? true : undefined));
  });

  function allPlaces(): ReadonlyMap<string, string> {
    for (const [index, watch] of watches.entries()) places.set(`watch ${index}`, watch.text());
    places.set("log", server.log());
    places.set("server.json", readFileSync(path.join(dataPath, "run", "server.json"), "utf8"));
    for (const file of ["dataplane.db", "dataplane.db-wal"]) places.set(file, readFileSync(path.join(dataPath, file), "latin1"));
    places.set("recording", readFileSync(recording, "utf8"));
    return places;
  }

  test("and are in no answer, log, event, metric, watch, table, description, recording or stored state", () => {
    const keys = keysOf(dataPath);
    expect(keys.length).toBeGreaterThanOrEqual(5);
    const token = tokenOf(server.kubeconfig);
    expect(token.length).toBeGreaterThan(50);
    const secrets = [canaryOf(""), token, ...assertions, ...linesOf(signingKey), ...keys, ...runSecrets(path.join(dataPath, "run"))];
    expect(leaksOf(allPlaces(), secrets)).toEqual([]);
    expect(places.size).toBeGreaterThan(80);
    expect(server.log()).toMatch(/debug/i);
    expect(places.get("recording")?.length).toBeGreaterThan(1000);
  });

  test("and one that is put where it does not belong is found there, and nowhere else", async () => {
    const planted = canaryOf("planted");
    const merge = { "content-type": "application/merge-patch+json" };
    const before = new Set(places.keys());
    const answer = await ask("planted", `${own()}/used`, { method: "PATCH", headers: merge, body: { spec: { title: planted } } });
    expect(answer.status).toBe(200);
    await ask("planted table", own(), { headers: { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" } });
    await ask("planted error", `${own()}/${planted}`);
    await ask("planted query", `${own()}/used/query`, { body: { queries: [{ refId: "A", queryType: planted }] } });
    await until("the watch saw it", () => (watches[0]?.text().includes(planted) === true ? true : undefined));
    // The log comes through a pipe, in its own time.
    await until("the log has it", () => (server.log().includes(planted) ? true : undefined));
    await until("the recording has it", () => (readFileSync(recording, "utf8").includes(planted) ? true : undefined));
    const found = new Set(leaksOf(allPlaces(), [canaryOf("")]).map(({ place }) => place));
    const stored = ["dataplane.db", "dataplane.db-wal"].filter((file) => found.has(file));
    expect(stored.length).toBeGreaterThan(0);
    const fresh = [...places.keys()].filter((place) => place.startsWith("planted") && !before.has(place));
    expect([...found].filter((place) => place !== "log").sort()).toEqual([...fresh, ...stored, "recording", "watch 0"].sort());
    expect(fresh).toHaveLength(4);
    expect(found.has("log")).toBe(true);
  });

  test.each(formsOf(canaryOf("form")))("and is found in each form: %s", (form) => {
    expect(
      leaksOf(
        new Map([
          ["clean", "c4n ary-form"],
          ["dirty", `<${form}>`],
        ]),
        [canaryOf("form")],
      ).map(({ place }) => place),
    ).toEqual(["dirty"]);
  });
});
