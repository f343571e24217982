import type { AppHooks } from "@dataplane/aggregator";
import type { AdmissionAttributes, AdmissionHook } from "@dataplane/apiserver";
import type { ResourceRef } from "@dataplane/client";
import { ApiError, type ApiObject, isJsonObject, type JsonObject, silentLogger, systemClock, unavailable } from "@dataplane/meta";
import { expect, test } from "vitest";
import { type AppManifests, createAppManifests } from "./create-app-manifests.js";
import { manifestsRef, startServer, type TestServer } from "./testing/start-server.js";

const group = "things.ext.example.com";
const things = (version = "v1"): ResourceRef => ({ group, version, resource: "things", namespaced: true });
const fields = (names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, { type: "object", "x-kubernetes-preserve-unknown-fields": true }]));

const aKind = (more: JsonObject = {}, top: readonly string[] = ["spec", "status"]): JsonObject => ({
  ...{ kind: "Thing", plural: "things", scope: "Namespaced" },
  schemas: { Thing: { type: "object", properties: fields(top) } },
  ...more,
});

const aManifest = (versions: readonly JsonObject[], more: JsonObject = {}, name = "things"): ApiObject & JsonObject => ({
  apiVersion: "apps.grafana.app/v1alpha2",
  kind: "AppManifest",
  metadata: { name, labels: { "dataplane/plugin": "acme-things-app" } },
  spec: { appName: name, group, versions, ...more },
});

const allowing: AdmissionHook = {
  mutate: ({ object }) => Promise.resolve({ object, warnings: [] }),
  validate: () => Promise.resolve({ warnings: [] }),
};

/** `size` of v1 is `spec.size`, of v2 `spec.length`. */
const hooks: AppHooks = {
  admission: () => allowing,
  conversion: () => ({
    convert: (objects, { version }) =>
      Promise.resolve({
        converted: objects.map((object) => {
          const { size, length } = isJsonObject(object["spec"]) ? object["spec"] : {};
          const value = size ?? length ?? null;
          return { ...object, apiVersion: `${group}/${version}`, spec: version === "v2" ? { length: value } : { size: value } };
        }),
      }),
  }),
};

interface Started extends TestServer {
  readonly apps: AppManifests;
}

async function start(): Promise<Started> {
  const server = await startServer();
  const plugins = { get: () => undefined, list: () => [], onChange: () => () => undefined };
  const webhooks = { call: () => Promise.reject(new Error("nobody is asked")) };
  const { client, registry } = server;
  const apps = createAppManifests({
    ...{ client, registry, plugins, hooks, webhooks, dataplaneAggregator: false, clock: systemClock, logger: silentLogger },
  });
  await apps.serveStored();
  server.start(apps);
  return Object.assign(server, { apps });
}

const create = (server: Started, manifest: ApiObject): Promise<ApiObject> => server.client.create(manifestsRef, manifest);

/** As it may lie in a store from before there was a rule. */
async function storeAsItIs(server: Started, { spec, ...manifest }: ApiObject & JsonObject): Promise<void> {
  await create(server, aManifest([]));
  const { entries } = await server.store.list("/");
  const entry = entries.find(({ key }) => key.includes("appmanifests") && key.endsWith(`/${manifest.metadata.name}`));
  if (entry === undefined) throw new Error("it is not stored");
  const stored = JSON.parse(Buffer.from(entry.value).toString("utf8")) as JsonObject;
  await server.store.put(entry.key, Buffer.from(JSON.stringify({ ...stored, spec: spec ?? null })), { expected: entry.revision });
}

const served = (server: Started, name = "things") => expect.poll(() => server.condition(name, "KindsServed"), { interval: 10 });
const thing = (name: string, spec: JsonObject, version = "v1"): ApiObject => ({
  apiVersion: `${group}/${version}`,
  kind: "Thing",
  metadata: { name, namespace: "default" },
  spec,
});

test("kinds of a manifest are served in each served version, converted by the app, and withdrawn with their objects kept", async () => {
  await using server = await start();
  const kinds = [aKind({ conversion: true })];
  await create(
    server,
    aManifest(
      [
        { name: "v1", kinds },
        { name: "v2", kinds },
        { name: "v3", kinds, served: false },
      ],
      { preferredVersion: "v1" },
    ),
  );
  await served(server).toBe("True Served: ");
  expect(
    server.registry
      .list()
      .filter((it) => it.group === group)
      .map(({ version }) => version),
  ).toEqual(["v1", "v2"]);
  await server.client.create(things(), thing("a", { size: 3 }));
  expect((await server.client.get<ApiObject>(things("v2"), { name: "a", namespace: "default" }))["spec"]).toEqual({ length: 3 });
  const { status } = await server.client.get<ApiObject>(manifestsRef, { name: "things" });
  expect(JSON.stringify(status)).toContain('"managedResources":[{"kind":"Thing"');

  await server.client.delete(manifestsRef, { name: "things" });
  await expect.poll(() => server.registry.get(group, "v1", "things"), { interval: 10 }).toBeUndefined();
  await create(server, aManifest([{ name: "v1", kinds: [aKind()] }]));
  await served(server).toBe("True Served: ");
  expect((await server.client.get<ApiObject>(things(), { name: "a", namespace: "default" }))["spec"]).toEqual({ size: 3 });
});

