import type { WebhookClient } from "@dataplane/apiserver";
import { isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import { expect, test } from "vitest";
import { aDefinition, aVersion, aWidget, definitionsPath, schemaOf, widgetsPath } from "./testing/a-definition.js";
import { startServer } from "./testing/start-server.js";
import { until } from "./testing/until.js";

const definitionPath = `${definitionsPath}/widgets.example.com`;
const inV2 = widgetsPath.replace("/v1/", "/v2/");

const objectOf = (value: JsonValue | undefined): JsonObject => (isJsonObject(value) ? value : {});

/** v1 has `spec.color`, v2 `spec.colour`. */
const v1 = aVersion("v1", { schema: schemaOf({ color: { type: "string" } }) });
const v2 = aVersion("v2", { storage: false, schema: schemaOf({ colour: { type: "string" } }) });

function converted(object: JsonObject, apiVersion: string): JsonObject {
  const { color, colour } = objectOf(object["spec"]);
  const value = color ?? colour ?? "";
  return { ...object, apiVersion, spec: apiVersion.endsWith("v1") ? { color: value } : { colour: value } };
}

/** A webhook that knows both, or refuses all while `refusal` says so. */
function aWebhook() {
  const state = { calls: 0, refusal: "" };
  const webhooks: WebhookClient = {
    call: (_config, { apiVersion = "", request }) => {
      state.calls += 1;
      const { uid = "", desiredAPIVersion = "", objects = [] } = objectOf(request);
      const list = Array.isArray(objects) ? (objects as readonly JsonObject[]) : [];
      const response =
        state.refusal === ""
          ? {
              uid,
              result: { status: "Success" },
              convertedObjects: list.map((it) => converted(it, typeof desiredAPIVersion === "string" ? desiredAPIVersion : "")),
            }
          : { uid, result: { status: "Failure", message: state.refusal } };
      return Promise.resolve({ kind: "ConversionReview", apiVersion, response });
    },
  };
  return { state, webhooks };
}

const byWebhook = {
  strategy: "Webhook",
  webhook: { clientConfig: { url: "https://example.com/convert" }, conversionReviewVersions: ["v1"] },
};

test("without conversion the versions differ in apiVersion alone, whichever is stored", async () => {
  await using api = await startServer();
  const other = aVersion("v2", { storage: false });
  await api.call(`POST ${definitionsPath}`, { body: aDefinition({ versions: [aVersion(), other] }) });
  await api.call(`POST ${widgetsPath}`, { body: aWidget("a") });
  expect((await api.call(`GET ${inV2}/a`)).json).toMatchObject({ apiVersion: "example.com/v2", spec: { color: "red", size: 1 } });
  await api.call(`PATCH ${definitionPath}`, { body: { spec: { versions: [aVersion("v1", { storage: false }), aVersion("v2")] } } });
  await api.call(`PATCH ${inV2}/a`, { body: { spec: { color: "blue" } } });
  expect((await api.call(`GET ${widgetsPath}`)).json).toMatchObject({
    apiVersion: "example.com/v1",
    items: [{ apiVersion: "example.com/v1", spec: { color: "blue" } }],
  });
});

test("a webhook converts what is read, listed, watched and written in another version than the stored one", async () => {
  const { webhooks } = aWebhook();
  await using api = await startServer({ webhooks });
  await api.call(`POST ${definitionsPath}`, { body: aDefinition({ versions: [v1, v2], conversion: byWebhook }) });
  const watched = api.watch(`${inV2}?watch=true`);
  const first = watched.next();
  const made = await api.call(`POST ${inV2}`, { body: { ...aWidget("a", { colour: "red" }), apiVersion: "example.com/v2" } });
  expect(made.json).toMatchObject({ apiVersion: "example.com/v2", spec: { colour: "red" } });
  expect((await api.call(`GET ${widgetsPath}/a`)).json).toMatchObject({ apiVersion: "example.com/v1", spec: { color: "red" } });
  expect((await api.call(`GET ${inV2}`)).json).toMatchObject({ items: [{ spec: { colour: "red" } }] });
  expect((await first).value).toMatchObject({ type: "ADDED", object: { apiVersion: "example.com/v2", spec: { colour: "red" } } });
  const patched = await api.call(`PATCH ${inV2}/a`, { body: { spec: { colour: "blue" } } });
  expect(patched.json).toMatchObject({ spec: { colour: "blue" } });
  expect((await api.call(`GET ${widgetsPath}/a`)).json).toMatchObject({ spec: { color: "blue" } });
});

test("a conversion that fails is told, and the stored version is read as before", async () => {
  const { webhooks, state } = aWebhook();
  await using api = await startServer({ webhooks });
  await api.call(`POST ${definitionsPath}`, { body: aDefinition({ versions: [v1, v2], conversion: byWebhook }) });
  await api.call(`POST ${widgetsPath}`, { body: aWidget("a") });
  state.refusal = "not today";
  const failed = await api.call(`GET ${inV2}/a`);
  expect(failed).toMatchObject({ status: 500, json: { message: "conversion webhook for example.com/v1, Kind=Widget failed: not today" } });
  expect((await api.call(`GET ${widgetsPath}/a`)).status).toBe(200);
});

test("a definition goes with its objects though no one converts them any more", async () => {
  const { webhooks, state } = aWebhook();
  await using api = await startServer({ webhooks });
  await api.call(`POST ${definitionsPath}`, { body: aDefinition({ versions: [v1, v2], conversion: byWebhook }) });
  await api.call(`POST ${widgetsPath}`, { body: aWidget("a") });
  const versions = [
    { ...v1, served: false },
    { ...v2, served: true },
  ];
  await api.call(`PATCH ${definitionPath}`, { body: { spec: { versions } } });
  state.refusal = "gone";
  expect((await api.call(`DELETE ${definitionPath}`)).status).toBe(200);
  await until(async () => (await api.call(`GET ${definitionPath}`)).status === 404);
});
