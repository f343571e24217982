import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { isJsonObject } from "@dataplane/meta";
import { expect, test } from "vitest";
import { openSealer } from "./sealer.js";
import { bindingOf, openSecureValues, takeSecureValues } from "./secure-values.js";
import { admin, type DataSourceApi, dataPlaneUser, type Sent, serviceFor, servicesPath, startDataSources } from "./testing/start-data-sources.js";

const groupVersion = "prometheus.datasource.grafana.app/v0alpha1";
const own = `/apis/${groupVersion}/namespaces/default/datasources`;
const canary = "c4nary-in-the-coal-mine";
const mergePatch = "application/merge-patch+json";
const jsonPatch = "application/json-patch+json";
const applyPatch = "application/apply-patch+yaml";
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

/** What `kubectl apply` sends at first: the manifest, and the manifest again in an annotation. */
function applied(secure: object, spec: object = { title: "Prom" }) {
  const manifest = { apiVersion: groupVersion, kind: "DataSource", metadata: { name: "prom1", namespace: "default" }, spec, secure };
  return { ...manifest, metadata: { ...manifest.metadata, annotations: { [lastApplied]: `${JSON.stringify(manifest)}\n` } } };
}

async function secretsOf(api: DataSourceApi): Promise<unknown> {
  const { json } = await api.send("GET", `${own}/prom1/plugincontext`, { user: dataPlaneUser });
  return isJsonObject(json["instance"]) ? json["instance"]["decryptedSecureJsonData"] : undefined;
}

async function storedBytes({ store }: DataSourceApi): Promise<string> {
  const { entries } = await store.list("/");
  return Buffer.concat(entries.map(({ value }) => value)).toString("utf8");
}

