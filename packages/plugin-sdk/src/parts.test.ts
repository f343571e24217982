import { expect, test } from "vitest";
import { booleanField, frame, integerField, jsonField, numberField, stringField, timeField } from "./frame-builder.js";
import { createLogger } from "./logger.js";
import { Metrics } from "./metrics.js";
import { resourceRequestOf } from "./resource.js";
import { resourceRouter, route } from "./resource-router.js";
import { dataSourceContext } from "./testing/requests.js";

test("fields take the values people have", () => {
  expect(timeField("t", [new Date(1), 1.5, 7n, null])).toEqual({
    name: "t",
    type: "time",
    nullable: true,
    values: [1_000_000n, 1_500_000n, 7n, null],
  });
  expect(timeField("t", [1_704_067_200_123.25]).values).toEqual([1_704_067_200_123_250_000n]);
  expect(numberField("n", [1], { labels: { a: "b" }, displayName: "N", config: { unit: "s" } })).toEqual({
    name: "n",
    type: "float64",
    nullable: false,
    values: [1],
    labels: { a: "b" },
    config: { displayNameFromDS: "N", unit: "s" },
  });
  expect(integerField("i", [1, 2n ** 60n]).values).toEqual([1n, 2n ** 60n]);
  expect(jsonField("j", [{ a: 1 }, undefined]).values).toEqual(['{"a":1}', "null"]);
  expect([stringField("s", [null]).nullable, booleanField("b", [true], { nullable: true }).nullable]).toEqual([true, true]);
});

test("a frame with columns of different length is refused", () => {
  expect(() => frame({ fields: [numberField("a", [1]), numberField("b", [])] })).toThrow("equally long (a: 1, b: 0)");
});

test("log lines are what hosts of go-plugin read", () => {
  const lines: string[] = [];
  const logger = createLogger({ module: "m", level: "info", write: (line) => lines.push(line), now: () => new Date(0) });
  logger.debug("unseen");
  logger.with({ a: 1 }).warn("hello", { big: 2n ** 60n });
  const circular: { self?: unknown } = {};
  circular.self = circular;
  logger.info("still told", { circular });
  expect(lines).toEqual([
    '{"@level":"warn","@message":"hello","@module":"m","@timestamp":"1970-01-01T00:00:00.000Z","a":1,"big":"1152921504606846976"}\n',
    '{"@level":"info","@message":"still told","@module":"m","@timestamp":"1970-01-01T00:00:00.000Z"}\n',
  ]);
});

test("metrics are printed as Prometheus reads them", () => {
  const metrics = new Metrics();
  const counter = metrics.counter({ name: "a_total", help: "Two\nlines." });
  counter.add({ path: 'a"b\\' });
  counter.add({ path: 'a"b\\' }, 2);
  metrics.gauge({ name: "g", help: "G." }).set(Number.POSITIVE_INFINITY);
  metrics.counter({ name: "unused_total", help: "Never." });
  expect(metrics.toText()).toBe(
    '# HELP a_total Two\\nlines.\n# TYPE a_total counter\na_total{path="a\\"b\\\\"} 3\n# HELP g G.\n# TYPE g gauge\ng +Inf\n',
  );
  expect(() => metrics.gauge({ name: "a_total", help: "" })).toThrow("is a counter");
  expect(() => counter.add({}, -1)).toThrow("cannot go down");
});

test("a router picks by path and method", async () => {
  const router = resourceRouter([
    route("GET|PUT", "/a/{id}", ({ params }) => ({ body: `one ${params["id"] ?? ""}` })),
    route("POST", "/a/{id}", () => ({ body: "posted" })),
    route("*", "/files/{rest...}", ({ params }) => ({ body: params["rest"] ?? "" })),
  ]);
  const ask = async (method: string, path: string) => {
    const request = resourceRequestOf({ pluginContext: dataSourceContext(), method, path, url: path, headers: {}, body: new Uint8Array() });
    return router(request, {
      signal: new AbortController().signal,
      user: undefined,
      namespace: "",
      orgId: 0,
      headers: {},
      header: () => undefined,
      logger: createLogger({ module: "", level: "error", write: () => undefined, now: () => new Date() }),
    });
  };
  expect(await ask("GET", "a/x%2Fy")).toEqual({ body: "one x/y" });
  expect(await ask("post", "/a/1")).toEqual({ body: "posted" });
  expect(await ask("GET", "/files/a/b/c")).toEqual({ body: "a/b/c" });
  expect(await ask("DELETE", "/a/1")).toMatchObject({ status: 405, headers: { allow: "GET, PUT, POST" } });
  expect(await ask("GET", "/a")).toMatchObject({ status: 404 });
  await expect(ask("GET", "/a/%zz")).rejects.toMatchObject({ status: 400 });
});