test("further top-level fields are written by the subresource of their name alone, as the status is", async () => {
  await using server = await start();
  await create(server, aManifest([{ name: "v1", kinds: [aKind({}, ["spec", "status", "scan"])] }]));
  await served(server).toBe("True Served: ");
  const made = await server.client.create<ApiObject>(things(), { ...thing("a", { x: 1 }), scan: { by: "nobody" }, status: { by: "nobody" } });
  expect([made["scan"], made["status"]]).toEqual([undefined, undefined]);
  const patch = { spec: { x: 2 }, scan: { found: 7 } };
  const ref = { name: "a", namespace: "default", subresource: "scan" };
  await server.client.patch(things(), ref, "application/merge-patch+json", patch);
  expect(await server.client.get<ApiObject>(things(), { name: "a", namespace: "default" })).toMatchObject({ spec: { x: 1 }, scan: { found: 7 } });
  await server.client.patch(things(), { name: "a", namespace: "default" }, "application/merge-patch+json", { spec: { x: 3 }, scan: { found: 8 } });
  expect(await server.client.get<ApiObject>(things(), { name: "a", namespace: "default" })).toMatchObject({ spec: { x: 3 }, scan: { found: 7 } });
});

test("of a manifest all kinds are served or none, and its status says why", async () => {
  await using server = await start();
  const broken = {
    ...aKind(),
    kind: "Broken",
    plural: "brokens",
    schemas: { Broken: { type: "object", properties: { spec: { type: "object", properties: { x: { type: "array" } } } } } },
  };
  const refused = create(server, aManifest([{ name: "v1", kinds: [aKind(), broken] }]));
  const items = "spec.versions[0].kinds[1].schemas[Broken].properties[spec].properties[x].items";
  await expect(refused).rejects.toMatchObject({ code: 422, details: { causes: [{ field: items, message: "Required value: must be specified" }] } });
  await storeAsItIs(server, aManifest([{ name: "v1", kinds: [aKind(), broken] }]));
  await served(server).toBe(`False SchemaInvalid: ${items}: Required value: must be specified`);
  expect(server.registry.get(group, "v1", "things")).toBeUndefined();
  const fixed = { spec: aManifest([{ name: "v1", kinds: [aKind()] }])["spec"] ?? null };
  await server.client.patch(manifestsRef, { name: "things" }, "application/merge-patch+json", fixed);
  await served(server).toBe("True Served: ");
});

test("an elder manifest has the group; another definition has the names; dryRunKinds serves nothing", async () => {
  await using server = await start();
  await create(server, aManifest([{ name: "v1", kinds: [aKind()] }]));
  await served(server).toBe("True Served: ");
  await create(server, aManifest([{ name: "v1", kinds: [aKind()] }], {}, "younger"));
  await served(server, "younger").toContain("False GroupConflict");
  const other = { spec: { group: "other.ext.example.com" } };
  await create(server, { ...aManifest([{ name: "v1", kinds: [aKind()] }], { group: "other.ext.example.com", dryRunKinds: true }, "dry"), ...{} });
  await served(server, "dry").toContain("False DryRun");
  expect(server.registry.get(other.spec.group, "v1", "things")).toBeUndefined();
  await server.client.delete(manifestsRef, { name: "things" });
  await served(server, "younger").toBe("True Served: ");
});

test("hooks are asked on the operations that the manifest lists, in each version, and about no subresource", async () => {
  await using server = await start();
  const admission = { mutation: { operations: ["CREATE"] }, validation: { operations: ["*"] } };
  await create(server, aManifest([{ name: "v1", kinds: [aKind({ admission })] }]));
  await served(server).toBe("True Served: ");
  const kind = { group, version: "v1", kind: "Thing" };
  const resource = { group, version: "v1", resource: "things" };
  const concerns = (operation: AdmissionAttributes["operation"], subresource = "", of = kind) =>
    server.apps.admission.concerns?.({ operation, kind: of, resource, subresource });
  expect([concerns("CREATE"), concerns("DELETE"), concerns("UPDATE", "status")]).toEqual([true, true, false]);
  expect(concerns("CREATE", "", { ...kind, kind: "Other" })).toBe(false);
  expect(server.apps.owns(kind)).toBe(true);
  expect(server.apps.owns({ group: "elsewhere.example.com", kind: "Thing" })).toBe(false);
});

test("without plugin and operator nobody has allowed anything", async () => {
  await using server = await start();
  const manifest = aManifest([{ name: "v1", kinds: [aKind({ admission: { validation: { operations: ["*"] } } })] }]);
  await create(server, { ...manifest, metadata: { name: "things" } });
  await served(server).toBe("True Served: ");
  const attributes: AdmissionAttributes = {
    ...{ operation: "CREATE", kind: { group, version: "v1", kind: "Thing" }, resource: { group, version: "v1", resource: "things" } },
    ...{ subresource: "", name: "a", namespace: "default", object: {}, oldObject: undefined, dryRun: false, user: { name: "u", groups: [] } },
  };
  const asked = server.apps.admission.validate(attributes, new AbortController().signal);
  await expect(asked).rejects.toMatchObject({ reason: unavailable("").reason });
  await expect(asked).rejects.toBeInstanceOf(ApiError);
});
