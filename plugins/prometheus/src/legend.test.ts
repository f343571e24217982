import { expect, test } from "vitest";
import { legendOf } from "./legend.js";

const labels = { __name__: "up", instance: "a:9090", job: "node" };

test("a series is named as PromQL writes it unless the query says otherwise", () => {
  expect(legendOf({ legendFormat: "", expr: "up" }, labels)).toBe('up{instance="a:9090", job="node"}');
  expect(legendOf({ legendFormat: "", expr: "up" }, { __name__: "up" })).toBe("up");
  expect(legendOf({ legendFormat: "", expr: "sum(up)" }, {})).toBe("sum(up)");
  expect(legendOf({ legendFormat: "{{job}} on {{ instance }}{{nothing}}", expr: "up" }, labels)).toBe("node on a:9090");
});

test("__auto leaves the name to the labels, or takes the expression", () => {
  expect(legendOf({ legendFormat: "__auto", expr: "up" }, labels)).toBeUndefined();
  expect(legendOf({ legendFormat: "__auto", expr: "sum(up)" }, {})).toBe("sum(up)");
});
