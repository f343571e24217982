import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { silentLogger, systemClock } from "@dataplane/meta";
import { expect, test } from "vitest";
import { dataPlaneUser, startDataSources } from "../testing/start-data-sources.js";
import { eventually } from "../testing/start-provisioning.js";
import { parseAppFile, provisionedApps } from "./app-file.js";
import { createProvisioning } from "./provisioning.js";
import { ProvisioningError } from "./provisioning-error.js";

test("all keys of an app are read, with variables in values", () => {
  const text = `
apiVersion: 1
apps:
  - type: acme-app
    org_id: 2
    org_name: Main Org.
    disabled: true
    jsonData: { url: "$URL", n: 1 }
    secureJsonData: { token: "\${TOKEN}", pin: 12 }
  - type: other-app`;
  expect(parseAppFile(text, { URL: "http://a", TOKEN: "t" })).toEqual({
    ...{ prune: false, isBlank: false },
    deletions: [],
    entries: [
      {
        ...{ namespace: "org-2", name: "acme-app", pluginId: "acme-app" },
        spec: { enabled: false, jsonData: { url: "http://a", n: 1 } },
        secure: { token: "t", pin: "12" },
      },
      { namespace: "default", name: "other-app", pluginId: "other-app", spec: { enabled: true }, secure: {} },
    ],
  });
});

test.each([
  ["apps: [{}]", "apps[0].type: expected a text"],
  ["apps: [{type: a/b}]", "apps[0].type: expected a plugin's id"],
  ["apps: [{type: a, org_id: x}]", "apps[0].org_id: expected a whole number"],
  ["apps: {}", "apps: expected a list"],
  ["apiVersion: 3", "apiVersion: expected 1"],
])("a broken file says what is wrong: %j", (text, why) => {
  expect(() => parseAppFile(text, {})).toThrow(new ProvisioningError(why));
});

test("files make settings of apps, and again when they change", async () => {
  await using api = await startDataSources();
  const directory = path.join(await mkdtemp(path.join(tmpdir(), "provisioning-")), "plugins");
  await mkdir(directory);
  const file = path.join(directory, "a.yaml");
  const write = (app: string) => writeFile(file, `apiVersion: 1\napps: [{ type: acme-app, ${app} }]\n`);
  await write("secureJsonData: { token: $T }");
  const clock = { ...systemClock, sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(ms / 50, signal) };
  const options = { kind: provisionedApps, directory, client: api.client, plugins: api.plugins, env: { T: "one" }, clock, logger: silentLogger };
  const provisioning = createProvisioning(options);
  await provisioning.apply();
  const target = "/apis/apps.grafana.app/v0alpha1/namespaces/default/appsettings/acme-app";
  const read = async () => (await api.send("GET", `${target}/plugincontext`, { user: dataPlaneUser })).json;
  expect(await read()).toMatchObject({ app: { enabled: true, decryptedSecureJsonData: { token: "one" } } });
  const stop = new AbortController();
  const running = provisioning.run(stop.signal);
  await write("disabled: true");
  await eventually(async () => expect(await read()).toMatchObject({ app: { enabled: false } }));
  stop.abort();
  await running;
  await rm(path.dirname(directory), { recursive: true });
});
