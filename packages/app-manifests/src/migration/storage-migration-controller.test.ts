import type { Converter, ResourceDefinition } from "@dataplane/apiserver";
import type { ResourceRef } from "@dataplane/client";
import { type ApiObject, isJsonObject, type JsonObject, silentLogger, systemClock, unavailable } from "@dataplane/meta";
import { expect, test } from "vitest";
import { aManifest, manifestsRef, startServer, type TestServer } from "../testing/start-server.js";
import { storageMigrationController } from "./storage-migration-controller.js";

const group = "acme.example.com";

/** v1 has a title, v2 a name. Of one whose title is `broken` nothing can be made; while `isAway` nobody answers. */
class Titles implements Converter {
  isAway = false;
  asked: number[] = [];

  convert(objects: readonly JsonObject[], { version }: { readonly version: string }) {
    this.asked.push(objects.length);
    if (this.isAway) return Promise.reject(unavailable("the plugin is not there"));
    const broken = objects.find(({ spec }) => isJsonObject(spec) && spec["title"] === "broken");
    if (broken !== undefined && isJsonObject(broken["metadata"]))
      return Promise.resolve({ failure: { message: `Thing "default/${JSON.stringify(broken["metadata"]["name"]).slice(1, -1)}": it is broken` } });
    return Promise.resolve({ converted: objects.map((object) => inVersion(object, version)) });
  }
}

function inVersion(object: JsonObject, version: string): JsonObject {
  const { title, name } = isJsonObject(object["spec"]) ? object["spec"] : {};
  const text = title ?? name ?? "";
  return { ...object, apiVersion: `${group}/${version}`, spec: version === "v2" ? { name: text } : { title: text } };
}

const thing = (version: string, storageVersion: string, converter: Converter): ResourceDefinition => ({
  ...{ group, version, kind: "Thing", plural: "things", scope: "namespaced" },
  schema: { type: "object", properties: { spec: { type: "object", "x-kubernetes-preserve-unknown-fields": true } } },
  versioned: { storageVersion, converter },
});

const serve = (api: TestServer, storageVersion: string, converter: Converter): void => {
  api.registry.set(
    "app",
    ["v1", "v2"].map((version) => thing(version, storageVersion, converter)),
  );
};
const ref = (version: string): ResourceRef => ({ group, version, resource: "things", namespaced: true });
const make = (api: TestServer, name: string, title = name): Promise<ApiObject> =>
  api.client.create<ApiObject>(ref("v1"), { apiVersion: `${group}/v1`, kind: "Thing", metadata: { name, namespace: "default" }, spec: { title } });
const schemas = { Thing: { type: "object", properties: { spec: { type: "object", "x-kubernetes-preserve-unknown-fields": true } } } };
const kinds = [{ kind: "Thing", plural: "things", scope: "Namespaced", conversion: true, schemas }];
const manifest = (preferredVersion: string): ApiObject =>
  aManifest("acme", { appName: "acme", group, preferredVersion, versions: ["v1", "v2"].map((name) => ({ name, kinds })) });
const prefer = (api: TestServer, preferredVersion: string): Promise<ApiObject> =>
  api.client.patch(manifestsRef, { name: "acme" }, "application/merge-patch+json", { spec: { preferredVersion } });

async function storedVersions(api: TestServer): Promise<readonly (string | undefined)[]> {
  const { entries } = await api.store.list(`/${group}/things/`);
  return entries.map(({ value }) => new TextDecoder().decode(value).split("\0")[2]?.split(" ")[0]);
}

const migrate = (api: TestServer): void =>
  api.start(storageMigrationController({ client: api.client, registry: api.registry, retryMs: 50, clock: systemClock, logger: silentLogger }));

test("objects of all pages are stored anew when another version is preferred, in few questions", async () => {
  const converter = new Titles();
  await using api = await startServer();
  serve(api, "v1", converter);
  for (let index = 0; index < 230; index++) await make(api, `t${String(index)}`);
  await api.client.create(manifestsRef, manifest("v1"));
  migrate(api);
  await expect.poll(() => api.condition("acme", "StorageMigrated")).toBe("True Migrated: all objects are stored as v1");
  const before = await api.store.revision();
  await prefer(api, "v2");
  // The kinds are not served so yet.
  expect(new Set(await storedVersions(api))).toEqual(new Set(["v1"]));
  serve(api, "v2", converter);
  await expect.poll(() => api.condition("acme", "StorageMigrated")).toBe("True Migrated: all objects are stored as v2");
  expect(new Set(await storedVersions(api))).toEqual(new Set(["v2"]));
  // One write each, and those of the manifest.
  expect((await api.store.revision()) - before).toBeLessThan(235n);
  expect(converter.asked.filter((count) => count > 1)).toEqual([100, 100, 30]);
  const { metadata, ...rest } = await api.client.get<ApiObject>(ref("v1"), { name: "t7", namespace: "default" });
  expect([rest["spec"], metadata.generation]).toEqual([{ title: "t7" }, 1]);
  expect((await api.client.get<ApiObject>(manifestsRef, { name: "acme" }))["status"]).toMatchObject({ storedVersion: "v2" });
});

test("an object that cannot be converted stops it, is named, and is tried again", async () => {
  const converter = new Titles();
  await using api = await startServer();
  serve(api, "v1", converter);
  for (const name of ["a", "b"]) await make(api, name);
  await make(api, "c", "broken");
  await api.client.create(manifestsRef, manifest("v1"));
  migrate(api);
  await expect.poll(() => api.condition("acme", "StorageMigrated")).toContain("True");
  serve(api, "v2", converter);
  await prefer(api, "v2");
  await expect.poll(() => api.condition("acme", "StorageMigrated")).toBe('False InternalError: Thing "default/c": it is broken');
  converter.isAway = true;
  await expect.poll(() => api.condition("acme", "StorageMigrated")).toBe("False ServiceUnavailable: the plugin is not there");
  converter.isAway = false;
  const mended = { spec: { title: "mended" } };
  await api.client.patch(ref("v1"), { name: "c", namespace: "default" }, "application/merge-patch+json", mended);
  await expect.poll(() => api.condition("acme", "StorageMigrated")).toBe("True Migrated: all objects are stored as v2");
  expect(await storedVersions(api)).toEqual(["v2", "v2", "v2"]);
});
