import { type WebhookClient, WebhookFailure } from "@dataplane/apiserver";
import type { JsonObject } from "@dataplane/meta";
import { expect, test } from "vitest";
import { aDefinition, aVersion, aWidget, definitionsPath, schemaOf, widgetsPath } from "./testing/a-definition.js";
import { startServer } from "./testing/start-server.js";

const text = { type: "string" };
const v2Path = widgetsPath.replace("/v1/", "/v2/");

/** v1 has `size: "3x4"`, v2 has width and height. */
const versions = [
  aVersion("v1", { schema: schemaOf({ size: text }) }),
  aVersion("v2", { storage: false, schema: schemaOf({ width: text, height: text }) }),
];

interface Review {
  readonly request: { readonly uid: string; readonly desiredAPIVersion: string; readonly objects: readonly JsonObject[] };
}

function converted(object: JsonObject, apiVersion: string): JsonObject {
  const spec = object["spec"] as Readonly<Record<string, string>>;
  const [width = "", height = ""] = (spec["size"] ?? "").split("x");
  return { ...object, apiVersion, spec: apiVersion.endsWith("v2") ? { width, height } : { size: `${spec["width"] ?? ""}x${spec["height"] ?? ""}` } };
}

/** A webhook of this process; `state` breaks it. */
function webhookOf(state: { isAway?: boolean; asked?: number }): WebhookClient {
  return {
    call: (_config, review) => {
      state.asked = (state.asked ?? 0) + 1;
      if (state.isAway === true) return Promise.reject(new WebhookFailure("connection refused", { timedOut: false }));
      const { request } = review as JsonObject & Review;
      const convertedObjects = request.objects.map((object) => converted(object, request.desiredAPIVersion));
      const response = { uid: request.uid, convertedObjects, result: { status: "Success" } };
      return Promise.resolve({ kind: "ConversionReview", apiVersion: "apiextensions.k8s.io/v1", response });
    },
  };
}

const definition = aDefinition({
  versions,
  conversion: {
    strategy: "Webhook",
    webhook: { clientConfig: { url: "https://converter.example/convert" }, conversionReviewVersions: ["v1"] },
  },
});

test("a conversion webhook gives objects in the version that is asked for, once for each state", async () => {
  const state = { asked: 0 };
  await using api = await startServer({ webhooks: webhookOf(state) });
  await api.call(`POST ${definitionsPath}`, { body: definition });
  for (const name of ["a", "b"]) await api.call(`POST ${widgetsPath}`, { body: aWidget(name, { size: "3x4" }) });
  expect(state.asked).toBe(0);
  const list = await api.call(`GET ${v2Path}`);
  expect(list.json).toMatchObject({ apiVersion: "example.com/v2", items: [{ spec: { width: "3", height: "4" } }, { spec: { width: "3" } }] });
  expect((await api.call(`GET ${v2Path}/a`)).json).toMatchObject({ spec: { width: "3", height: "4" } });
  expect(state.asked).toBe(1);
  const written = await api.call(`PATCH ${v2Path}/a`, { body: { spec: { width: "5" } } });
  expect(written.json).toMatchObject({ apiVersion: "example.com/v2", spec: { width: "5", height: "4" } });
  expect((await api.call(`GET ${widgetsPath}/a`)).json).toMatchObject({ apiVersion: "example.com/v1", spec: { size: "5x4" } });
});

test("while the webhook is away, the stored version is served and the other fails in its words", async () => {
  const state = { isAway: true };
  await using api = await startServer({ webhooks: webhookOf(state) });
  await api.call(`POST ${definitionsPath}`, { body: definition });
  expect((await api.call(`POST ${widgetsPath}`, { body: aWidget("a", { size: "3x4" }) })).status).toBe(201);
  const failure = { kind: "Status", message: "conversion webhook for example.com/v1, Kind=Widget failed: connection refused" };
  expect(await api.call(`GET ${v2Path}`)).toMatchObject({ status: 500, json: failure });
  expect(await api.call(`GET ${v2Path}/a`)).toMatchObject({ status: 500, json: failure });
  const watched = await api.watch(`${v2Path}?watch=true`).next();
  expect(watched.value).toMatchObject({ type: "ERROR", object: failure });
  expect((await api.call(`GET ${widgetsPath}`)).status).toBe(200);
  state.isAway = false;
  expect((await api.call(`GET ${v2Path}`)).status).toBe(200);
});

test("a default that a definition gets shows in objects that are stored already", async () => {
  await using api = await startServer();
  await api.call(`POST ${definitionsPath}`, { body: aDefinition({ versions: [aVersion("v1", { schema: schemaOf({ color: text }) })] }) });
  await api.call(`POST ${widgetsPath}`, { body: aWidget("a") });
  const next = { spec: { versions: [aVersion("v1", { schema: schemaOf({ color: text, shape: { ...text, default: "round" } }) })] } };
  await api.call(`PATCH ${definitionsPath}/widgets.example.com`, { body: next });
  expect((await api.call(`GET ${widgetsPath}/a`)).json).toMatchObject({ spec: { color: "red", shape: "round" } });
  expect((await api.watch(`${widgetsPath}?watch=true`).next()).value).toMatchObject({ type: "ADDED", object: { spec: { shape: "round" } } });
});
