import { expect, test } from "vitest";
import { ProvisioningError, parseProvisioningFile, uidOfName } from "./provisioning-file.js";

const one = (yaml: string, env: Record<string, string> = {}) => parseProvisioningFile(`apiVersion: 1\ndatasources:\n${yaml}`, env).dataSources[0];

test("all keys of a data source are read", () => {
  const yaml = `
- name: Prom
  uid: prom1
  type: prometheus
  orgId: 3
  url: http://localhost:9090
  user: u
  database: d
  basicAuth: true
  basicAuthUser: b
  isDefault: true
  editable: true
  jsonData: { httpMethod: POST, nested: { a: [1, "$X"] } }
  secureJsonData: { basicAuthPassword: "$PASS" }`;
  expect(one(yaml, { PASS: "p$X", X: "x" })).toEqual({
    namespace: "org-3",
    uid: "prom1",
    pluginId: "prometheus",
    spec: {
      title: "Prom",
      access: "proxy",
      url: "http://localhost:9090",
      user: "u",
      database: "d",
      basicAuth: true,
      basicAuthUser: "b",
      isDefault: true,
      jsonData: { httpMethod: "POST", nested: { a: [1, "x"] } },
    },
    secure: { basicAuthPassword: "p$X" },
  });
});

test("without a uid it is made of the name, and what is not editable is read-only", () => {
  expect(uidOfName("Prometheus")).toMatch(/^P[0-9A-F]{16}$/);
  expect(one("- {name: A, type: t}")).toMatchObject({ uid: uidOfName("A"), namespace: "default", spec: { readOnly: true } });
});

test.each([
  ["$HOST", "h"],
  ["${HOST}:1", "h:1"],
  ["${NONE:-d}", "d"],
  ["${HOST:-d}", "h"],
  ["$__env{HOST}", "h"],
  ["a$$b", "a$b"],
  ["$NONE", undefined],
])("url %s", (url, expected) => {
  const { spec } = one(`- {name: A, type: t, url: "${url}"}`, { HOST: "h" }) ?? {};
  expect(spec?.["url"]).toBe(expected);
});

test("files of version 0 have snake_case keys", () => {
  const { dataSources, deletions } = parseProvisioningFile(
    "datasources: [{name: A, type: t, org_id: 2, basic_auth: true, json_data: {x: 1}}]\ndelete_datasources: [{name: B, org_id: 2}]",
    {},
  );
  expect(dataSources[0]).toMatchObject({ namespace: "org-2", spec: { basicAuth: true, jsonData: { x: 1 } } });
  expect(deletions).toEqual([{ name: "B", namespace: "org-2" }]);
});

test("an empty file holds nothing", () => {
  expect(parseProvisioningFile("", {})).toEqual({ dataSources: [], deletions: [], prune: false });
});

test.each([
  ["- 1", "expected a mapping"],
  ["apiVersion: 1\ndatasources: 3", "expected a list"],
  ["apiVersion: 1\ndatasources: [{type: t}]", "datasources[0].name"],
  ["apiVersion: 1\ndatasources: [{name: t}]", "datasources[0].type"],
  ["apiVersion: 1\ndatasources: [{name: a, type: t, uid: u}, {name: b, type: t, uid: u}]", 'uid "u"'],
  ["apiVersion: 1\ndatasources: [{name: a, type: t, url: '$__file{/not/there}'}]", "cannot be read"],
  ["a: [", "at line 1"],
])("a broken file says what is wrong: %j", (text, why) => {
  expect(() => parseProvisioningFile(text, {})).toThrow(ProvisioningError);
  expect(() => parseProvisioningFile(text, {})).toThrow(why);
});
