import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { ConfigError, loadConfig } from "./load-config.js";

const root = mkdtempSync(path.join(tmpdir(), "config-"));

function load(options: { ini?: string; env?: Record<string, string>; overrides?: readonly string[] } = {}) {
  const file = options.ini === undefined ? undefined : path.join(root, "given.ini");
  if (file !== undefined) writeFileSync(file, options.ini ?? "");
  return loadConfig({ root, file, env: options.env ?? {}, overrides: options.overrides ?? [] });
}

test("the defaults are Grafana's, and a relative path counts from the root", () => {
  const config = load();
  expect(config).toMatchObject({ httpPort: 3000, httpsPort: 6443, adminUser: "admin", appMode: "production", warnings: [] });
  expect(config.dataPath).toBe(path.join(root, "data"));
});

test("each layer wins over the one before it", () => {
  const ini = "[server]\nhttp_port = 1\nhttp_addr = 10.0.0.1\n[dataproxy]\ntimeout = 5";
  const config = load({ ini, env: { GF_SERVER_HTTP_PORT: "2", GF_GRAFANA_APISERVER_HTTPS_PORT: "9" }, overrides: ["server.http_port=3"] });
  expect(config).toMatchObject({ httpPort: 3, httpAddr: "10.0.0.1", httpsPort: 9, queryTimeout: 5000 });
});

test("values take variables and files, once", () => {
  const secret = path.join(root, "secret");
  writeFileSync(secret, "from-file\n");
  const ini = `[security]\nadmin_user = \${WHO}-$__env{WHAT}\nadmin_password = $__file{${secret}}`;
  expect(load({ ini, env: { WHO: "a${X}", WHAT: "b" } })).toMatchObject({ adminUser: "a${X}-b", adminPassword: "from-file" });
});

test("an unknown key and a variable that matches nothing are reported", () => {
  const { warnings } = load({ ini: "[server]\nhttp_prot = 1", env: { GF_SERVER_HTTP_PROT: "1" }, overrides: ["x.y=1"] });
  expect(warnings).toEqual([
    expect.stringContaining("unknown configuration key [server] http_prot"),
    "the environment variable GF_SERVER_HTTP_PROT matches no configuration key",
    expect.stringContaining("[x] y"),
  ]);
});

test("exactly the three feature toggles give no warning, and each can be switched off", () => {
  const on = load({ ini: "[feature_toggles]\nkubernetesAggregator = true\ndataplaneAggregator = true\ngrafanaAPIServerEnsureKubectlAccess = true" });
  expect(on).toMatchObject({ kubernetesAggregator: true, dataplaneAggregator: true, ensureKubectlAccess: true, warnings: [] });
  const off = load({ ini: "[feature_toggles]\nenable = kubernetesAggregator, dataplaneAggregator\ngrafanaAPIServerEnsureKubectlAccess = false" });
  expect(off).toMatchObject({ kubernetesAggregator: true, dataplaneAggregator: true, ensureKubectlAccess: false, warnings: [] });
  expect(load({ ini: "[feature_toggles]\nenable = nope" }).warnings).toEqual([expect.stringContaining('"nope"')]);
});

test("keys of a plugin's section are kept for that plugin", () => {
  expect(load({ ini: "[plugin.acme-x-datasource]\ncache = 5" }).plugins.get("acme-x-datasource")).toEqual({ cache: "5" });
});

test.each([
  ["[server]\nhttp_port = 70000", "[server] http_port"],
  ["[server]\nhttp_port = x", "[server] http_port"],
  ["[log]\nlevel = loud", "[log] level"],
  ["[security]\nadmin_password = $__file{/does/not/exist}", "[security] admin_password"],
  ["nonsense", "given.ini:1"],
])("what cannot be understood names its key: %s", (ini, name) => {
  expect(() => load({ ini })).toThrow(ConfigError);
  expect(() => load({ ini })).toThrow(name);
});
