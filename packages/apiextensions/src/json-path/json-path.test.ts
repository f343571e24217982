import type { JsonValue } from "@dataplane/meta";
import { expect, test } from "vitest";
import { jsonPathProblem, parseJsonPath } from "./parse-json-path.js";
import { readJsonPath } from "./read-json-path.js";

const object: JsonValue = {
  metadata: { name: "a", annotations: { "example.com/x.y": "dots", plain: "p" } },
  spec: { replicas: 3, list: ["x", "y", "z"], nothing: null, "with space": 1 },
  status: {
    conditions: [
      { type: "Ready", status: "True", weight: 2 },
      { type: "Synced", status: "False", weight: 5, note: "a)]b" },
    ],
  },
};

test.each<[string, JsonValue[] | undefined]>([
  [".", [object]],
  [".spec.replicas", [3]],
  [".spec.missing.deeper", []],
  [".spec.nothing", [null]],
  [".spec.nothing.below", []],
  [".spec.replicas.below", []],
  [".spec['with space']", [1]],
  ['.spec["with space"]', [1]],
  [".metadata.annotations['example\\.com/x\\.y']", ["dots"]],
  [".metadata.annotations['example.com/x.y']", ["dots"]],
  [".metadata.annotations.example\\.com/x\\.y", ["dots"]],
  [".metadata.annotations.*", ["dots", "p"]],
  [".spec.list[0]", ["x"]],
  [".spec.list[-1]", ["z"]],
  [".spec.list[3]", undefined],
  [".spec.replicas[0]", undefined],
  [".spec.list[*]", ["x", "y", "z"]],
  [".spec.list[1:]", ["y", "z"]],
  [".spec.list[:-1]", ["x", "y"]],
  [".spec.list[0:3:2]", ["x", "z"]],
  [".spec.list[0,2]", ["x", "z"]],
  ['.status.conditions[?(@.type=="Ready")].status', ["True"]],
  [".status.conditions[?(@.type=='Nope')].status", []],
  [".status.conditions[?(@.weight>2)].type", ["Synced"]],
  [".status.conditions[?(@.weight<=2)].type", ["Ready"]],
  [".status.conditions[?(@.type!='Ready')].type", ["Synced"]],
  [".status.conditions[?(@.note)].type", ["Synced"]],
  [".status.conditions[?(@.note=='a)]b')].type", ["Synced"]],
  [".status.conditions[?(@.weight=='2')].type", []],
  ["..type", ["Ready", "Synced"]],
  [".constructor", []],
  [".__proto__.x", []],
])("%s finds %j", (path, expected) => {
  expect(readJsonPath(parseJsonPath(path), object)).toEqual(expected);
});

test.each([".spec[", ".spec[x]", ".spec[?(@.a=='b'", ".spec.a b", ".a{b}", "...a", "..", ".spec[?(1==1)]", ".a[0:1:0]", "spec", ".a[?(@.b=~'c')]"])(
  "%s is no path",
  (path) => {
    expect(jsonPathProblem(path)).toEqual(expect.any(String));
  },
);

test("a path that multiplies what it finds stops", () => {
  const wide: JsonValue = Array.from({ length: 200 }, () => Array.from({ length: 200 }, () => [1]));
  expect(readJsonPath(parseJsonPath("..[*]"), wide)).toBeUndefined();
});

test("long paths are read in time", () => {
  const path = `.a${"['b']".repeat(20_000)}`;
  expect(parseJsonPath(path)).toHaveLength(20_001);
  expect(jsonPathProblem(`.a[${"'".repeat(20_000)}`)).toBe("unterminated array");
});
