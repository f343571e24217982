import { rmSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { call } from "./testing/call.js";
import { sdkTestApp, unsignedPluginsAllowed } from "./testing/install-plugin.js";
import { type Kubectl, openKubectl } from "./testing/kubectl.js";
import { describeWith, needsKubectl } from "./testing/needs.js";
import { type StartedServer, startServer, temporaryFolder } from "./testing/start-server.js";
import { until } from "./testing/until.js";

const open = { type: "object", "x-kubernetes-preserve-unknown-fields": true };

interface Parts {
  readonly group: string;
  readonly spec?: object;
  readonly routes?: object;
  readonly more?: object;
}

/** An app of one version with one kind, `Gadget`. */
const manifest = (name: string, { group, spec = open, routes = {}, more = {} }: Parts): string =>
  JSON.stringify({
    apiVersion: "apps.grafana.app/v1alpha2",
    kind: "AppManifest",
    metadata: { name, labels: { "dataplane/plugin": sdkTestApp.id } },
    spec: {
      ...{ appName: name, group, preferredVersion: "v1" },
      versions: [
        {
          ...{ name: "v1", routes },
          kinds: [
            {
              ...{ kind: "Gadget", plural: "gadgets", scope: "Namespaced" },
              schemas: { Gadget: { type: "object", properties: { spec } } },
              additionalPrinterColumns: [{ name: "Size", type: "integer", jsonPath: ".spec.size" }],
            },
          ],
        },
      ],
      ...more,
    },
  });

const gadget = (group: string, name: string): string =>
  JSON.stringify({ apiVersion: `${group}/v1`, kind: "Gadget", metadata: { name, namespace: "default" }, spec: { size: 3 } });

const definition = (group: string): string =>
  JSON.stringify({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `gadgets.${group}` },
    spec: {
      ...{ group, scope: "Namespaced", names: { plural: "gadgets", kind: "Gadget", singular: "gadget", listKind: "GadgetList" } },
      versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: open } }],
    },
  });

