import { rmSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { call } from "./testing/call.js";
import { hookedThings } from "./testing/hooked-things.js";
import { goTestPlugin, installGoTestPlugin, needsGoTestPlugin, unsignedPluginsAllowed } from "./testing/install-plugin.js";
import { type Kubectl, openKubectl } from "./testing/kubectl.js";
import { describeWith, needsKubectl } from "./testing/needs.js";
import { type StartedServer, startServer, temporaryFolder } from "./testing/start-server.js";

const group = "hooked.example.com";
const { crd, definition, service, thing } = hookedThings(group);
const anySpec = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
const manifest = {
  apiVersion: "apps.grafana.app/v1alpha2",
  kind: "AppManifest",
  metadata: { name: "tracker" },
  spec: {
    appName: "tracker",
    group: "tracker.example.com",
    preferredVersion: "v1",
    versions: [
      {
        name: "v1",
        kinds: [{ kind: "Issue", plural: "issues", scope: "Namespaced", schemas: { Issue: { type: "object", properties: { spec: anySpec } } } }],
      },
    ],
    roles: { reader: { kinds: [{ kind: "Issue", permissionSet: "viewer" }] } },
    roleBindings: { additional: { readers: ["reader"] } },
  },
};

describeWith([needsGoTestPlugin, needsKubectl("newest")], "stored objects of a group whose DataPlaneService lists admission and conversion", () => {
  const dataPath = temporaryFolder("object-hooks");
  let server: StartedServer;
  let kubectl: Kubectl;

  const json = (object: object) => ({ stdin: JSON.stringify(object) });
  const mutatedBy = "jsonpath={.metadata.annotations.acme\\.example\\.com/mutated-by}";

  beforeAll(async () => {
    installGoTestPlugin(dataPath);
    server = await startServer({ dataPath, env: unsignedPluginsAllowed });
    kubectl = openKubectl("newest", server.kubeconfig);
    for (const object of [definition, service("v1"), service("v2")]) await kubectl.ok(["apply", "-f", "-"], json(object));
    await kubectl.ok(["wait", "--for=condition=Established", `crd/${crd}`, "--timeout=20s"]);
    for (const version of ["v1", "v2"]) await kubectl.ok(["wait", "--for=condition=Healthy", `dps/${version}.${group}`, "--timeout=20s"]);
  });

  afterAll(async () => {
    await server.stop();
    rmSync(dataPath, { recursive: true, force: true });
  });

  test("writes are mutated, warned about and refused, in dry runs too", async () => {
    await kubectl.ok(["create", "-f", "-"], json(thing("a", { title: "first" })));
    expect(await kubectl.ok(["get", crd, "a", "-o", mutatedBy])).toBe(`${goTestPlugin}/CREATE`);
    const warned = await kubectl.run(["patch", crd, "a", "--type=merge", "-p", '{"spec":{"warn":"mind the gap"}}']);
    expect([warned.code, warned.stderr]).toEqual([0, expect.stringContaining("mind the gap")]);
    expect(await kubectl.ok(["get", crd, "a", "-o", mutatedBy])).toBe(`${goTestPlugin}/UPDATE`);
    const refused = await kubectl.run(["create", "--dry-run=server", "-f", "-"], json(thing("b", { deny: "not on Fridays" })));
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("denied the request: not on Fridays")]);
    await kubectl.ok(["create", "--dry-run=server", "-f", "-"], json(thing("b", {})));
    expect((await kubectl.run(["get", crd, "b"])).stderr).toContain("NotFound");
    const renamed = await kubectl.run(["create", "-f", "-"], json(thing("b", { misbehave: "rename" })));
    expect(renamed.stderr).toContain("metadata.name");
  });

  test("objects are converted in reads, writes and applies of the other version", async () => {
    const at = (version: string) => `things.${version}.${group}`;
    expect(await kubectl.ok(["get", at("v2"), "a", "-o", "jsonpath={.spec.name}"])).toBe("first");
    expect(await kubectl.ok(["get", at("v2"), "-o", "jsonpath={.items[*].spec.name}"])).toBe("first");
    await kubectl.ok(["apply", "--server-side", "-f", "-"], json(thing("c", { name: "second" }, "v2")));
    expect(await kubectl.ok(["get", at("v1"), "c", "-o", "jsonpath={.spec.title}"])).toBe("second");
    await kubectl.ok(["patch", at("v2"), "c", "--type=merge", "-p", '{"spec":{"name":"third"}}']);
    expect(await kubectl.ok(["get", at("v1"), "c", "-o", "jsonpath={.spec.title}"])).toBe("third");
  });

  test("while no service is there the versions differ in apiVersion alone, and nobody is asked", async () => {
    for (const version of ["v1", "v2"]) await kubectl.ok(["delete", "dps", `${version}.${group}`]);
    expect(await kubectl.ok(["get", `things.v2.${group}`, "c", "-o", "jsonpath={.spec.title}"])).toBe("third");
    await kubectl.ok(["create", "-f", "-"], json(thing("free", { deny: "nobody says so" })));
    await kubectl.ok(["delete", crd, "free"]);
    for (const version of ["v1", "v2"]) await kubectl.ok(["apply", "-f", "-"], json(service(version)));
    expect(await kubectl.ok(["get", `things.v2.${group}`, "c", "-o", "jsonpath={.spec.name}"])).toBe("third");
  });

  test("while the plugin cannot be asked, writes and the other version are 503, and what needs nobody goes on", async () => {
    const absent = (version: string) => ({ ...service(version), spec: { ...service(version).spec, pluginID: "acme-absent-datasource" } });
    for (const version of ["v1", "v2"]) {
      await kubectl.ok(["delete", "dps", `${version}.${group}`]);
      await kubectl.ok(["create", "-f", "-"], json(absent(version)));
    }
    const url = (version: string) => `${server.url}/apis/${group}/${version}/namespaces/default/things`;
    expect((await call(url("v1"), { body: thing("d", {}) })).status).toBe(503);
    expect((await call(url("v2"))).status).toBe(503);
    expect((await call(url("v1"))).status).toBe(200);
    const headers = { accept: "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1" };
    expect((await call(url("v2"), { headers })).status).toBe(200);
    for (const version of ["v1", "v2"]) {
      await kubectl.ok(["delete", "dps", `${version}.${group}`]);
      await kubectl.ok(["create", "-f", "-"], json(service(version)));
    }
    expect((await call(url("v2"))).status).toBe(200);
    await kubectl.ok(["delete", crd, "a", "c"]);
  });

  test("roles of a manifest are what their groups can do, and go with it", async () => {
    await kubectl.ok(["apply", "-f", "-"], json(manifest));
    await kubectl.ok(["wait", "--for=condition=RolesBound", "appmanifest/tracker", "--timeout=20s"]);
    // By a review of its own: `auth can-i` looks the resource up in discovery, which follows the manifest in its own time.
    const review = (verb: string) => ({
      apiVersion: "authorization.k8s.io/v1",
      kind: "SubjectAccessReview",
      spec: {
        ...{ user: "ann", groups: ["readers"] },
        resourceAttributes: { verb, group: "tracker.example.com", version: "v1", resource: "issues", namespace: "default" },
      },
    });
    const can = async (verb: string) => {
      const text = await kubectl.ok(["create", "-f", "-", "-o", "jsonpath={.status.allowed}"], json(review(verb)));
      return text === "true" ? "yes" : "no";
    };
    await expect.poll(() => can("list")).toBe("yes");
    expect(await can("delete")).toBe("no");
    await kubectl.ok(["delete", "appmanifest", "tracker"]);
    await expect.poll(() => can("list")).toBe("no");
  });
});
