import { expect, test } from "vitest";
import { filtersOf } from "./filters.js";
import { injectMatchers } from "./promql-matchers.js";

const one = [{ label: "job", operator: "=", value: "x" }] as const;

test.each([
  ["up", 'up{job="x"}'],
  ["up{}", 'up{job="x"}'],
  ['up{a="b"}', 'up{a="b",job="x"}'],
  ['up{a="b", }', 'up{a="b", job="x"}'],
  ['{__name__=~"a}.*"}', '{__name__=~"a}.*",job="x"}'],
  ["rate(up[5m])", 'rate(up{job="x"}[5m])'],
  ["up[5m:1m] offset 1d", 'up{job="x"}[5m:1m] offset 1d'],
  ["sum by (instance, job) (up) / ignoring(a) group_left(b) down", 'sum by (instance, job) (up{job="x"}) / ignoring(a) group_left(b) down{job="x"}'],
  ["sum(up) without (instance)", 'sum(up{job="x"}) without (instance)'],
  ["topk(5, up) or vector(1) > bool 0.5e3", 'topk(5, up{job="x"}) or vector(1) > bool 0.5e3'],
  ["up @ start() + NaN - Inf", 'up{job="x"} @ start() + NaN - Inf'],
  ['label_replace(up, "a", "$1", "b", "(.*){2}")', 'label_replace(up{job="x"}, "a", "$1", "b", "(.*){2}")'],
  ["job:rate:5m + up # comment {with} braces", 'job:rate:5m{job="x"} + up{job="x"} # comment {with} braces'],
  ["up{ # here\n}", 'up{ # here\n\njob="x"}'],
  ["1 + 1", "1 + 1"],
])("%s", (expr, expected) => {
  expect(injectMatchers(expr, one)).toBe(expected);
});

test("an expression that cannot be read is refused, not passed unfiltered", () => {
  for (const expr of ["up{", 'up{a="b}', "up[5m", "sum by (a"]) expect(() => injectMatchers(expr, one), expr).toThrow(/expr has/);
});

test("without a filter an expression stays as it is, even a wrong one", () => {
  expect(injectMatchers("up{", [])).toBe("up{");
});

test("scopes and ad hoc filters become matchers, values escaped", () => {
  const filters = filtersOf({
    scopes: [
      { name: "team", filters: [{ key: "team", operator: "one-of", values: ["a.b", "c"] }] },
      { spec: { filters: [{ key: "env", operator: "equals", value: "prod" }] } },
    ],
    adhocFilters: [{ key: "path", operator: "!=", value: 'a"\\\n' }],
  });
  expect(injectMatchers("up", filters)).toBe('up{team=~"a\\\\.b|c",env="prod",path!="a\\"\\\\\\n"}');
});

test("a filter that cannot be obeyed is refused", () => {
  expect(() => filtersOf({ adhocFilters: [{ key: "a", operator: "<", value: "1" }] })).toThrow("operator");
  expect(() => filtersOf({ adhocFilters: [{ value: "1" }] })).toThrow("no key");
  expect(() => filtersOf({ scopes: ["team"] })).toThrow("scopes");
  expect(() => filtersOf({ groupByKeys: ["a"] })).toThrow("groupByKeys");
  expect(filtersOf({ scopes: [], adhocFilters: null })).toEqual([]);
});