test("no answer and no stored byte holds a secret, however it was written or is read", async () => {
  await using api = await startDataSources();
  await api.send("POST", servicesPath, { body: serviceFor("prometheus", "view.example.com/v1") });
  await api.until("view.example.com/v1", true);
  const answers: string[] = [];
  const keep = async (method: string, target: string, sent: Sent = {}): Promise<void> => {
    const { status, text } = await api.send(method, target, { user: admin, ...sent });
    expect([target, status < 300]).toEqual([target, true]);
    answers.push(text);
  };
  const stop = new AbortController();
  const watching = await api.open("GET", `${own}?watch=true`, {}, stop.signal);
  const apply = { body: { ...applied({ key: { create: `${canary}-2` } }), metadata: { name: "prom1" } }, contentType: applyPatch };

  await keep("POST", `${own}?dryRun=All`, { body: applied({ token: { create: canary } }) });
  await keep("POST", own, { body: applied({ token: { create: canary } }) });
  await keep("PUT", `${own}/prom1?dryRun=All`, { body: applied({ token: { create: `${canary}-1` } }) });
  await keep("PUT", `${own}/prom1`, { body: applied({ token: { create: `${canary}-1` } }) });
  await keep("PATCH", `${own}/prom1`, { body: { secure: { token: { create: canary } } }, contentType: mergePatch });
  await keep("PATCH", `${own}/prom1`, { body: [{ op: "add", path: "/secure/other", value: { create: canary } }], contentType: jsonPatch });
  await keep("PATCH", `${own}/prom1?fieldManager=me&force=true&dryRun=All`, apply);
  await keep("PATCH", `${own}/prom1?fieldManager=me&force=true`, apply);
  for (const path of [own, own.replace(groupVersion, "view.example.com/v1")]) {
    for (const target of [path, `${path}/prom1`, path.replace(/datasources$/, "connections")]) {
      await keep("GET", target);
      for (const as of ["Table", target === `${path}/prom1` ? "PartialObjectMetadata" : "PartialObjectMetadataList"]) {
        await keep("GET", target, { accept: `application/json;as=${as};v=v1;g=meta.k8s.io` });
      }
      await keep("GET", `${target}?includeObject=Object`, { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" });
      await keep("GET", target, { accept: "application/yaml" });
    }
  }
  await keep("DELETE", `${own}/prom1?dryRun=All`);

  expect(await secretsOf(api)).toEqual({ token: canary, other: canary, key: `${canary}-2` });
  expect(answers.join("\n")).not.toContain(canary);
  expect(answers.join("\n")).toContain("[redacted]");
  expect(await storedBytes(api)).not.toContain(canary);
  await keep("DELETE", `${own}/prom1`);
  expect(answers.at(-1)).not.toContain(canary);
  const events = await firstEvents(watching.body, "DELETED");
  stop.abort();
  expect(events).toContain("prom1");
  expect(events).not.toContain(canary);
});

async function firstEvents(body: unknown, until: string): Promise<string> {
  let text = "";
  if (typeof body !== "object" || body === null || !(Symbol.asyncIterator in body)) return text;
  for await (const piece of body as AsyncIterable<Uint8Array>) {
    text += Buffer.from(piece).toString("utf8");
    if (text.includes(until)) break;
  }
  return text;
}

test("a secret stays when a replacement or an apply leaves it out, or gives its reference back", async () => {
  await using api = await startDataSources();
  const created = await api.send("POST", own, { body: applied({ token: { create: canary } }) });
  const reference = created.json["secure"];
  expect(reference).toEqual({ token: { name: expect.stringMatching(/^token-[0-9a-f]{12}$/) as string } });

  const { secure: _secure, ...bare } = applied({});
  expect((await api.send("PUT", `${own}/prom1`, { body: bare })).json["secure"]).toEqual(reference);
  expect((await api.send("PUT", `${own}/prom1`, { body: { ...bare, secure: reference } })).json["secure"]).toEqual(reference);
  const apply = await api.send("PATCH", `${own}/prom1?fieldManager=me&force=true`, {
    body: { ...bare, spec: { url: "x" } },
    contentType: applyPatch,
  });
  expect([apply.status, apply.json["secure"]]).toEqual([200, reference]);
  await api.send("PATCH", `${own}/prom1`, { body: { spec: { user: "u" } }, contentType: mergePatch });
  expect(await secretsOf(api)).toEqual({ token: canary });
});

test.each([
  ["{remove: true} in a replacement", "PUT", "application/json", applied({ token: { remove: true } })],
  ["{remove: true} in a merge patch", "PATCH", mergePatch, { secure: { token: { remove: true } } }],
  ["{remove: true} in an apply", "PATCH", applyPatch, { ...applied({ token: { remove: true } }), metadata: { name: "prom1" } }],
  ["null in a merge patch", "PATCH", mergePatch, { secure: { token: null } }],
  ["null for all in a merge patch", "PATCH", mergePatch, { secure: null }],
  ["remove in a JSON patch", "PATCH", jsonPatch, [{ op: "remove", path: "/secure/token" }]],
])("a secret goes by %s", async (_how, method, contentType, body) => {
  await using api = await startDataSources();
  await api.send("POST", own, { body: applied({ token: { create: canary } }) });
  const force = contentType === applyPatch ? "&force=true" : "";
  const { status, json } = await api.send(method, `${own}/prom1?fieldManager=me${force}`, { body, contentType });
  expect([status, json["secure"]]).toEqual([200, undefined]);
  expect(await secretsOf(api)).toEqual({});
});

test("the same text again is no change, another one is, and moves the reference", async () => {
  await using api = await startDataSources();
  const first = await api.send("POST", own, { body: applied({ token: { create: canary } }) });
  const same = [
    await api.send("PUT", `${own}/prom1`, { body: applied({ token: { create: canary } }) }),
    await api.send("PATCH", `${own}/prom1`, { body: { secure: { token: { create: canary } } }, contentType: mergePatch }),
  ];
  for (const { json } of same) expect(json.metadata.resourceVersion).toBe(first.json.metadata.resourceVersion);
  const next = await api.send("PATCH", `${own}/prom1`, { body: { secure: { token: { create: "other" } } }, contentType: mergePatch });
  expect(next.json["secure"]).not.toEqual(first.json["secure"]);
  expect(await secretsOf(api)).toEqual({ token: "other" });
});

test("server-side apply of one manifest twice writes once, and dropping a key leaves the others alone", async () => {
  await using api = await startDataSources();
  const apply = (secure: object) =>
    api.send("PATCH", `${own}/prom1?fieldManager=kubectl`, {
      body: { apiVersion: groupVersion, kind: "DataSource", metadata: { name: "prom1" }, spec: { title: "A" }, secure },
      contentType: applyPatch,
    });
  const first = await apply({ a: { create: "1" }, b: { create: "2" } });
  expect(first.status).toBe(201);
  expect((await apply({ a: { create: "1" }, b: { create: "2" } })).json.metadata.resourceVersion).toBe(first.json.metadata.resourceVersion);
  expect((await apply({ a: { create: "3" } })).status).toBe(200);
  expect(await secretsOf(api)).toEqual({ a: "3", b: "2" });
});

test("kubectl's client-side apply finds the keys, not the values, of what it applied before", async () => {
  await using api = await startDataSources();
  const { json } = await api.send("POST", own, { body: applied({ token: { create: canary }, key: { create: "k" }, old: { remove: true } }) });
  const annotation = json.metadata.annotations?.[lastApplied] ?? "";
  expect(JSON.parse(annotation)).toMatchObject({
    spec: { title: "Prom" },
    secure: { token: { create: "[redacted]" }, key: { create: "[redacted]" }, old: { remove: true } },
  });
  // The patch that kubectl makes of that annotation, the object and a manifest without `key`.
  const next = applied({ token: { create: canary } });
  const patch = { metadata: { annotations: next.metadata.annotations }, secure: { token: { create: canary }, key: null } };
  await api.send("PATCH", `${own}/prom1`, { body: patch, contentType: mergePatch });
  expect(await secretsOf(api)).toEqual({ token: canary });
  // The same manifest once more: nothing is written.
  const again = await api.send("PATCH", `${own}/prom1`, { body: patch, contentType: mergePatch });
  const once = await api.send("GET", `${own}/prom1`);
  expect(again.json.metadata.resourceVersion).toBe(once.json.metadata.resourceVersion);
});

test.each([
  ["no JSON", "not json c4nary", "{}\n"],
  ["a secret as a bare text", '{"secure":{"token":"c4nary"}}', '{"secure":{"token":"[redacted]"}}\n'],
  ["secrets in another form", '{"secure":["c4nary"]}', '{"secure":{}}\n'],
  ["no secrets", '{"spec":{"a":1}}', '{"spec":{"a":1}}'],
])("an annotation that holds %s is no way around", async (_what, text, kept) => {
  await using api = await startDataSources();
  const body = { metadata: { name: "prom1", annotations: { [lastApplied]: text } } };
  const { json } = await api.send("POST", own, { body });
  expect(json.metadata.annotations?.[lastApplied]).toBe(kept);
});

test.each([
  ["a bare text", { token: canary }, "secure.token"],
  ["a number", { token: { create: 12_345 } }, "secure.token"],
  ["a reference that was not given", { token: { name: "other" } }, "secure.token"],
  ["nothing", { token: {} }, "secure.token"],
  ["null", { token: null }, "secure.token"],
  ["no mapping", canary, "secure"],
  ["a list", [canary], "secure"],
])("a secret written as %s is refused by its path, and the answer does not repeat it", async (_what, secure, field) => {
  await using api = await startDataSources();
  const { status, text, json } = await api.send("POST", own, { body: { ...applied({}), secure } });
  expect([status, json]).toMatchObject([422, { details: { kind: "DataSource", causes: [{ field }] } }]);
  expect(text).not.toMatch(/c4nary|12345/);
});

test("keys that JavaScript knows are keys like any other", async () => {
  await using api = await startDataSources();
  const created = await api.send("POST", own, { body: applied({ constructor: { create: "1" }, toString: { create: "2" } }) });
  expect(created.status).toBe(201);
  await api.send("PUT", `${own}/prom1`, { body: applied({ valueOf: { create: "3" } }) });
  expect(JSON.stringify(await secretsOf(api))).toBe('{"constructor":"1","toString":"2","valueOf":"3"}');
});

const sealerWithNewKey = () => openSealer({ keyDirectory: mkdtempSync(path.join(tmpdir(), "keys-")) });
const aDataSource = (name: string, secure: object) =>
  ({ apiVersion: groupVersion, kind: "DataSource", metadata: { name, namespace: "default" }, secure }) as const;

test("a sealed value opens for its own namespace, uid and key alone", () => {
  const sealer = sealerWithNewKey();
  const object = { ...aDataSource("a", {}), secure: { token: { create: canary } } };
  const { object: taken, sealed } = takeSecureValues({ object, old: undefined, oldSealed: {}, absentStays: true, sealer });
  expect(bindingOf(taken, "token")).toBe("default/a/token");
  expect(openSecureValues(taken, sealed, sealer)).toEqual({ token: canary });
  const { token = "" } = sealed;
  const moved = [
    () => openSecureValues({ ...taken, metadata: { ...taken.metadata, name: "b" } }, sealed, sealer),
    () => openSecureValues({ ...taken, metadata: { ...taken.metadata, namespace: "org-2" } }, sealed, sealer),
    () => openSecureValues(taken, { other: token }, sealer),
  ];
  for (const open of moved) expect(open).toThrow("does not open under this server's key");
});

test("a value that does not open any more can still be replaced", () => {
  const write = { old: undefined, oldSealed: {}, absentStays: true };
  const object = { ...aDataSource("a", {}), secure: { token: { create: "1" } } };
  const before = takeSecureValues({ ...write, object, sealer: sealerWithNewKey() });
  const sealer = sealerWithNewKey();
  const after = takeSecureValues({ ...write, object, old: before.object, oldSealed: before.sealed, sealer });
  expect(openSecureValues(after.object, after.sealed, sealer)).toEqual({ token: "1" });
});
