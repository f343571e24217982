import { GrpcCode, type PluginContext } from "@dataplane/plugin-protocol";
import { expect, test } from "vitest";
import type { Call } from "./call.js";
import { frame, numberField } from "./frame-builder.js";
import type { PluginInstance } from "./instance.js";
import { createLogger } from "./logger.js";
import { Metrics } from "./metrics.js";
import type { PluginDefinition } from "./plugin-definition.js";
import { BadRequestError, PluginError } from "./plugin-error.js";
import { implementPlugin } from "./plugin-implementation.js";
import { type DataSourceSettings, dataSourceSettingsOf } from "./settings.js";
import { dataSourceContext, queryRequest } from "./testing/requests.js";

function plugin(definition: PluginDefinition<DataSourceSettings>, graceMs = 1) {
  const lines: string[] = [];
  const logger = createLogger({ module: "test", level: "debug", write: (line) => lines.push(line), now: () => new Date(0) });
  const metrics = new Metrics();
  return { ...implementPlugin({ definition, settingsOf: dataSourceSettingsOf, logger, metrics, graceMs }), lines, metrics };
}

const served = (metadata: Readonly<Record<string, string>> = {}, signal = new AbortController().signal) => ({ signal, metadata });
const range = { from: 0, to: 1000 };

test("an instance lives until its settings or the host's configuration change, and is one for each tenant", async () => {
  const made: string[] = [];
  const disposed: string[] = [];
  const { implementation, dispose } = plugin({
    createInstance: ({ url }, { namespace }) => {
      made.push(`${namespace} ${url}`);
      return { dispose: () => void disposed.push(url) };
    },
  });
  const health = (context: PluginContext, tenant?: string) =>
    implementation.checkHealth?.({ pluginContext: context, headers: {} }, served(tenant === undefined ? {} : { tenantid: tenant }));
  const base = { uid: "a", url: "1", lastUpdatedMS: 1 };
  await Promise.all([health(dataSourceContext(base)), health(dataSourceContext(base))]);
  await health(dataSourceContext({ ...base, url: "unseen" }));
  expect(made).toEqual(["default 1"]);
  await health(dataSourceContext({ ...base, url: "2", lastUpdatedMS: 2 }));
  await health(dataSourceContext({ ...base, url: "3", lastUpdatedMS: 2, config: { GF_APP_URL: "x" } }));
  await health(dataSourceContext({ ...base, namespace: "org-2" }));
  await health(dataSourceContext(base), "tenant");
  expect(made).toEqual(["default 1", "default 2", "default 3", "org-2 1", "tenant 1"]);
  await expect.poll(() => disposed).toEqual(["1", "2"]);
  await dispose();
  expect(disposed).toHaveLength(5);
});

test("an instance that could not be made is tried again", async () => {
  let fail = true;
  const { implementation } = plugin({
    createInstance: () => {
      if (fail) throw new Error("no");
      return {};
    },
  });
  const health = () => implementation.checkHealth?.({ pluginContext: dataSourceContext(), headers: {} }, served());
  expect(await health()).toMatchObject({ status: 2, message: "no" });
  fail = false;
  expect(await health()).toMatchObject({ status: 1 });
});

test("queries of a request run side by side, and their answers keep their refIds", async () => {
  let running = 0;
  let most = 0;
  const { implementation } = plugin({
    createInstance: () => ({
      async queryData({ refId }) {
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setTimeout(resolve, 5));
        running -= 1;
        return [frame({ fields: [numberField(refId, [1])] })];
      },
    }),
  });
  const context = dataSourceContext({ config: { GF_CONCURRENT_QUERY_COUNT: "2" } });
  const request = queryRequest(
    context,
    ["A", "B", "C", "D"].map((refId) => ({ refId })),
    range,
  );
  const answer = await implementation.queryData?.(request, served());
  expect(Object.keys(answer?.responses ?? {})).toEqual(["A", "B", "C", "D"]);
  expect(most).toBe(2);
});

test("a failure can come with frames", async () => {
  const error = new PluginError("half", { status: 504, source: "downstream" });
  const { implementation } = plugin({ createInstance: () => ({ queryData: () => ({ frames: [frame({ fields: [] })], error }) }) });
  const answer = await implementation.queryData?.(queryRequest(dataSourceContext(), [{ refId: "A" }], range), served());
  expect(answer?.responses["A"]).toMatchObject({ status: 504, error: "half", errorSource: "downstream", frames: [expect.any(Uint8Array)] });
});

