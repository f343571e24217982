import { expect, test } from "vitest";
import { parseProvisioningFile, uidOfName } from "./data-source-file.js";
import { ProvisioningError } from "./provisioning-error.js";

const one = (yaml: string, env: Record<string, string> = {}) => parseProvisioningFile(`apiVersion: 1\ndatasources:\n${yaml}`, env).entries[0];

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
    name: "prom1",
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
  expect(one("- {name: A, type: t}")).toMatchObject({ name: uidOfName("A"), namespace: "default", spec: { readOnly: true } });
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
  const { entries, deletions } = parseProvisioningFile(
    "datasources: [{name: A, type: t, org_id: 2, basic_auth: true, json_data: {x: 1}}]\ndelete_datasources: [{name: B, org_id: 2}]",
    {},
  );
  expect(entries[0]).toMatchObject({ namespace: "org-2", spec: { basicAuth: true, jsonData: { x: 1 } } });
  expect(deletions).toEqual([{ name: "B", namespace: "org-2" }]);
});

test("YAML's own ways of writing are taken: merged anchors, a byte order mark, numbers where texts are meant", () => {
  const text = `\uFEFFapiVersion: 1
base: &base { type: prometheus, access: direct, jsonData: { a: 1 } }
datasources:
- { <<: *base, name: A, uid: 12 }
- { <<: *base, name: B, url: "$URL", isDefault: "$YES", secureJsonData: { pin: 1234, none: null } }`;
  const { entries } = parseProvisioningFile(text, { YES: "true" });
  expect(entries).toMatchObject([
    { name: "12", pluginId: "prometheus", spec: { access: "direct", jsonData: { a: 1 } } },
    { name: uidOfName("B"), spec: { isDefault: true }, secure: { pin: "1234" } },
  ]);
  expect(entries[1]?.spec).not.toHaveProperty("url");
});

test("a bomb of aliases is refused before it goes off", () => {
  const lines = Array.from({ length: 9 }, (_, level) => `l${level + 1}: &l${level + 1} [${Array(9).fill(`*l${level}`).join(",")}]`);
  expect(() => parseProvisioningFile(`l0: &l0 [x]\n${lines.join("\n")}`, {})).toThrow("alias");
});

test.each([
  ["", true],
  ["# only words", true],
  ["apiVersion: 1\nprune: true\ndatasources:", true],
  ["apiVersion: 1\ndatasources: []", false],
  ["apiVersion: 1\ndeleteDatasources: []", false],
  ["delete_datasources: []", false],
])("a file that holds nothing is blank when no list is in it: %j", (text, isBlank) => {
  expect(parseProvisioningFile(text, {})).toMatchObject({ entries: [], deletions: [], isBlank });
});

test.each([
  ["- 1", "expected a mapping"],
  ["apiVersion: 1\ndatasources: 3", "expected a list"],
  ["apiVersion: 1\ndatasources: [{type: t}]", "datasources[0].name"],
  ["apiVersion: 1\ndatasources: [{name: t}]", "datasources[0].type"],
  ["apiVersion: 2\ndatasources: []", "apiVersion: expected 1"],
  ["apiVersion: 1\ndatasources: [{name: a, type: t, orgId: abc}]", "datasources[0].orgId"],
  ["apiVersion: 1\ndatasources: [{name: a, type: t, isDefault: maybe}]", "datasources[0].isDefault"],
  ["apiVersion: 1\ndatasources: [{name: a, type: t, jsonData: text}]", "datasources[0].jsonData"],
  ["apiVersion: 1\ndatasources: [{name: a, type: t, url: {a: 1}}]", "datasources[0].url"],
  ["datasources: [{name: a, type: t, json_data: text}]", "datasources[0].json_data"],
  ["a: &a [*a]", "ircular"],
  ["a: 1\na: 2", "unique"],
  ["a: 1\n---\nb: 1", "multiple documents"],
  ["apiVersion: 1\ndatasources: [{name: a, type: t, url: '$__file{/not/there}'}]", "cannot be read"],
  ["a: [", "at line 1"],
])("a broken file says what is wrong: %j", (text, why) => {
  expect(() => parseProvisioningFile(text, {})).toThrow(ProvisioningError);
  expect(() => parseProvisioningFile(text, {})).toThrow(why);
});
