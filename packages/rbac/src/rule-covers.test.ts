import { expect, test } from "vitest";
import type { PolicyRule } from "./policy-rule.js";
import { describeRule, missingRights } from "./rule-covers.js";

const rule = (
  verbs: readonly string[],
  apiGroups: readonly string[],
  resources: readonly string[],
  ...resourceNames: readonly string[]
): PolicyRule => ({
  ...{ verbs, apiGroups, resources },
  ...(resourceNames.length === 0 ? {} : { resourceNames }),
});

test.each<readonly [string, readonly PolicyRule[], readonly PolicyRule[], readonly PolicyRule[]]>([
  ["the same", [rule(["get"], [""], ["pods"])], [rule(["get"], [""], ["pods"])], []],
  ["a part", [rule(["get", "list"], ["", "a"], ["pods", "x"])], [rule(["list"], ["a"], ["pods"])], []],
  ["more verbs", [rule(["get"], [""], ["pods"])], [rule(["get", "list"], [""], ["pods"])], [rule(["list"], [""], ["pods"])]],
  ["two rules together", [rule(["get"], [""], ["a"]), rule(["get"], [""], ["b"])], [rule(["get"], [""], ["a", "b"])], []],
  ["all of a list", [rule(["*"], ["*"], ["*"])], [rule(["*"], ["*"], ["*/scale"]), rule(["x"], ["y"], ["z/q"], "n")], []],
  ["all, held one by one", [rule(["get", "list"], [""], ["pods"])], [rule(["*"], [""], ["pods"])], [rule(["*"], [""], ["pods"])]],
  ["a subresource by its star", [rule(["get"], ["a"], ["*/scale"])], [rule(["get"], ["a"], ["x/scale"])], []],
  ["a resource by its subresource", [rule(["get"], ["a"], ["x/scale"])], [rule(["get"], ["a"], ["x"])], [rule(["get"], ["a"], ["x"])]],
  ["a name of all", [rule(["get"], [""], ["pods"])], [rule(["get"], [""], ["pods"], "one")], []],
  ["all for a name", [rule(["get"], [""], ["pods"], "one")], [rule(["get"], [""], ["pods"])], [rule(["get"], [""], ["pods"])]],
  ["the other name of a query", [rule(["create"], ["g"], ["connections/query"])], [rule(["create"], ["g"], ["datasources/query"])], []],
])("%s", (_what, held, wanted, missing) => {
  expect(missingRights(held, wanted)).toEqual(missing);
});

test("paths are held by their beginnings, not by resources", () => {
  const held: readonly PolicyRule[] = [{ verbs: ["get"], nonResourceURLs: ["/metrics/*", "/version"] }, rule(["*"], ["*"], ["*"])];
  expect(missingRights(held, [{ verbs: ["get"], nonResourceURLs: ["/metrics/a", "/version"] }])).toEqual([]);
  expect(missingRights(held, [{ verbs: ["get"], nonResourceURLs: ["/metrics", "*"] }])).toHaveLength(2);
  expect(missingRights([{ verbs: ["*"], nonResourceURLs: ["*"] }], [{ verbs: ["post"], nonResourceURLs: ["/x/*"] }])).toEqual([]);
});

test("a rule that stands for a thousand million rights is judged at once", () => {
  const many = (prefix: string): readonly string[] => Array.from({ length: 1_000 }, (_, at) => `${prefix}${at}`);
  const huge = rule(many("v"), many("g"), many("r"));
  const before = process.cpuUsage();
  expect(missingRights([rule(["get"], [""], ["pods"])], [huge])).toEqual([huge]);
  expect(missingRights([rule(["*"], ["*"], ["*"])], [huge])).toEqual([]);
  // Whoever counts them up needs minutes.
  expect(process.cpuUsage(before).user / 1_000).toBeLessThan(5_000);
});

test("a rule is described as kube-apiserver does", () => {
  expect(describeRule(rule(["get", "list"], [""], ["pods"], "a"))).toBe(
    '{APIGroups:[""], Resources:["pods"], ResourceNames:["a"], Verbs:["get" "list"]}',
  );
  expect(describeRule({ verbs: ["get"], nonResourceURLs: ["/x"] })).toBe('{NonResourceURLs:["/x"], Verbs:["get"]}');
});