describeWith([needsKubectl("newest")], "AppManifests that are applied with kubectl", () => {
  let server: StartedServer;
  let kubectl: Kubectl;
  const dataPath = temporaryFolder("app-manifests");
  beforeAll(async () => {
    sdkTestApp.install(dataPath);
    server = await startServer({ dataPath, env: unsignedPluginsAllowed });
    kubectl = openKubectl("newest", server.kubeconfig);
  });
  afterAll(async () => {
    await server.stop();
    rmSync(dataPath, { recursive: true, force: true });
  });

  const apply = (object: string): Promise<string> => kubectl.ok(["apply", "-f", "-"], { stdin: object });
  const condition = (name: string, type: string): Promise<string> =>
    kubectl.ok([
      "get",
      "appmanifest",
      name,
      "-o",
      `jsonpath={.status.conditions[?(@.type=="${type}")].reason}{" "}{.status.conditions[?(@.type=="${type}")].message}`,
    ]);
  const becomes = (name: string, type: string, wanted: RegExp): Promise<string> =>
    until(`${type} of ${name} is ${String(wanted)}`, async () => {
      const said = await condition(name, type);
      return wanted.test(said) ? said : undefined;
    });

  test("its kinds and routes are served, its removal withdraws them, and with its return the stored data is back", async () => {
    const group = "gadgets.ext.example.com";
    const routes = { namespaced: { "/echo/{id}": { get: { operationId: "getEcho", responses: {} } } } };
    expect(await apply(manifest("gadgets", { group, routes }))).toBe("appmanifest.apps.grafana.app/gadgets created\n");
    await kubectl.ok(["wait", "--for=condition=KindsServed", "--timeout=10s", "appmanifest", "gadgets"]);
    expect(await kubectl.ok(["get", "appmanifests", "gadgets"])).toMatch(
      /^NAME\s+APP\s+GROUP\s+VERSIONS\s+KINDS\s+PLUGIN\s+SERVED\s+AGE\ngadgets\s+gadgets\s+gadgets\.ext\.example\.com\s+v1\s+Gadget\s+acme-testplugin-ts-app\s+True/,
    );
    expect(await apply(gadget(group, "kept"))).toBe(`gadget.${group}/kept created\n`);
    expect(await kubectl.ok(["get", "gadgets"])).toMatch(/^NAME\s+SIZE\nkept\s+3/);
    expect(await kubectl.ok(["api-resources", `--api-group=${group}`, "--no-headers"])).toContain("Gadget");
    expect(await kubectl.ok(["get", "apiservice", `v1.${group}`])).toMatch(/Local\s+True/);
    await kubectl.ok(["wait", "--for=condition=Available", "--timeout=20s", "dps", `v1.${group}`]);
    const echo = `${server.url}/apis/${group}/v1/namespaces/default/echo/7`;
    const answer = await until("the route is served", async () => {
      const found = await call(echo);
      return found.status === 200 ? found : undefined;
    });
    expect(answer.json()).toMatchObject({ method: "GET", path: "/echo/7" });

    await kubectl.ok(["delete", "appmanifest", "gadgets"]);
    const gone = await kubectl.run(["get", `gadgets.${group}`]);
    expect([gone.code, gone.stderr]).toEqual([1, expect.stringContaining(`the server doesn't have a resource type "gadgets"`)]);
    await until("the route and its APIService are withdrawn", async () => {
      const [route, service] = [await call(echo), await kubectl.run(["get", "apiservice", `v1.${group}`])];
      return route.status === 404 && service.stderr.includes("not found") ? true : undefined;
    });

    await apply(manifest("gadgets", { group, routes }));
    await kubectl.ok(["wait", "--for=condition=KindsServed", "--timeout=10s", "appmanifest", "gadgets"]);
    expect(await kubectl.ok(["get", `gadgets.${group}`, "kept", "-o", "jsonpath={.spec.size}"])).toBe("3");
    await kubectl.ok(["delete", `gadgets.${group}`, "kept"]);
    await kubectl.ok(["delete", "appmanifest", "gadgets"]);
  });

  test("a group that a definition has is a conflict that both tell; what was there first goes on, and the other follows it", async () => {
    const group = "defined.ext.example.com";
    await apply(definition(group));
    await kubectl.ok(["wait", "--for=condition=Established", "--timeout=10s", `crd/gadgets.${group}`]);
    await apply(manifest("defined", { group }));
    expect(await becomes("defined", "KindsServed", /^NamesTaken/)).toContain("gadgets");
    expect(await apply(gadget(group, "one"))).toContain("created");
    await kubectl.ok(["delete", `crd/gadgets.${group}`]);
    await becomes("defined", "KindsServed", /^Served/);
    await apply(definition(group));
    const accepted = 'jsonpath={.status.conditions[?(@.type=="NamesAccepted")].status}';
    await until("the definition says that its names are taken", async () =>
      (await kubectl.ok(["get", `crd/gadgets.${group}`, "-o", accepted])) === "False" ? true : undefined,
    );
    await kubectl.ok(["delete", "appmanifest", "defined"]);
    await kubectl.ok(["wait", "--for=condition=Established", "--timeout=10s", `crd/gadgets.${group}`]);
    await kubectl.ok(["delete", `crd/gadgets.${group}`]);
  });

  test("of two manifests of one group the older has it, the younger says so, and follows when the older goes", async () => {
    const group = "twice.ext.example.com";
    await apply(manifest("elder", { group }));
    await becomes("elder", "KindsServed", /^Served/);
    await apply(manifest("younger", { group }));
    const words = `GroupConflict group "${group}" is that of AppManifest "elder", which is older`;
    expect(await becomes("younger", "KindsServed", /^GroupConflict/)).toBe(words);
    expect(await becomes("younger", "Accepted", /^GroupConflict/)).toBe(words);
    expect(await condition("elder", "KindsServed")).toMatch(/^Served/);
    await kubectl.ok(["delete", "appmanifest", "elder"]);
    await becomes("younger", "KindsServed", /^Served/);
    await kubectl.ok(["delete", "appmanifest", "younger"]);
  });

  test.each([
    ["a list of nothing", { spec: { type: "array" } }, "spec.versions[0].kinds[0].schemas[Gadget].properties[spec].items: Required value"],
    ["a type that there is not", { spec: { type: "text" } }, 'schemas[Gadget].properties[spec].type: Unsupported value: "text"'],
    ["a pattern that is none", { spec: { type: "string", pattern: "(" } }, "schemas[Gadget].properties[spec].pattern: Invalid value"],
    ["the server's own group", { group: "apps.grafana.app" }, "spec.group: Invalid value"],
    ["a preferred version that there is not", { more: { preferredVersion: "v9" } }, "spec.preferredVersion: Invalid value"],
    [
      "a route of the data plane's own",
      { routes: { namespaced: { "/health": { get: {} } } } },
      'spec.versions[0].routes.namespaced["/health"]: Forbidden',
    ],
    [
      "a role of no kind",
      { more: { roles: { "r:r": { kinds: [{ kind: "Nobody", verbs: ["get"] }] } } } },
      'spec.roles["r:r"].kinds[0].kind: Invalid value',
    ],
  ] as const)("%s is refused when it is applied, by the field's name", async (_what, parts, words) => {
    const refused = await kubectl.run(["apply", "-f", "-"], { stdin: manifest("refused", { group: "refused.ext.example.com", ...parts }) });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('The AppManifest "refused" is invalid');
    expect(refused.stderr).toContain(words);
    expect((await kubectl.run(["get", "appmanifest", "refused"])).stderr).toContain("not found");
  });
});