test("what an instance lacks is unimplemented, and a call without a context is refused", async () => {
  const { implementation } = plugin({ createInstance: () => ({}) });
  const pluginContext = dataSourceContext();
  await expect(implementation.queryData?.(queryRequest(pluginContext, [{ refId: "A" }], range), served())).rejects.toMatchObject({
    code: GrpcCode.Unimplemented,
  });
  const stream = { pluginContext, path: "x", data: new Uint8Array(), headers: {} };
  await expect(implementation.subscribeStream?.(stream, served())).rejects.toMatchObject({ code: GrpcCode.Unimplemented });
  // As from the wire, where any message may be absent.
  const bare = JSON.parse('{"headers":{}}') as { pluginContext: PluginContext; headers: Record<string, string> };
  await expect(implementation.checkHealth?.(bare, served())).rejects.toMatchObject({ code: GrpcCode.InvalidArgument });
  expect(implementation.validateAdmission).toBeUndefined();
});

test("handlers see forwarded headers, the user and the signal", async () => {
  let seen: Call | undefined;
  const instance: PluginInstance = {
    checkHealth: (call) => {
      seen = call;
      return { status: "ok", message: "" };
    },
  };
  const { implementation } = plugin({ createInstance: () => instance });
  const controller = new AbortController();
  await implementation.checkHealth?.(
    { pluginContext: dataSourceContext(), headers: { Authorization: "me", "http_X-Dashboard-Uid": "d" } },
    served({}, controller.signal),
  );
  expect([seen?.header("authorization"), seen?.header("x-dashboard-uid"), seen?.header("cookie")]).toEqual(["me", "d", undefined]);
  expect(seen).toMatchObject({ namespace: "default", orgId: 1, user: { login: "admin" }, signal: controller.signal });
});

test("admission refuses with the status of what was thrown, and conversion keeps the order", async () => {
  const { implementation } = plugin({
    createInstance: () => ({}),
    admission: {
      validate: ({ object }) => {
        if (object["spec"] === undefined) throw new BadRequestError("spec is required");
        return { warnings: ["old"] };
      },
      mutate: ({ object }) => ({ object: { ...object, seen: true } }),
    },
    conversion: ({ objects, targetVersion }) =>
      objects.map((object) => ({ ...object, apiVersion: `${targetVersion.group}/${targetVersion.version}` })),
  });
  const bytes = (value: object) => new TextEncoder().encode(JSON.stringify(value));
  const request = (object: object) => ({
    pluginContext: dataSourceContext(),
    operation: 0 as const,
    kind: { group: "g", version: "v1", kind: "K" },
    objectBytes: bytes(object),
    oldObjectBytes: new Uint8Array(),
  });
  expect(await implementation.validateAdmission?.(request({}), served())).toMatchObject({
    allowed: false,
    result: { code: 400, reason: "BadRequest", message: "spec is required" },
  });
  expect(await implementation.validateAdmission?.(request({ spec: {} }), served())).toEqual({ allowed: true, warnings: ["old"] });
  const mutated = await implementation.mutateAdmission?.(request({ a: 1 }), served());
  expect(JSON.parse(new TextDecoder().decode(mutated?.objectBytes))).toEqual({ a: 1, seen: true });
  const objects = [{ n: 1 }, { n: 2 }].map((object) => ({ raw: bytes(object), contentType: "application/json" }));
  const converted = await implementation.convertObjects?.(
    { pluginContext: dataSourceContext(), uid: "u", objects, targetVersion: { group: "g", version: "v2" } },
    served(),
  );
  expect(converted?.objects.map(({ raw }): unknown => JSON.parse(new TextDecoder().decode(raw)))).toEqual([
    { n: 1, apiVersion: "g/v2" },
    { n: 2, apiVersion: "g/v2" },
  ]);
});

test("a fault of the plugin is logged with its stack; one of the data source is not an error of the log", async () => {
  const { implementation, lines } = plugin({
    createInstance: () => ({
      queryData: ({ refId }) => {
        throw refId === "A" ? new Error("bug") : new BadRequestError("user");
      },
    }),
  });
  await implementation.queryData?.(queryRequest(dataSourceContext(), [{ refId: "A" }, { refId: "B" }], range), served());
  const told = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(told).toMatchObject([
    { "@level": "error", "@module": "test", "@timestamp": "1970-01-01T00:00:00.000Z", refId: "A" },
    { "@level": "debug", refId: "B" },
  ]);
  expect(told[0]?.["error"]).toContain("plugin-implementation.test.ts");
});
