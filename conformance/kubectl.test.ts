import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { call } from "./testing/call.js";
import { type Kubectl, type KubectlVersion, kubectlVersions, openKubectl } from "./testing/kubectl.js";
import { describeWith, needsKubectl } from "./testing/needs.js";
import { root } from "./testing/root.js";
import { type StartedServer, startServer, temporaryFolder } from "./testing/start-server.js";
import { until } from "./testing/until.js";

const name = "v0alpha1.prometheus.grafana.app";
const example = path.join(root, "examples", "datasource.yml");
const resource = "dataplaneservice.aggregation.grafana.app";

/** The example with other fields of its spec, or more. */
const manifest = (more: Record<string, unknown> = {}): string =>
  JSON.stringify({
    apiVersion: "aggregation.grafana.app/v0alpha1",
    kind: "DataPlaneService",
    metadata: { name },
    spec: {
      pluginID: "prometheus",
      pluginType: "datasource",
      group: "prometheus.grafana.app",
      version: "v0alpha1",
      services: [{ type: "query" }],
      ...more,
    },
  });

for (const version of kubectlVersions) describeWith([needsKubectl(version)], `kubectl ${version}, with no flag`, () => suite(version));

function suite(version: KubectlVersion): void {
  let server: StartedServer;
  let kubectl: Kubectl;
  let folder: string;

  beforeAll(async () => {
    server = await startServer();
    kubectl = openKubectl(version, server.kubeconfig);
    folder = temporaryFolder("kubectl");
  });
  afterAll(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(() => kubectl.ok(["delete", "dataplaneservices", name, "--ignore-not-found"]));

  const spec = async (field: string): Promise<string> => kubectl.ok(["get", "dps", name, "-o", `jsonpath={.${field}}`]);

  test("apply creates, changes and leaves alone", async () => {
    expect(await kubectl.ok(["apply", "-f", example])).toBe(`${resource}/${name} created\n`);
    expect(await kubectl.ok(["apply", "-f", example])).toBe(`${resource}/${name} unchanged\n`);
    const changed = manifest({ services: [{ type: "query" }, { type: "route", path: "x", method: "GET" }] });
    expect(await kubectl.ok(["apply", "-f", "-"], { stdin: changed })).toBe(`${resource}/${name} configured\n`);
    expect(await spec("spec.services[*].type")).toBe("query route");
    // What the manifest no longer has goes.
    expect(await kubectl.ok(["apply", "-f", example])).toBe(`${resource}/${name} configured\n`);
    expect(await spec("spec.services[*].type")).toBe("query");
  });

  test("apply --server-side owns its fields, and another manager meets a conflict", async () => {
    expect(await kubectl.ok(["apply", "--server-side", "-f", example])).toBe(`${resource}/${name} serverside-applied\n`);
    expect(await kubectl.ok(["get", "dps", name, "-o", "yaml", "--show-managed-fields"])).toMatch(/manager: kubectl\n\s+operation: Apply/);
    const other = manifest({ pluginType: "app" });
    const refused = await kubectl.run(["apply", "--server-side", "--field-manager=other", "-f", "-"], { stdin: other });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/conflict with "kubectl"/);
    expect(refused.stderr).toContain(".spec.pluginType");
    expect(await kubectl.ok(["apply", "--server-side", "--field-manager=other", "--force-conflicts", "-f", "-"], { stdin: other })).toContain(
      "serverside-applied",
    );
    expect(await spec("spec.pluginType")).toBe("app");
  });

  test("diff shows nothing when nothing differs, and the line that does", async () => {
    await kubectl.ok(["apply", "-f", example]);
    expect(await kubectl.run(["diff", "-f", example])).toMatchObject({ code: 0, stdout: "" });
    const differing = await kubectl.run(["diff", "-f", "-"], { stdin: manifest({ pluginType: "app" }) });
    expect(differing.code).toBe(1);
    expect(differing.stdout).toMatch(/^-\s+pluginType: datasource$/m);
    expect(differing.stdout).toMatch(/^\+\s+pluginType: app$/m);
  });

  test("explain describes the kind, a field and all of it", async () => {
    const kind = await kubectl.ok(["explain", "dps"]);
    expect(kind).toMatch(/KIND:\s+DataPlaneService/);
    expect(kind).toContain("binds one plugin, or one backend by HTTP, to one group and");
    expect(await kubectl.ok(["explain", "dps.spec.pluginType"])).toMatch(/ENUM:|enum: app, datasource/);
    const everything = await kubectl.ok(["explain", "dataplaneservices", "--recursive"]);
    for (const field of ["pluginID", "services", "method", "conditions", "lastTransitionTime", "managedFields"]) expect(everything).toContain(field);
  });

  test("get shows the columns, more of them with -o wide, and YAML", async () => {
    await kubectl.ok(["apply", "-f", example]);
    await kubectl.ok(["wait", "--for=condition=Available", `dps/${name}`, "--timeout=20s"]);
    const [head, row] = (await kubectl.ok(["get", "dps", name])).split("\n");
    expect(head?.split(/\s{2,}/)).toEqual(["NAME", "PLUGIN", "TYPE", "GROUP", "VERSION", "SERVICES", "AVAILABLE", "AGE"]);
    expect(row).toMatch(/^v0alpha1\.prometheus\.grafana\.app +prometheus +datasource +prometheus\.grafana\.app +v0alpha1 +query +True +\d+s/);
    expect(await kubectl.ok(["get", "dps", name, "-o", "wide"])).toMatch(/^NAME .* REASON/);
    const yaml = await kubectl.ok(["get", "dps", name, "-o", "yaml"]);
    expect(yaml).toMatch(/^apiVersion: aggregation\.grafana\.app\/v0alpha1$/m);
    expect(yaml).toMatch(/^ {2}pluginID: prometheus$/m);
    expect(yaml).not.toContain("managedFields");
    expect(await kubectl.ok(["get", "dps"])).toContain("v0alpha1.testdata.datasource.grafana.app");
  });

  test("get -w goes on to tell of changes", async () => {
    await kubectl.ok(["apply", "-f", example]);
    await kubectl.ok(["wait", "--for=condition=Available", `dps/${name}`, "--timeout=20s"]);
    const watching = kubectl.start(["get", "dps", name, "-w", "-o", 'jsonpath={.metadata.labels.round}{"|\\n"}']);
    await until("the first event", () => watching.stdout().includes("|") || undefined);
    await kubectl.ok(["label", "dps", name, "round=one"]);
    await kubectl.ok(["label", "dps", name, "round=two", "--overwrite"]);
    await until("two more events", () => /one\|[\s\S]*two\|/.test(watching.stdout()) || undefined);
    watching.child.kill("SIGINT");
    await watching.end;
    expect(watching.stderr()).toBe("");
  });

  test("edit changes what the editor wrote", async () => {
    await kubectl.ok(["apply", "-f", example]);
    const editor = path.join(folder, "editor.sh");
    writeFileSync(editor, '#!/bin/sh\nsed -i "s/pluginType: datasource/pluginType: app/" "$1"\n', { mode: 0o755 });
    expect(await kubectl.ok(["edit", "dps", name], { env: { EDITOR: editor } })).toBe(`${resource}/${name} edited\n`);
    expect(await spec("spec.pluginType")).toBe("app");
  });

  test("patch takes a merge patch and a JSON patch", async () => {
    await kubectl.ok(["apply", "-f", example]);
    await kubectl.ok(["patch", "dps", name, "--type=merge", "-p", '{"spec":{"pluginType":"app"}}']);
    expect(await spec("spec.pluginType")).toBe("app");
    await kubectl.ok(["patch", "dps", name, "--type=json", "-p", '[{"op":"replace","path":"/spec/pluginType","value":"datasource"}]']);
    expect(await spec("spec.pluginType")).toBe("datasource");
    const refused = await kubectl.run(["patch", "dps", name, "--type=json", "-p", '[{"op":"test","path":"/spec/pluginType","value":"app"}]']);
    expect(refused.code).toBe(1);
    expect(refused.stderr).not.toContain("InternalError");
  });

  test("label and annotate set and remove", async () => {
    await kubectl.ok(["apply", "-f", example]);
    expect(await kubectl.ok(["label", "dps", name, "team=a"])).toBe(`${resource}/${name} labeled\n`);
    expect(await kubectl.ok(["annotate", "dps", name, "note=hello"])).toBe(`${resource}/${name} annotated\n`);
    expect(await kubectl.ok(["get", "dps", "-l", "team=a", "-o", "name"])).toBe(`${resource}/${name}\n`);
    expect(await spec("metadata.annotations.note")).toBe("hello");
    expect(await kubectl.ok(["label", "dps", name, "team-"])).toBe(`${resource}/${name} unlabeled\n`);
    expect(await kubectl.ok(["get", "dps", "-l", "team=a", "-o", "name"])).toBe("");
  });

  test("replace changes what is there, and refuses what is older", async () => {
    await kubectl.ok(["create", "-f", example]);
    const before = await kubectl.ok(["get", "dps", name, "-o", "json"]);
    expect(await kubectl.ok(["replace", "-f", "-"], { stdin: manifest({ pluginType: "app" }) })).toBe(`${resource}/${name} replaced\n`);
    expect(await spec("spec.pluginType")).toBe("app");
    const stale = await kubectl.run(["replace", "-f", "-"], { stdin: before });
    expect(stale.code).toBe(1);
    expect(stale.stderr).toContain("the object has been modified; please apply your changes to the latest version");
  });

  test("create --dry-run=server checks and keeps nothing", async () => {
    expect(await kubectl.ok(["create", "--dry-run=server", "-f", example])).toBe(`${resource}/${name} created (server dry run)\n`);
    expect((await kubectl.run(["get", "dps", name])).stderr).toContain(`"${name}" not found`);
    const wrong = await kubectl.run(["create", "--dry-run=server", "-f", "-"], { stdin: manifest({ pluginType: "panel" }) });
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toMatch(/is invalid: spec\.pluginType: Unsupported value: "panel"/);
  });

  test("create twice is AlreadyExists, delete twice NotFound", async () => {
    await kubectl.ok(["create", "-f", example]);
    expect((await kubectl.run(["create", "-f", example])).stderr).toContain("(AlreadyExists)");
    expect(await kubectl.ok(["delete", "-f", example])).toMatch(
      /^dataplaneservice\.aggregation\.grafana\.app "v0alpha1\.prometheus\.grafana\.app" deleted/,
    );
    expect((await kubectl.run(["delete", "-f", example])).stderr).toContain("(NotFound)");
  });

  test("wait --for=condition=Available ends when the plugin serves, and wait --for=delete when it is gone", async () => {
    await kubectl.ok(["apply", "-f", example]);
    expect(await kubectl.ok(["wait", "--for=condition=Available", `dps/${name}`, "--timeout=20s"])).toBe(`${resource}/${name} condition met\n`);
    const gone = kubectl.ok(["wait", "--for=delete", `dps/${name}`, "--timeout=20s"]);
    await kubectl.ok(["delete", "dps", name]);
    await gone;
  });

  test("api-resources and api-versions name what is served", async () => {
    await kubectl.ok(["apply", "-f", example]);
    const resources = await kubectl.ok(["api-resources"]);
    expect(resources).toMatch(/^dataplaneservices +dps +aggregation\.grafana\.app\/v0alpha1 +false +DataPlaneService/m);
    expect(resources).toMatch(/^apiservices +apiregistration\.k8s\.io\/v1 +false +APIService/m);
    expect(resources).toMatch(/^namespaces +ns +v1 +false +Namespace/m);
    expect(resources).toMatch(/^datasources +(ds +)?testdata\.datasource\.grafana\.app\/v0alpha1 +true +DataSource/m);
    const versions = (await kubectl.ok(["api-versions"])).trim().split("\n");
    expect(versions).toEqual(expect.arrayContaining(["v1", "aggregation.grafana.app/v0alpha1", "apiregistration.k8s.io/v1", "events.k8s.io/v1"]));
    await until(
      "the bound group is discovered",
      async () => (await kubectl.ok(["api-versions"])).includes("prometheus.grafana.app/v0alpha1") || undefined,
    );
  });

  test("an unknown field is refused by its path", async () => {
    const refused = await kubectl.run(["apply", "-f", "-"], { stdin: manifest({ plugin: "prometheus" }) });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/strict decoding error: unknown field "spec\.plugin"/);
    const warned = await kubectl.run(["apply", "--validate=warn", "-f", "-"], { stdin: manifest({ plugin: "prometheus" }) });
    expect(warned).toMatchObject({ code: 0, stdout: `${resource}/${name} created\n` });
    expect(warned.stderr).toMatch(/Warning: unknown field "spec\.plugin"/);
    expect(await spec("spec.plugin")).toBe("");
    const ignored = await kubectl.run(["apply", "--validate=false", "-f", "-"], { stdin: manifest({ plugin: "prometheus" }) });
    expect(ignored).toMatchObject({ code: 0 });
  });

  test("a namespaced path of a cluster resource is 404", async () => {
    const url = `${server.url}/apis/aggregation.grafana.app/v0alpha1/namespaces/default/dataplaneservices`;
    for (const answer of [await call(url), await call(`${url}/${name}`), await call(url, { body: manifest() })]) {
      expect(answer.status).toBe(404);
      expect(answer.json()).toMatchObject({ kind: "Status", code: 404, reason: "NotFound" });
    }
    expect((await kubectl.run(["get", "--raw", new URL(url).pathname])).stderr).toContain("NotFound");
  });

  test("namespaces are applied, and data sources live in them", async () => {
    const namespace = `team-${version.replaceAll(".", "-")}`;
    const stdin = JSON.stringify({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
    expect(await kubectl.ok(["apply", "-f", "-"], { stdin })).toBe(`namespace/${namespace} created\n`);
    expect(await kubectl.ok(["apply", "-f", "-"], { stdin })).toBe(`namespace/${namespace} unchanged\n`);
    const source = {
      apiVersion: "testdata.datasource.grafana.app/v0alpha1",
      kind: "DataSource",
      metadata: { name: "mine", namespace },
      spec: { title: "Mine" },
      secure: { token: { create: "s3cr3t" } },
    };
    const created = await kubectl.ok(["apply", "-f", "-"], { stdin: JSON.stringify(source) });
    expect(created).toBe("datasource.testdata.datasource.grafana.app/mine created\n");
    const shown = await kubectl.ok([
      "get",
      "-n",
      namespace,
      "datasources.v0alpha1.testdata.datasource.grafana.app",
      "mine",
      "-o",
      "yaml",
      "--show-managed-fields",
    ]);
    expect(shown).toContain("title: Mine");
    expect(shown).not.toContain("s3cr3t");
    expect(await kubectl.ok(["delete", "namespace", namespace])).toContain(`"${namespace}" deleted`);
    await until("the data source went with its namespace", async () => {
      const found = await kubectl.run(["get", "-n", namespace, "datasources.v0alpha1.testdata.datasource.grafana.app", "mine"]);
      return found.stderr.includes("not found") || undefined;
    });
  });

  test("a folder of manifests is applied at once", async () => {
    const manifests = path.join(folder, `manifests-${version}`);
    mkdirSync(manifests);
    writeFileSync(path.join(manifests, "1.json"), JSON.stringify({ apiVersion: "v1", kind: "Namespace", metadata: { name: "from-folder" } }));
    writeFileSync(path.join(manifests, "2.json"), manifest());
    expect(await kubectl.ok(["apply", "-f", manifests])).toBe(`namespace/from-folder created\n${resource}/${name} created\n`);
    await kubectl.ok(["delete", "-f", manifests, "--wait=false"]);
  });
}
