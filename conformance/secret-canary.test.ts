import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { call } from "./testing/call.js";
import { dataSourcesUrl } from "./testing/data-plane.js";
import { goTestApp, goTestPlugin, installGoTestPlugin, needsGoTestPlugin, unsignedPluginsAllowed } from "./testing/install-plugin.js";
import { hasKubectl, openKubectl } from "./testing/kubectl.js";
import { describeWith } from "./testing/needs.js";
import { openStream } from "./testing/open-stream.js";
import { type StartedServer, startServer, temporaryFolder } from "./testing/start-server.js";
import { until } from "./testing/until.js";

/** Each secret is another text, so that a leak says whose it is. Nothing else contains the word. */
const canaryOf = (field: string): string => `c4nary-${field}`;
const provisionedKey = canaryOf("provisioned");
const fields = [
  ...["password", "basicAuthPassword", "httpHeaderValue1", "httpHeaderValue2", "tlsClientKey", "tlsClientCert", "tlsCACert"],
  ...["clientSecret", "privateKey", "accessToken", "sigV4SecretKey", "apiKey"],
];
const adminPassword = canaryOf("admin-password");
const credentials = { authorization: `Basic ${Buffer.from(`admin:${adminPassword}`).toString("base64")}` };

/** As texts and as bytes they travel in: base64 at each of its three offsets. */
function formsOf(secret: string): readonly string[] {
  const shifted = [0, 1, 2].map((offset) => {
    const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)]);
    return bytes.toString("base64").slice(Math.ceil((offset * 8) / 6), Math.floor((bytes.length * 8) / 6));
  });
  return [secret, encodeURIComponent(secret), Buffer.from(secret).toString("hex"), ...shifted];
}

describeWith([needsGoTestPlugin], "secrets, of whatever field", () => {
  const dataPath = temporaryFolder("canary");
  const places = new Map<string, string>();
  let server: StartedServer;
  let watches: readonly Awaited<ReturnType<typeof openStream>>[] = [];

  const ask = async (name: string, url: string, options: Parameters<typeof call>[1] = {}) => {
    const answer = await call(url, { ...options, headers: { ...credentials, ...options.headers } });
    places.set(`${name} ${answer.status}`, `${JSON.stringify([...answer.headers])}\n${answer.text}`);
    return answer;
  };
  const own = (): string => dataSourcesUrl(server, goTestPlugin);
  const apps = (): string => `${server.url}/apis/apps.grafana.app/v0alpha1/namespaces/default/appsettings`;

  beforeAll(async () => {
    installGoTestPlugin(dataPath);
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
      },
    });
    watches = await Promise.all([own(), apps(), `${server.url}/api/v1/events`].map((url) => openStream(`${url}?watch=true`, credentials)));
  });
  afterAll(async () => {
    for (const watch of watches) watch.leave();
    await server.stop();
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

  test("and are in no answer, log, event, metric, watch, table, description or recorded state", () => {
    for (const [index, watch] of watches.entries()) places.set(`watch ${index}`, watch.text());
    places.set("log", server.log());
    for (const name of ["server.json"]) places.set(name, readFileSync(path.join(dataPath, "run", name), "utf8"));
    for (const file of ["dataplane.db", "dataplane.db-wal"]) places.set(file, readFileSync(path.join(dataPath, file), "latin1"));
    const kubeconfig = readFileSync(server.kubeconfig, "utf8");
    const token = /token: "?([\w.-]+)/.exec(kubeconfig)?.[1] ?? "";
    expect(token.length).toBeGreaterThan(50);
    const keys = ["ca.key", "secrets.key", "serving.key", "token-signing.key", "users.json"].flatMap(
      (name) => readFileSync(path.join(dataPath, "keys", name), "utf8").match(/[\w+/-]{20,}/g) ?? [],
    );
    expect(keys.length).toBeGreaterThanOrEqual(5);
    const secrets = [...formsOf("c4nary-"), token, ...keys];
    const hits = [...places].flatMap(([place, text]) =>
      secrets.flatMap((secret) => {
        const at = text.indexOf(secret);
        return at < 0 ? [] : [`${place}: …${text.slice(Math.max(0, at - 60), at + 40)}…`];
      }),
    );
    expect(places.size).toBeGreaterThan(50);
    expect(server.log()).toMatch(/debug/i);
    expect(hits).toEqual([]);
  });
});
